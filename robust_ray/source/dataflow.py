"""Where the value of each variable comes from: the graph that GraphCodeBERT reads beside the code.

Source: Guo et al., "GraphCodeBERT: Pre-training Code Representations with Data Flow", ICLR 2021,
    https://arxiv.org/abs/2009.08366, section 3; the rules for each construct are those of ``parser/DFG.py`` in
    https://github.com/microsoft/CodeBERT, folder GraphCodeBERT. So all that is named on the left of ``=`` gets the
    value, indices and objects too; ``+=`` and ``++`` do not read the old value; literals, types and functions are
    variables; a loop is gone through twice, and after it only what it leaves counts.
Deviations: variables are told apart by what they refer to, not by their spelling, so that a renamed program keeps its
    flow: a local ``count`` is not the member in ``this.count``. Loops without a declaration in their head, and those of
    ``do``, are gone through twice like the others. A variable whose value has no name (``true``) can be a source. Lists
    are paired only where both sides are lists. Names inside an f-string are variables. C, for which the authors have
    published nothing, follows the rules of Java.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from robust_ray.source._flow_program import NoFlowError, compile_flow
from robust_ray.source._flow_steps import Assign, FlowKind, Key, Loop, Read, Step
from robust_ray.source.identifiers import SourceCode, analyse

State = dict[Key, tuple[int, ...]]
"""Variable → the tokens its value may come from."""


class Flow(NamedTuple):
    """One node of the graph: the value of a variable at one place, and where it comes from.

    A variable that is assigned the value of an expression has a flow for each variable in it (Java, C; within loops
    they are one), or one flow with all of them (Python).
    """

    token: int
    """Which token the variable is."""

    kind: FlowKind
    """``comesFrom``: the same value; ``computedFrom``: made of others."""

    sources: tuple[int, ...]
    """Tokens the value comes from, in order of the text."""


@dataclass(frozen=True)
class DataFlow:
    """A program as tokens, and the flow between them."""

    tokens: tuple[str, ...]
    """Text of every token; comments and docstrings are left out."""

    flows: tuple[Flow, ...]
    """In order of the text; a place that neither has a source nor is one is left out."""

    places: Mapping[str, tuple[int, ...]] = field(compare=False)
    """Name that may be changed → the tokens that spell it."""

    def renamed(self, renames: Mapping[str, str]) -> DataFlow:
        """The data flow of the program that :func:`robust_ray.source.rename` makes: other words, the same flow."""
        tokens = list(self.tokens)
        for old, new in renames.items():
            for place in self.places[old]:
                tokens[place] = new
        places = {renames.get(name, name): at for name, at in self.places.items()}
        return replace(self, tokens=tuple(tokens), places=places)


def data_flow(text: str, language: str) -> DataFlow | None:
    """The data flow of a program; None where the text does not parse at all, or is nested too deeply.

    Raises:
        DataError: the language is not one of ``LANGUAGES``.
    """
    return flow_of(analyse(text, language))


def flow_of(source: SourceCode) -> DataFlow | None:
    """The data flow of an analysed program; None as for :func:`data_flow`."""
    try:
        program = compile_flow(source)
    except NoFlowError:
        return None
    flows: list[Flow] = []
    _run(program.steps, {}, flows)
    index = {start: token for token, (start, _) in enumerate(program.tokens)}
    linked = {token for flow in flows for token in flow.sources} | {flow.token for flow in flows if flow.sources}
    return DataFlow(
        tokens=tuple(source.between(start, end) for start, end in program.tokens),
        flows=tuple(sorted((flow for flow in flows if flow.token in linked), key=lambda flow: flow.token)),
        places={name: tuple(index[start] for start, _ in spans) for name, spans in source.spans.items()},
    )


def _run(steps: Sequence[Step], state: State, flows: list[Flow]) -> None:
    """Take some steps: what flows is added to ``flows``, and ``state`` becomes what holds after them."""
    for step in steps:
        if isinstance(step, Read):
            token, key, is_name = step.variable
            flows.append(Flow(token, "comesFrom", state.get(key, ())))
            if is_name:
                state.setdefault(key, (token,))
        elif isinstance(step, Assign):
            flows += _assigned(step)
            state.update((target.key, (target.token,)) for target in step.targets)
        elif isinstance(step, Loop):
            flows += _looped(step, state)
        else:
            ends = [state.copy() for _ in step.blocks]
            for block, end in zip(step.blocks, ends, strict=True):
                _run(block, end, flows)
            _become(state, [*ends, state.copy()] if step.may_skip else ends)


def _assigned(step: Assign) -> Iterable[Flow]:
    sources = [source.token for source in step.sources]
    for target in step.targets:
        if step.is_joined or not sources:
            yield Flow(target.token, step.kind, tuple(sources))
        else:
            yield from (Flow(target.token, step.kind, (source,)) for source in sources)


def _looped(step: Loop, state: State) -> list[Flow]:
    """What flows in a loop: its body is run a second time on what the first leaves, and each flow is listed once."""
    flows: list[Flow] = []
    _run(step.head, state, flows)
    before = state.copy()
    _run(step.body, state, flows)
    if state != before:
        _run(step.body, state, flows)
    merged: dict[tuple[int, FlowKind], set[int]] = {}
    for token, kind, sources in flows:
        merged.setdefault((token, kind), set()).update(sources)
    return [Flow(token, kind, tuple(sorted(sources))) for (token, kind), sources in merged.items()]


def _become(state: State, ends: Sequence[State]) -> None:
    """Make a state that of a place which is reached with any of ``ends``."""
    state.clear()
    for end in ends:
        for key, tokens in end.items():
            known = state.setdefault(key, tokens)
            if known != tokens:
                state[key] = tuple(sorted({*known, *tokens}))
