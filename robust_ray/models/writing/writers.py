"""Three ways to write a summary of a program, behind one interface.

A writer is a module whose ``forward`` scores a given text, for training, and whose ``read`` and ``write`` make one,
token by token. It is begun with ``start``, token ids that are given to it, and ended by the token ``end``.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutput, CausalLMOutput

from robust_ray.models.writing.decoder import DecoderLayer, KeysAndValues


class Memory(ABC):
    """What a writer knows while it writes: a row for each beginning of a text."""

    @abstractmethod
    def select(self, rows: Tensor) -> None:
        """Go on with these rows, in this order, some perhaps more than once."""


class Writer(nn.Module, ABC):
    """Reads programs and writes summaries."""

    def __init__(self, start: Sequence[int], end: int) -> None:
        super().__init__()
        self.start, self.end = tuple(start), end

    @abstractmethod
    def forward(self, input_ids: Tensor, attention_mask: Tensor, written: Tensor) -> CausalLMOutput:
        """Score texts.

        Args:
            input_ids: ``(batch, code length)`` programs.
            attention_mask: ``(batch, code length)``.
            written: ``(batch, length)``: the start and a text, padded behind with anything.

        Returns:
            ``logits``, ``(batch, length, vocabulary)``, of what follows each token written.
        """

    @abstractmethod
    def read(self, input_ids: Tensor, attention_mask: Tensor) -> Memory:
        """Read ``(rows, code length)`` programs."""

    @abstractmethod
    def write(self, memory: Memory, tokens: Tensor) -> Tensor:
        """Write ``(rows, n)`` tokens, the start first of all → ``(rows, vocabulary)`` logits of what follows."""


class EncoderWriter(Writer):
    """A pretrained encoder of BERT's family, and a new decoder that shares its embeddings.

    Source: the summarization pipeline of CodeXGLUE, Lu et al., 2021, https://arxiv.org/abs/2102.04664: six layers of
        ``torch.nn.TransformerDecoder`` in their default sizes, a dense layer and tanh, embeddings for output weights.
    Deviations: the layers are drawn one by one; there they begin as copies of each other.
    """

    def __init__(self, encoder: Any, layers: int, feedforward: int, start: Sequence[int], end: int) -> None:
        super().__init__(start, end)
        config = encoder.config
        sizes = (config.hidden_size, config.num_attention_heads, feedforward, config.hidden_dropout_prob)
        self.encoder = encoder
        self.decoder = nn.ModuleList(DecoderLayer(*sizes) for _ in range(layers))
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.to(encoder.dtype)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, written: Tensor) -> CausalLMOutput:
        """See :meth:`Writer.forward`."""
        return CausalLMOutput(logits=self._logits(self._decode(self.read(input_ids, attention_mask), written)))

    def read(self, input_ids: Tensor, attention_mask: Tensor) -> _Encoded:
        """See :meth:`Writer.read`."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return _Encoded([layer.read.remember(states) for layer in self._layers], attention_mask[:, None, None].bool())

    def write(self, memory: Memory, tokens: Tensor) -> Tensor:
        """See :meth:`Writer.write`."""
        assert isinstance(memory, _Encoded)
        return self._logits(self._decode(memory, tokens)[:, -1])

    @property
    def _layers(self) -> list[DecoderLayer]:
        return [layer for layer in self.decoder if isinstance(layer, DecoderLayer)]

    def _decode(self, memory: _Encoded, tokens: Tensor) -> Tensor:
        """``(rows, n)`` further tokens → ``(rows, n, hidden)``."""
        embeddings = self.encoder.embeddings
        filler = embeddings.position_embeddings.padding_idx
        first = memory.length + (0 if filler is None else filler + 1)
        positions = torch.arange(first, first + tokens.shape[1], device=tokens.device).expand_as(tokens)
        types = torch.zeros_like(tokens)
        states: Tensor = embeddings(input_ids=tokens, position_ids=positions, token_type_ids=types)
        for i, layer in enumerate(self._layers):
            states, memory.written[i] = layer(states, memory.written[i], memory.program[i], memory.mask)
        return states

    def _logits(self, states: Tensor) -> Tensor:
        weights = self.encoder.embeddings.word_embeddings.weight
        return nn.functional.linear(torch.tanh(self.dense(states)), weights)


class _Encoded(Memory):
    """Keys and values of a new decoder's layers."""

    def __init__(self, program: list[KeysAndValues], mask: Tensor) -> None:
        self.program, self.mask = program, mask
        self.written: list[KeysAndValues | None] = [None] * len(program)

    @property
    def length(self) -> int:
        """Tokens written."""
        first = self.written[0]
        return 0 if first is None else first[0].shape[2]

    def select(self, rows: Tensor) -> None:
        """See :meth:`Memory.select`."""
        self.mask = self.mask[rows]
        self.program = [(keys[rows], values[rows]) for keys, values in self.program]
        self.written = [None if seen is None else (seen[0][rows], seen[1][rows]) for seen in self.written]


