"""A pretrained network that reads each segment alone, and the head that sees the vectors of all segments of an input.

The vector is the state of the first token where every token sees every other (an encoder), and of the last token where
each sees only those before it: of a decoder, or of the decoder of an encoder-decoder, which is given the segment too.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_MASKED_LM_MAPPING

from robust_ray.models.networks.base import SegmentReader

Pooling = Literal["first", "last"]
"""Which token's state is the vector of a segment."""


class VectorClassifier(SegmentReader):
    """The vectors of an input's segments, one behind the other → dense → tanh → out.

    Source: CodeXGLUE's clone detection, Lu et al., 2021, https://arxiv.org/abs/2102.04664 (encoder, first token); the
        same head on the state of a decoder's last token: CodeT5's clone detection, Wang et al., EMNLP 2021,
        https://aclanthology.org/2021.emnlp-main.685, and CodeGPT's and PLBART's in Du et al., FSE 2023. For one segment
        it is the head of PLBART's and T5's sequence classifiers in transformers.
    Deviations: the last token is that of the row, whatever it is; transformers looks for the last end of text, and
        refuses a batch in which one program spells that token out.
    """

    def __init__(self, body: Any, segments: int) -> None:
        body.pooler = None  # BERT's family has a layer of its own on the first token, pretrained for another purpose
        super().__init__(body, features=segments)
        self.pooling: Pooling = pooling_of(body.config)

    def summarize(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Each segment alone: ``(segments, length)`` → ``(segments, hidden)``."""
        states: Tensor = self.body(
            input_ids=input_ids, attention_mask=attention_mask, **self._given_to_decoder(input_ids)
        ).last_hidden_state
        if self.pooling == "first":
            return states[:, 0]
        last = (attention_mask.sum(1) - 1).clamp(min=0)
        return states[torch.arange(len(states), device=states.device), last]

    def _given_to_decoder(self, input_ids: Tensor) -> dict[str, Tensor]:
        """What the decoder of a T5 reads; that of a BART finds out by itself, and others have none."""
        shift = getattr(self.body, "_shift_right", None)
        return {} if shift is None else {"decoder_input_ids": shift(input_ids)}


def pooling_of(config: Any) -> Pooling:
    """Which token has seen the whole segment."""
    is_encoder = type(config) in MODEL_FOR_MASKED_LM_MAPPING or type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING
    return "first" if is_encoder and not config.is_encoder_decoder else "last"
