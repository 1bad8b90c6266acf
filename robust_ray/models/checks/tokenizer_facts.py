"""What is known of a published model's tokenizer, and whether the one at hand is it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from robust_ray.core.errors import ModelError


@dataclass(frozen=True, kw_only=True)
class TokenizerFacts:
    """Stated by the authors, or seen in their files."""

    vocabulary: int | None = None
    """Tokens, those included that were added later; None where nobody says."""

    ids: Mapping[str, int] = field(default_factory=dict)
    """Special token → id."""

    probe: str = ""
    """A text whose ids are known."""

    probe_ids: tuple[int, ...] = ()
    """Its ids, special ones included."""

    def check(self, tokenizer: Any, where: str, *, is_published: bool) -> None:
        """Refuse a tokenizer that is not the published one.

        Args:
            tokenizer: Of transformers.
            where: Which component asks, for refusals.
            is_published: Whether it was asked for by the published name. One from a folder may belong to another model
                of the family, and does where its vocabulary has another size.

        Raises:
            ModelError: the vocabulary, a special token or the ids of the probe are others.
        """
        if not is_published and len(tokenizer) != self.vocabulary:
            return
        if self.vocabulary not in (None, len(tokenizer)):
            raise _refusal(where, f"have {self.vocabulary} tokens", len(tokenizer))
        for token, expected in self.ids.items():
            if (found := tokenizer.convert_tokens_to_ids(token)) != expected:
                raise _refusal(where, f"give {token!r} the id {expected}", found)
        if self.probe and (ids := tuple(tokenizer(self.probe)["input_ids"])) != self.probe_ids:
            raise _refusal(where, f"read {self.probe!r} as {list(self.probe_ids)}", list(ids))


def _refusal(where: str, wanted: str, got: object) -> ModelError:
    return ModelError(
        f"{where}: the tokenizer must {wanted}, but got {got}; fetch its files anew, or update transformers"
    )