class SequenceWriter(Writer):
    """An encoder-decoder of transformers, pretrained as a whole: PLBART, CodeT5."""

    def __init__(self, network: Any, start: Sequence[int], end: int) -> None:
        super().__init__(start, end)
        self.network = network

    def forward(self, input_ids: Tensor, attention_mask: Tensor, written: Tensor) -> CausalLMOutput:
        """See :meth:`Writer.forward`."""
        outputs = self.network(
            input_ids=input_ids, attention_mask=attention_mask, decoder_input_ids=written, use_cache=False
        )
        return CausalLMOutput(logits=outputs.logits)

    def read(self, input_ids: Tensor, attention_mask: Tensor) -> _Read:
        """See :meth:`Writer.read`."""
        states = self.network.get_encoder()(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return _Read(states, attention_mask)

    def write(self, memory: Memory, tokens: Tensor) -> Tensor:
        """See :meth:`Writer.write`."""
        assert isinstance(memory, _Read)
        outputs = self.network(
            encoder_outputs=BaseModelOutput(last_hidden_state=memory.states),
            attention_mask=memory.mask,
            decoder_input_ids=tokens,
            past_key_values=memory.cache,
            use_cache=True,
        )
        memory.cache = outputs.past_key_values
        logits: Tensor = outputs.logits[:, -1]
        return logits


class _Read(Memory):
    """States of an encoder, and the cache of its decoder."""

    def __init__(self, states: Tensor, mask: Tensor) -> None:
        self.states, self.mask = states, mask
        self.cache: Any = None

    def select(self, rows: Tensor) -> None:
        """See :meth:`Memory.select`."""
        self.states, self.mask = self.states[rows], self.mask[rows]
        self.cache.reorder_cache(rows)


class PrefixWriter(Writer):
    """A decoder of transformers that goes on where a program and a separator end: CodeGPT, Qwen.

    Source: the text generation of CodeXGLUE's CodeGPT: what is read, the token that begins a text, what is written.
    """

    def __init__(self, network: Any, start: Sequence[int], end: int) -> None:
        super().__init__(start, end)
        self.network = network

    def forward(self, input_ids: Tensor, attention_mask: Tensor, written: Tensor) -> CausalLMOutput:
        """See :meth:`Writer.forward`."""
        mask = _behind(attention_mask, written)
        outputs = self.network(
            input_ids=torch.cat([input_ids, written], dim=1),
            attention_mask=mask,
            position_ids=_positions(mask),
            use_cache=False,
            logits_to_keep=written.shape[1],
        )
        return CausalLMOutput(logits=outputs.logits)

    def read(self, input_ids: Tensor, attention_mask: Tensor) -> _Begun:
        """See :meth:`Writer.read`."""
        outputs = self.network(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=_positions(attention_mask),
            use_cache=True,
            logits_to_keep=1,
        )
        return _Begun(attention_mask, outputs.past_key_values)

    def write(self, memory: Memory, tokens: Tensor) -> Tensor:
        """See :meth:`Writer.write`."""
        assert isinstance(memory, _Begun)
        memory.mask = _behind(memory.mask, tokens)
        outputs = self.network(
            input_ids=tokens,
            attention_mask=memory.mask,
            position_ids=_positions(memory.mask)[:, -tokens.shape[1] :],
            past_key_values=memory.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        memory.cache = outputs.past_key_values
        logits: Tensor = outputs.logits[:, -1]
        return logits


class _Begun(Memory):
    """The cache of a decoder, and which places of it are padding."""

    def __init__(self, mask: Tensor, cache: Any) -> None:
        self.mask, self.cache = mask, cache

    def select(self, rows: Tensor) -> None:
        """See :meth:`Memory.select`."""
        self.mask = self.mask[rows]
        self.cache.reorder_cache(rows)


def can_continue(network: Any) -> bool:
    """Whether a decoder can be told where its tokens stand, so that a program may be padded behind."""
    return "position_ids" in inspect.signature(network.forward).parameters


def _behind(mask: Tensor, tokens: Tensor) -> Tensor:
    """``(rows, length)`` mask with ``(rows, n)`` tokens behind it."""
    return torch.cat([mask, torch.ones_like(tokens)], dim=1)


def _positions(mask: Tensor) -> Tensor:
    """Where each token stands, padding not counted."""
    return (mask.cumsum(1) - 1).clamp(min=0)
