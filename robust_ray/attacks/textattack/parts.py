r"""Our parts for TextAttack's own ``Attack`` and ``Attacker``.

A victim of this project becomes a model wrapper, programs are attacked by renaming every occurrence of a name, and only
a program that is still the same program counts::

    from robust_ray.attacks.textattack.library import textattack
    from robust_ray.attacks.textattack.parts import OfferedNames, UntargetedRenaming, ValidProgram, VictimWrapper

    goal = UntargetedRenaming(VictimWrapper(victim), language="python", names=["data", "result", "count"])
    search = textattack.search_methods.GreedyWordSwapWIR(wir_method="unk")
    attack = textattack.Attack(goal, [ValidProgram()], OfferedNames(), search)
    dataset = textattack.datasets.Dataset([("def f(a):\n    return a\n", 0)])
    results = textattack.Attacker(attack, dataset, textattack.AttackArgs(num_examples=1)).attack_dataset()
    print(results[0].perturbed_text())

Any search, and any transformation that swaps words (``WordSwapRandomCharacterDeletion``, say), can take the places of
those above. The goal function comes from here, for it is what makes a :class:`ProgramText` of the data set's text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from robust_ray.attacks.base import Space
from robust_ray.attacks.textattack.library import textattack
from robust_ray.attacks.textattack.program import ProgramText
from robust_ray.attacks.transformations import RenameIdentifiers
from robust_ray.core.arrays import FloatArray
from robust_ray.core.victim import Answers, Victim
from robust_ray.source import validity
from robust_ray.source.identifiers import SourceCode, analyse


class VictimWrapper(textattack.models.wrappers.ModelWrapper):
    """Any victim as a model of TextAttack."""

    def __init__(self, victim: Victim, max_batch_tokens: int = 16384) -> None:
        self.model = victim
        self.max_batch_tokens = max_batch_tokens

    def __call__(self, text_input_list: Sequence[str | tuple[str, ...]]) -> FloatArray:
        """``(n, n_labels)`` probabilities of programs, or of tuples of segments."""
        inputs = [(text,) if isinstance(text, str) else text for text in text_input_list]
        return Answers(self.model, self.max_batch_tokens).ask(inputs).probabilities


class OfferedNames(textattack.transformations.WordSwap):
    """A name becomes one of those that are offered for it, the best first."""

    def __init__(self, max_candidates: int | None = None) -> None:
        super().__init__()
        self.max_candidates = max_candidates

    def _get_transformations(self, current_text: ProgramText, indices_to_modify: set[int]) -> list[ProgramText]:
        return [
            current_text.replace_word_at_index(i, name)
            for i in sorted(indices_to_modify)
            for name in current_text.space.names.get(current_text.targets[i], ())[: self.max_candidates]
            if name != current_text.words[i]
        ]

    def extra_repr_keys(self) -> list[str]:
        """What is printed beside the name."""
        return ["max_candidates"]


class ValidProgram(textattack.constraints.Constraint):
    """No name is a keyword, taken, or given twice: the program does what it did."""

    def __init__(self) -> None:
        super().__init__(compare_against_original=True)

    def call_many(self, transformed_texts: Sequence[Any], reference_text: ProgramText) -> list[Any]:
        """Those that are still programs, whichever transformation made them."""
        return [text for text in transformed_texts if self._check_constraint(text, reference_text)]

    def _check_constraint(self, transformed_text: Any, reference_text: ProgramText) -> bool:
        program = reference_text.like(transformed_text)
        return program is not None and program.candidate is not None and not program.candidate.is_probe


class _Renaming(textattack.goal_functions.ClassificationGoalFunction):
    """What makes a goal function one about programs: to be mixed in before it."""

    def __init__(
        self,
        model_wrapper: Any,
        *,
        language: str,
        names: Sequence[str] = (),
        mask: str | None = None,
        **arguments: Any,
    ) -> None:
        """Make the goal.

        Args:
            model_wrapper: A :class:`VictimWrapper`, or any other.
            language: ``c``, ``java`` or ``python``.
            names: Offered for every name that may be changed, the best first.
            mask: The model's text for 'no information'; None for that of the wrapped victim.
            **arguments: For the goal function of TextAttack.
        """
        super().__init__(model_wrapper, **arguments)
        self.language = language
        self.names = names
        self.mask = model_wrapper.model.mask_token if mask is None else mask

    def offers(self, source: SourceCode) -> Mapping[str, Sequence[str]]:
        """Name that may be changed → names that may replace it."""
        transformation = RenameIdentifiers()
        names = tuple(name for name in self.names if transformation.allows(source, name))
        return dict.fromkeys(transformation.targets(source), names)

    def init_attack_example(self, attacked_text: Any, ground_truth_output: int) -> Any:
        """Take the text for what it is: the first segment is a program, the others are left alone."""
        text, *context = attacked_text._text_input.values()
        source = analyse(text, self.language)
        space = Space(source, RenameIdentifiers(), self.offers(source), (), self.mask, 0.0)
        program = ProgramText(space, context=tuple(context))
        return super().init_attack_example(program, ground_truth_output)

    def _call_model(self, attacked_text_list: Sequence[Any]) -> Any:
        start = self.initial_attacked_text
        return super()._call_model([start.like(text) or text for text in attacked_text_list])

    def _is_goal_complete(self, model_output: Any, attacked_text: Any) -> bool:
        """Whether the victim is fooled, by a program that passes the same check as ours."""
        fooled = super()._is_goal_complete(model_output, attacked_text)
        return bool(fooled) and self._is_valid(attacked_text)

    def _is_valid(self, attacked_text: Any) -> bool:
        program = self.initial_attacked_text.like(attacked_text)
        candidate = None if program is None else program.candidate
        if candidate is None or candidate.is_probe:
            return False
        return validity.check(program.space.source, candidate.text, candidate.renames).is_valid


class UntargetedRenaming(_Renaming, textattack.goal_functions.UntargetedClassification):
    """Any class but the true one, by renaming."""


class TargetedRenaming(_Renaming, textattack.goal_functions.TargetedClassification):
    """One chosen class (``target_class``), by renaming."""
