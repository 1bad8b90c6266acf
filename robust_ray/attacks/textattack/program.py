"""A program as TextAttack sees it: a text whose words are the names that may be changed."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from robust_ray.attacks.base import Candidate, Space
from robust_ray.attacks.textattack.library import textattack
from robust_ray.source.renaming import splice

UNKNOWN = "[UNK]"
"""What a search writes in place of a word to see how much it matters."""

BLANKS = (UNKNOWN, "")
"""Words that are no names: no program has them, but a question to the victim may."""


class ProgramText(textattack.shared.AttackedText):
    """A program's names, one word each, in order of first appearance.

    TextAttack would split code into the wrong words (it keeps ``a-b`` together and strips underscores). Here a word is
    a name, a swap renames all its occurrences at once, and the number of words never changes. The victim reads the
    program (``tokenizer_input``), the searches and constraints of TextAttack read the names (``text``).
    """

    def __init__(
        self,
        space: Space,
        words: Iterable[str] | None = None,
        context: tuple[str, ...] = (),
        attack_attrs: dict[str, Any] | None = None,
    ) -> None:
        self.space = space
        self.context = context
        self.targets = space.transformation.targets(space.source)
        self._names = list(self.targets if words is None else words)
        super().__init__(" ".join(self._names), attack_attrs)

    @property
    def words(self) -> list[str]:
        """The names, changed or not."""
        return self._names

    @property
    def words_per_input(self) -> list[list[str]]:
        """The names: only the first segment of an input is changed."""
        return [self._names]

    @property
    def tokenizer_input(self) -> str | tuple[str, ...]:
        """The program with these names, and the other segments if there are any."""
        program = (self.candidate or self._broken()).text
        return (program, *self.context) if self.context else program

    @property
    def renames(self) -> dict[str, str]:
        """Original name → new name, of those that differ."""
        return {old: new for old, new in zip(self.targets, self._names, strict=True) if old != new}

    @functools.cached_property
    def candidate(self) -> Candidate | None:
        """The program with these names; a probe where some are blank; None where it would be another program."""
        if not any(word in BLANKS for word in self._names):
            return self.space.apply(self.renames)
        return self._broken()

    def _broken(self) -> Candidate:
        """The text with these names, whatever they are: never an adversarial example."""
        return Candidate(blanked(self.space, self.renames), is_probe=True)

    def generate_new_attacked_text(self, new_words: Iterable[str]) -> ProgramText:
        """The same program with other names, which remembers what has changed."""
        words = list(new_words)
        changed = {i for i, (old, new) in enumerate(zip(self._names, words, strict=True)) if old != new}
        attributes = {
            "newly_modified_indices": changed,
            "modified_indices": self.attack_attrs["modified_indices"] | changed,
            "original_index_map": self.attack_attrs["original_index_map"],
            "previous_attacked_text": self,
        }
        if "label_names" in self.attack_attrs:
            attributes["label_names"] = self.attack_attrs["label_names"]
        return ProgramText(self.space, words, self.context, attributes)

    def like(self, text: Any) -> ProgramText | None:
        """``text`` as this program with other names; None where it does not have as many."""
        if isinstance(text, ProgramText):
            return text
        words = text.text.split(" ")
        return self.generate_new_attacked_text(words) if len(words) == len(self._names) else None

    def printable_text(self, key_color: Any = "bold", key_color_method: Any = None) -> str:
        """The program, for people."""
        return (self.candidate or self._broken()).text


def blanked(space: Space, renames: Mapping[str, str]) -> str:
    """The program with every occurrence of these names replaced, by the victim's mask where the new one is unknown."""
    texts = {old: space.mask if new == UNKNOWN else new for old, new in renames.items()}
    edits = [(start, end, new.encode()) for old, new in texts.items() for start, end in space.source.spans[old]]
    return splice(space.source.data, sorted(edits))
