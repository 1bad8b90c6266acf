"""What can be wrong with a network though it loads: found in a second, before days of GPUs are spent on it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor

from robust_ray.core.errors import ModelError
from robust_ray.models.reading.encoding import Rows, encode, rows_of
from robust_ray.models.reading.forward import collate, forward
from robust_ray.models.reading.segments import summarize
from robust_ray.models.students import Network
from robust_ray.models.writing.writers import Writer

PROBE = "int f(char *a)\n{\n\tif (a[0] == 'x')  return 0x1F;\n    return \"\u00e9\u4e2d\" + 1e-9;  // don't\n}\n"
"""Blanks, line breaks, signs, numbers, letters of other alphabets: what tokenizers differ in."""

COMPANY = ("x", PROBE, "return a [ 0 ] ;\n" * 8)
"""Rows of very different lengths."""

WRITTEN = 8
"""Tokens of a summary that is scored, at most."""

TOGETHER = 2**20
"""More tokens than all of them have."""

UNKNOWN = 0.5
"""Share of the tokens that may be unknown: a small vocabulary of words knows few names."""

GARBLED = 0.1
"""Share of texts without unknown tokens that may not come back out of a tokenizer."""


def golden_ids(tokenizer: Any) -> list[int]:
    """Token ids of :data:`PROBE`, special ones included: the same ones for as long as the tokenizer is the same."""
    return [int(token) for token in tokenizer(PROBE)["input_ids"]]


def is_steady(network: Network) -> bool:
    """Whether a row alone is answered as it is among longer and shorter ones, up to the rounding of its weights.

    Where inputs of layers are rounded, nothing but float64 may differ: the last bit of a coarser number, if it does in
    these rows, moves another number by a whole step in others.
    """
    was_training = network.module.training
    network.module.eval()
    rows = rows_of(encode(network, [(text,) for text in COMPANY]))
    with torch.inference_mode():
        together = _outputs(network, rows)
        alone = torch.cat([_outputs(network, [row]) for row in rows])
    network.module.train(was_training)
    tolerance = float(together.abs().max()) * _rounding(network) ** 0.5
    return bool(torch.allclose(alone, together, rtol=0.0, atol=tolerance))


def require_reading(tokenizer: Any, texts: Sequence[str], where: str) -> None:
    """Refuse a tokenizer that cannot read these texts.

    Args:
        tokenizer: Of the network that is judged.
        texts: Code of the task.
        where: Which network is judged, for the refusal.

    Raises:
        ModelError: many of their tokens are unknown, or the known ones do not decode to what they were made of.
    """
    rows = tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
    unknown = [row.count(tokenizer.unk_token_id) for row in rows]
    share = sum(unknown) / max(1, sum(map(len, rows)))
    if share > UNKNOWN:
        raise ModelError(
            f"{where}: the tokenizer must know the task's code, but {share:.0%} of its tokens are unknown to it; "
            "give the network its own tokenizer"
        )
    known = [(text, row) for text, row, count in zip(texts, rows, unknown, strict=True) if not count]
    garbled = [text for text, row in known if _folded(tokenizer.decode(row)) != _folded(text)]
    if len(garbled) > GARBLED * len(known):
        raise ModelError(
            f"{where}: the tokenizer must give back what it reads, but does not for {len(garbled)} of {len(known)} "
            "texts; give the network its own tokenizer"
        )


def _outputs(network: Network, rows: Sequence[Rows]) -> Tensor:
    """``(rows, …)``: vectors where each segment is read alone, a writer's logits of :data:`PROBE`, else logits."""
    device = str(next(iter(network.module.state_dict().values())).device)
    if network.pair_encoding == "siamese":
        return summarize(network, [row[0] for row in rows], TOGETHER, device).float()
    tensors = collate(network, rows, device)
    if network.generation is None:
        return forward(network.module, tensors)
    count = min(WRITTEN, network.generation.max_new_tokens) - 1
    written = [*cast(Writer, network.module).start, *golden_ids(network.tokenizer)[:count]]
    logits: Tensor = network.module(**tensors, written=torch.tensor([written] * len(rows), device=device)).logits
    return logits.float()


def _rounding(network: Network) -> float:
    """Of the coarsest number format among its weights, or of that in which rounded inputs are multiplied."""
    if any(getattr(part, "rounds_inputs", False) for part in network.module.modules()):
        return torch.finfo(torch.float64).eps
    tensors = network.module.state_dict().values()
    return max(torch.finfo(tensor.dtype).eps for tensor in tensors if tensor.is_floating_point())


def _folded(text: str) -> str:
    """A text without blanks, case and accents, which tokenizers may drop on purpose."""
    visible = "".join(text.split())
    return "".join(c for c in unicodedata.normalize("NFKD", visible).casefold() if not unicodedata.combining(c))
