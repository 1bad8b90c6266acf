"""Learning to write: every token of the reference, given those before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from torch import Tensor
from torch.nn import functional

from robust_ray.core.examples import Example, stable_order
from robust_ray.core.machine import Machine
from robust_ray.core.victim import token_batches
from robust_ray.metrics import bleu
from robust_ray.models.reading.encoding import encode, rows_of
from robust_ray.models.reading.forward import collate
from robust_ray.models.students import Network
from robust_ray.models.training.criterion import Assessment, Prepared
from robust_ray.models.writing.generation import GREEDY, Generation
from robust_ray.models.writing.write import longest_work, write
from robust_ray.models.writing.writers import Writer

IGNORED = -100
"""A target that is none."""


class Targets(NamedTuple):
    """What is to be written."""

    tokens: list[list[int]]
    """Of each reference, with its end."""

    references: list[str]

    judged: list[int]
    """Positions of the examples that a summary is written for, to judge a network."""


@dataclass(frozen=True)
class Writing:
    """Cross-entropy of the reference's tokens; the best epoch is that of the highest BLEU.

    Source: the summarization pipeline of CodeXGLUE, whose best epoch is that of the highest mean BLEU of 1,000 random
        validation examples.
    Deviations: their summaries are written greedily here, not with beams.
    """

    judged: int = 1000
    """Validation examples that summaries are written for at most."""

    def prepare(self, network: Network, examples: Sequence[Example]) -> Prepared:
        """See :meth:`Criterion.prepare`; targets are :class:`Targets`, weights count their tokens."""
        encodings = encode(network, [example.segments for example in examples])
        references = [example.reference or "" for example in examples]
        tokens = reference_tokens(network, references)
        places = {example.uid: i for i, example in enumerate(examples)}
        judged = [places[example.uid] for example in stable_order(examples)[: self.judged]]
        return Prepared(
            rows=rows_of(encodings),
            lengths=[encoding.length + len(ids) for encoding, ids in zip(encodings, tokens, strict=True)],
            targets=Targets(tokens, references, judged),
            weights=[float(len(ids)) for ids in tokens],
        )

    def loss(self, network: Network, split: Prepared, positions: Sequence[int], device: str) -> Tensor:
        """See :meth:`Criterion.loss`: nats a token."""
        writer = cast(Writer, network.module)
        texts = [split.targets.tokens[i] for i in positions]
        longest = max(map(len, texts))
        written = [[*writer.start, *ids[:-1], *[writer.end] * (longest - len(ids))] for ids in texts]
        wanted = torch.tensor([[*ids, *[IGNORED] * (longest - len(ids))] for ids in texts], device=device)
        programs = collate(network, [split.rows[i] for i in positions], device)
        logits = writer(**programs, written=torch.tensor(written, device=device)).logits[:, -longest:]
        return functional.cross_entropy(logits.flatten(0, 1).float(), wanted.flatten(), ignore_index=IGNORED)

    def assess(self, network: Network, split: Prepared, machine: Machine, device: str) -> Assessment:
        """See :meth:`Criterion.assess`: mean BLEU of summaries written greedily, and nats a token."""
        loss = 0.0
        for batch in token_batches(split.lengths, machine.max_batch_tokens):
            loss += float(self.loss(network, split, batch, device)) * sum(split.weights[i] for i in batch)
        return Assessment(self._bleu(network, split, machine, device), loss / sum(split.weights))

    def _bleu(self, network: Network, split: Prepared, machine: Machine, device: str) -> float:
        assert network.generation is not None
        greedy = Generation(beams=GREEDY, max_new_tokens=network.generation.max_new_tokens)
        judged = split.targets.judged
        total = 0.0
        work = [longest_work(split.rows[i], greedy) for i in judged]
        for batch in token_batches(work, machine.max_batch_tokens, batch_invariant=network.batch_invariant):
            examples = [judged[i] for i in batch]
            texts = write(network, [split.rows[i] for i in examples], device, greedy)
            total += sum(bleu(split.targets.references[i], text) for i, text in zip(examples, texts, strict=True))
        return total / len(judged)


def reference_tokens(network: Network, references: Sequence[str]) -> list[list[int]]:
    """Tokens of each reference with its end, cut to the length that the network may write."""
    assert network.generation is not None
    limit = network.generation.max_new_tokens - 1
    encoded = network.tokenizer(list(references), add_special_tokens=False, return_attention_mask=False, verbose=False)
    return [[*ids[:limit], cast(Writer, network.module).end] for ids in encoded["input_ids"]]
