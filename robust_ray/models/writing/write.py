"""Programs in, summaries out: batched, with beams, every token computed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch

from robust_ray.models.reading.encoding import Rows, count
from robust_ray.models.reading.forward import Tensors, collate
from robust_ray.models.students import Network
from robust_ray.models.writing.beams import BeamSearch, Candidate
from robust_ray.models.writing.generation import Generation
from robust_ray.models.writing.writers import Writer


def write(network: Network, batch: Sequence[Rows], device: str, generation: Generation) -> list[str]:
    """The summary of each program; the whole sequence is one batch."""
    tokens = generate(cast(Writer, network.module), collate(network, batch, device), generation)
    special = set(network.tokenizer.all_special_ids)  # transformers 5 does not skip CodeT5's sentinels by itself
    texts: list[str] = network.tokenizer.batch_decode(
        [[token for token in written if token not in special] for written in tokens],
        skip_special_tokens=True,
        clean_up_tokenization_spaces=False,
    )
    return [text.strip() for text in texts]


def longest_work(program: Rows, generation: Generation) -> int:
    """Tokens to compute at most, to read a program and to write a summary with all its beams."""
    return count(program[0]) + generation.beams * generation.max_new_tokens


def generate(writer: Writer, programs: Tensors, generation: Generation) -> list[list[int]]:
    """Tokens of the best summary of each program, without its end.

    A program whose search is over is computed no further.
    """
    n, device = len(programs["input_ids"]), programs["input_ids"].device
    searches = [BeamSearch(generation, writer.end) for _ in range(n)]
    under_way = searches
    memory = writer.read(**programs)
    tokens = torch.tensor([writer.start] * n, device=device)
    totals = torch.zeros(n, 1, dtype=torch.float64, device=device)
    while under_way:
        gains = writer.write(memory, tokens).double().log_softmax(dim=1)
        vocabulary, width = gains.shape[1], totals.shape[1]
        sums = (totals.view(-1, 1) + gains).view(len(under_way), -1)
        values, places = sums.topk(min(2 * generation.beams, sums.shape[1]))
        rows: list[int] = []
        followed: list[list[Candidate]] = []
        for i, best in enumerate(zip(values.tolist(), places.tolist(), strict=True)):
            candidates = [Candidate(total, *divmod(place, vocabulary)) for total, place in zip(*best, strict=True)]
            chosen = under_way[i].advance(candidates)
            rows += [i * width + candidate.beam for candidate in chosen]
            followed.append(chosen)
        under_way = [search for search, chosen in zip(under_way, followed, strict=True) if chosen]
        kept = [chosen for chosen in followed if chosen]
        memory.select(torch.tensor(rows, dtype=torch.int64, device=device))
        tokens = torch.tensor([[candidate.token] for chosen in kept for candidate in chosen], device=device)
        scores = [[candidate.total for candidate in chosen] for chosen in kept]
        totals = torch.tensor(scores, dtype=torch.float64, device=device)
    return [search.best for search in searches]
