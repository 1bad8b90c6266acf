"""Our int8 layer is torch's, to the bit."""

from __future__ import annotations

import warnings

import pytest

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_int8_dynamic_equals_quantize_dynamic(per_channel: bool, bias: bool) -> None:
    import torch
    from torch import nn

    from robust_ray.models.alterations import int8_dynamic

    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(33, 64, bias=bias), nn.ReLU(), nn.Sequential(nn.Linear(64, 7, bias=bias)))
    with torch.no_grad():
        network.get_parameter("0.weight")[3] = 0.0
    inputs = torch.randn(5, 4, 33)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = torch.ao.quantization.per_channel_dynamic_qconfig
        spec = {nn.Linear: config} if per_channel else {nn.Linear}
        reference = torch.ao.quantization.quantize_dynamic(network, spec)
    ours = int8_dynamic(network, {"per_channel": per_channel})
    with torch.inference_mode():
        assert torch.equal(ours(inputs), reference(inputs))


def test_only_plain_linear_layers_change() -> None:
    import torch
    from torch import nn

    from robust_ray.models.alterations import Int8Linear, int8_dynamic

    altered = int8_dynamic(nn.Sequential(nn.Embedding(3, 4), nn.LayerNorm(4), nn.Linear(4, 2)), {"per_channel": True})
    assert [type(module) for module in altered.children()] == [nn.Embedding, nn.LayerNorm, Int8Linear]
    assert {name: tensor.dtype for name, tensor in altered.get_submodule("2").state_dict().items()} == {
        "weight": torch.int8,
        "scale": torch.float32,
        "bias": torch.float32,
    }


def test_the_transposed_layers_of_gpt2_are_linear_layers() -> None:
    import torch
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    from robust_ray.models.alterations import int8_dynamic

    torch.manual_seed(0)
    layer, twin = Conv1D(7, 33), nn.Linear(33, 7)
    twin.load_state_dict({"weight": layer.weight.T, "bias": layer.bias})
    ours, wanted = (int8_dynamic(nn.Sequential(each), {"per_channel": True}) for each in (layer, twin))
    inputs = torch.randn(5, 4, 33)
    with torch.inference_mode():
        assert torch.equal(ours(inputs), wanted(inputs))


def test_a_machine_without_the_kernels_is_told_what_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch import nn

    from robust_ray.core.errors import ModelError
    from robust_ray.models.alterations import int8, int8_dynamic

    monkeypatch.setattr(int8, "_engine", lambda: "none")
    with pytest.raises(ModelError, match=r"built without them; use 'int8_quantization', which runs everywhere"):
        int8_dynamic(nn.Sequential(nn.Linear(3, 2)), {"per_channel": True})
