"""A pretrained network that reads each segment alone, and the head that sees the vectors of all segments of an input.

The vector is the state of the first token where every token sees every other (an encoder), and of the last token where
each sees only those before it: of a decoder, or of the decoder of an encoder-decoder, which is given the segment too.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_MASKED_LM_MAPPING
from transformers.modeling_outputs import SequenceClassifierOutput

Pooling = Literal["first", "last"]
"""Which token's state is the vector of a segment."""


class VectorClassifier(nn.Module):
    """The vectors of an input's segments, one behind the other → dense → tanh → out.

    Source: CodeXGLUE's clone detection, Lu et al., 2021, https://arxiv.org/abs/2102.04664 (encoder, first token); the
        same head on the state of a decoder's last token: CodeT5's clone detection, Wang et al., EMNLP 2021,
        https://aclanthology.org/2021.emnlp-main.685, and CodeGPT's and PLBART's in Du et al., FSE 2023. For one segment
        it is the head of PLBART's and T5's sequence classifiers in transformers.
    Deviations: the last token is that of the row, whatever it is; transformers looks for the last end of text, and
        refuses a batch in which one program spells that token out.
    """

    def __init__(self, body: Any, segments: int) -> None:
        super().__init__()
        body.pooler = None  # BERT's family has a layer of its own on the first token, pretrained for another purpose
        config = body.config
        self.body = body
        self.pooling: Pooling = pooling_of(config)
        self.dense = nn.Linear(config.hidden_size * segments, config.hidden_size, dtype=body.dtype)
        self.dropout = nn.Dropout(_dropout_of(config))
        self.out = nn.Linear(config.hidden_size, config.num_labels, dtype=body.dtype)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> SequenceClassifierOutput:
        """``(batch, segments, length)`` ids and mask, or ``(batch, length)`` for one segment."""
        vectors = self.summarize(input_ids.flatten(0, -2), attention_mask.flatten(0, -2))
        return SequenceClassifierOutput(logits=self.classify(vectors.view(len(input_ids), -1, vectors.shape[-1])))

    def summarize(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Each segment alone: ``(segments, length)`` → ``(segments, hidden)``."""
        states: Tensor = self.body(
            input_ids=input_ids, attention_mask=attention_mask, **self._given_to_decoder(input_ids)
        ).last_hidden_state
        if self.pooling == "first":
            return states[:, 0]
        last = (attention_mask.sum(1) - 1).clamp(min=0)
        return states[torch.arange(len(states), device=states.device), last]

    def classify(self, vectors: Tensor) -> Tensor:
        """The segments of an input together: ``(batch, segments, hidden)`` → ``(batch, n_labels)`` logits."""
        hidden = torch.tanh(self.dense(self.dropout(vectors.flatten(1))))
        logits: Tensor = self.out(self.dropout(hidden))
        return logits

    def _given_to_decoder(self, input_ids: Tensor) -> dict[str, Tensor]:
        """What the decoder of a T5 reads; that of a BART finds out by itself, and others have none."""
        shift = getattr(self.body, "_shift_right", None)
        return {} if shift is None else {"decoder_input_ids": shift(input_ids)}


def pooling_of(config: Any) -> Pooling:
    """Which token has seen the whole segment."""
    is_encoder = type(config) in MODEL_FOR_MASKED_LM_MAPPING or type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING
    return "first" if is_encoder and not config.is_encoder_decoder else "last"


def _dropout_of(config: Any) -> float:
    """The probability a configuration gives for the states, under whichever name its family uses; 0 for none."""
    names = ("hidden_dropout_prob", "resid_pdrop", "dropout_rate", "dropout")
    return next((float(getattr(config, name)) for name in names if hasattr(config, name)), 0.0)
