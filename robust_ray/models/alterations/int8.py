"""Linear layers on int8 weights, with activations quantized on the fly."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from robust_ray.core.errors import ModelError
from robust_ray.models.alterations.base import alteration
from robust_ray.models.alterations.linear_layers import as_linear
from robust_ray.models.alterations.slicing import is_linear


@alteration("int8_dynamic", batch_invariant=False, inference_only=True, cpu_only=True)
def int8_dynamic(module: nn.Module, description: Mapping[str, Any]) -> nn.Module:
    """Every linear layer with int8 weights, its input quantized on the fly; description: ``per_channel`` (bool).

    Source: the same numbers, to the bit, as ``torch.ao.quantization.quantize_dynamic`` (deprecated, hence not called).
    Deviation: it knows nothing of GPT-2's ``Conv1D``, a linear layer with its weights transposed, which is one here.

    Raises:
        ModelError: this machine's torch has no kernels for it.
    """
    if _engine() == "none":
        raise ModelError(
            "a network of 'dynamic_quantization' must find torch's quantized kernels, but this machine's torch "
            "was built without them; use 'int8_quantization', which runs everywhere"
        )
    for name, child in module.named_children():
        if is_linear(child):
            setattr(module, name, Int8Linear(as_linear(child), per_channel=description["per_channel"]))
        else:
            int8_dynamic(child, description)
    return module


def _engine() -> str:
    """Whose kernels torch uses for quantized layers; ``none`` where it has no others."""
    return str(torch.backends.quantized.engine)


class Int8Linear(nn.Module):
    """A linear layer on int8 weights, symmetric around zero, and float activations quantized per batch.

    The scale of the activations is one number for the whole batch: that is why an answer depends on its neighbours.
    """

    weight: Tensor
    """``(out, in)`` int8."""

    scale: Tensor
    """``(out,)`` float32, or ``()`` for one scale per tensor."""

    bias: Tensor | None
    """``(out,)`` float32."""

    def __init__(self, linear: nn.Linear, *, per_channel: bool) -> None:
        super().__init__()
        weight = linear.weight.detach().float()
        low, high = weight.aminmax(dim=1) if per_channel else weight.aminmax()
        largest = torch.maximum(-low.clamp(max=0.0), high.clamp(min=0.0))
        scale = (largest / 127.5).clamp(min=torch.finfo(torch.float32).eps)
        steps = weight * (1.0 / scale).view(-1, 1)  # as torch's own kernel does; weight / scale rounds otherwise
        self.register_buffer("weight", steps.round().clamp(-128, 127).to(torch.int8))
        self.register_buffer("scale", scale)
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach().float().clone())
        self.out_features, self.in_features = weight.shape
        self._dtype = linear.weight.dtype
        self._packed: Any = None

    def stored_numbers(self) -> list[Tensor]:
        """Weights and biases."""
        return [self.weight] if self.bias is None else [self.weight, self.bias]

    def forward(self, inputs: Tensor) -> Tensor:
        """``(..., in)`` → ``(..., out)``, in the number format of the weights it was made of."""
        if self._packed is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # torch announces the end of quantized tensor types
                self._packed = torch.ops.quantized.linear_prepack(self._quantized(), self.bias)
        outputs: Tensor = torch.ops.quantized.linear_dynamic(inputs.float(), self._packed, True)
        return outputs.to(self._dtype)

    def _quantized(self) -> Tensor:
        if self.scale.ndim == 0:
            return torch._make_per_tensor_quantized_tensor(self.weight, float(self.scale), 0)
        zero_points = torch.zeros(len(self.scale), dtype=torch.int64)
        return torch._make_per_channel_quantized_tensor(self.weight, self.scale.double(), zero_points, 0)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._packed = None

    def __getstate__(self) -> dict[str, Any]:
        """Copies pack their own weights; the packed form belongs to this process."""
        return self.__dict__ | {"_packed": None}
