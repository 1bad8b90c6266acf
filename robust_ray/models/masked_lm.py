"""Any masked language model of transformers, from the hub or from a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from robust_ray.core.errors import ModelError
from robust_ray.core.language_model import LANGUAGE_MODELS, LanguageModel
from robust_ray.core.machine import Machine
from robust_ray.core.victim import Precision
from robust_ray.models import hub
from robust_ray.models.base import reason, wide_enough

if TYPE_CHECKING:
    from robust_ray.models.masked_transformer import MaskedTransformer


@LANGUAGE_MODELS.register("masked_lm")
@dataclass(frozen=True, kw_only=True)
class MaskedLM(LanguageModel):
    """A network pretrained to fill in masked tokens (CodeBERT's ``-mlm`` weights, RoBERTa, BERT …)."""

    paper: ClassVar[str] = "Feng et al., CodeBERT, Findings of EMNLP 2020, https://arxiv.org/abs/2002.08155"

    name: str = "microsoft/codebert-base-mlm"
    """Name on the Hugging Face hub, or a folder in the hub's layout (its files' content is then in the key)."""

    hub_revision: str | None = None
    """Branch, tag or commit on the hub; name a commit where a result must be repeatable for ever."""

    max_length: int = 512
    """Tokens of one input at most, the special ones included, or the network's own limit where that is smaller."""

    precision: Precision = "float32"
    """Number format of the forward pass; ``bfloat16`` is several times as fast on a GPU made for it, and less exact."""

    def __post_init__(self) -> None:
        wide_enough("max_length", self.max_length, usual=512)

    def revision(self) -> str | None:
        """Fingerprint of a local folder; None for a name on the hub.

        Raises:
            ModelError: the name is a path, and no folder lies there.
        """
        return hub.revision(self.name, "language model 'masked_lm'")

    def load(self, machine: Machine) -> MaskedTransformer:
        """The network on this machine's device."""
        import torch
        from transformers import AutoModelForMaskedLM, AutoTokenizer

        from robust_ray.models.masked_transformer import MaskedTransformer

        name, origin = hub.locate(self.name), hub.origin(self.name, self.hub_revision)
        try:
            tokenizer = AutoTokenizer.from_pretrained(name, **origin)
            with torch.random.fork_rng([]):
                module, loading = AutoModelForMaskedLM.from_pretrained(
                    name, dtype=torch.float32, output_loading_info=True, **origin
                )
        except Exception as error:  # whatever a stranger's folder makes the library raise
            raise self._refusal(reason(error)) from error
        if loading["missing_keys"]:
            raise self._refusal(f"no weights for {min(loading['missing_keys'])!r}")
        if tokenizer.mask_token_id is None:
            raise self._refusal("a tokenizer without a mask token")
        return MaskedTransformer(
            module=module.to(machine.device).eval(),
            tokenizer=tokenizer,
            max_length=min(self.max_length, hub.longest_input(module, tokenizer)),
            device=machine.device,
            threads=machine.threads,
            max_batch_tokens=machine.max_batch_tokens,
            precision=self.precision,
        )

    def _refusal(self, got: str) -> ModelError:
        return ModelError(
            f"language model 'masked_lm': {self.name!r} must be a masked language model on the hub or in a folder, "
            f"but got {got!r}; check the name, microsoft/codebert-base-mlm is one"
        )
