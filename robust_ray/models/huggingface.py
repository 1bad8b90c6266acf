"""Any sequence classifier of transformers, from the hub or from a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from robust_ray.core.errors import ModelError
from robust_ray.core.examples import Example, Question
from robust_ray.models import hub
from robust_ray.models.base import MODELS, CodeModel, reason

if TYPE_CHECKING:
    from robust_ray.models.students import Network


@MODELS.register("huggingface")
@dataclass(frozen=True, kw_only=True)
class HuggingFace(CodeModel):
    """A pretrained encoder (CodeBERT, GraphCodeBERT, CodeGPT …) with a classification head; pairs are read jointly."""

    paper: ClassVar[str] = "Wolf et al., Transformers, EMNLP 2020, https://aclanthology.org/2020.emnlp-demos.6"

    name: str
    """Name on the Hugging Face hub, or a folder in the hub's layout (its files' content is then in the key)."""

    hub_revision: str | None = None
    """Branch, tag or commit on the hub; name a commit where a result must be repeatable for ever."""

    trust_remote_code: bool = False
    """Whether to run Python code that comes with the weights."""

    def revision(self) -> str | None:
        """Fingerprint of a local folder; None for a name on the hub.

        Raises:
            ModelError: the name is a path, and no folder lies there.
        """
        return hub.revision(self.name, "model 'huggingface'")

    def load(self, examples: Sequence[Example], question: Question, seed: int, workdir: Path) -> Network:
        """The pretrained network with a head drawn from ``seed``."""
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        from robust_ray.models.architectures import describe_huggingface
        from robust_ray.models.students import Network

        name = hub.locate(self.name)
        origin = {"revision": self.hub_revision, "trust_remote_code": self.trust_remote_code}
        try:
            tokenizer = AutoTokenizer.from_pretrained(name, **origin)
            with torch.random.fork_rng([]):
                torch.manual_seed(seed)
                module = AutoModelForSequenceClassification.from_pretrained(
                    name, num_labels=question.n_labels, ignore_mismatched_sizes=True, dtype=torch.float32, **origin
                )
        except Exception as error:  # whatever a stranger's folder makes the library raise
            raise ModelError(
                f"model 'huggingface': {self.name!r} must be a sequence classifier on the hub or in a folder, "
                f"but got {reason(error)!r}; check the name and the network"
            ) from error
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        module.config.pad_token_id = tokenizer.pad_token_id
        return Network(
            module=module.eval(),
            tokenizer=tokenizer,
            n_labels=question.n_labels,
            max_length=hub.longest_input(module, tokenizer),
            pair_encoding="joint",
            architecture=describe_huggingface(module.config, trust_remote_code=self.trust_remote_code),
        )
