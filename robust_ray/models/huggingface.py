"""Any encoder, decoder or encoder-decoder of transformers, from the hub or from a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.examples import Example, Question
from robust_ray.core.victim import Precision
from robust_ray.models import hub, trust
from robust_ray.models.base import MODELS, CodeModel, reason, wide_enough
from robust_ray.models.writing import Generation

if TYPE_CHECKING:
    from robust_ray.models.students import Network


@MODELS.register("huggingface")
@dataclass(frozen=True, kw_only=True)
class HuggingFace(CodeModel):
    """A pretrained network of transformers with the head that a task needs.

    Classes are told apart by the sequence classifier of the network's family, for pairs by CodeXGLUE's clone head; see
    :mod:`robust_ray.models.networks.heads`. Summaries are written as :mod:`robust_ray.models.writing` says.
    """

    version: ClassVar[int] = 2

    paper: ClassVar[str] = "Wolf et al., Transformers, EMNLP 2020, https://aclanthology.org/2020.emnlp-demos.6"

    name: str
    """Name on the Hugging Face hub, or a folder in the hub's layout (its files' content is then in the key)."""

    hub_revision: str | None = None
    """Branch, tag or commit on the hub; name a commit where a result must be repeatable for ever."""

    trust_remote_code: bool = False
    """Whether to run Python code that comes with the weights; every machine that loads them must agree, by
    ``ROBUST_RAY_TRUST_REMOTE_CODE=1`` in its environment."""

    max_length: int | None = None
    """Tokens of a row at most, special ones included; None for as many as network and tokenizer were made for."""

    dtype: Precision = "float32"
    """Number format of the weights, in which they are also fine-tuned and stored; ``bfloat16`` only for large ones."""

    attention: Literal["eager", "sdpa", "flash_attention_2"] | None = None
    """Implementation of attention; None for what transformers takes for the best."""

    pairs: Literal["siamese", "joint"] = "siamese"
    """How two programs are read: each alone and then compared, or one after the other by a cross-encoder."""

    one_logit: bool = False
    """Whether two classes share one logit, read through a sigmoid, as in CodeXGLUE's defect detection."""

    generation: Generation = field(default_factory=Generation)
    """How summaries are written."""

    def __post_init__(self) -> None:
        if self.max_length is not None:
            wide_enough("max_length", self.max_length, usual=400)

    def revision(self) -> str | None:
        """Fingerprint of a local folder; None for a name on the hub.

        Raises:
            ModelError: the name is a path, and no folder lies there.
        """
        return hub.revision(self.name, f"model {self.type!r}")

    def require(self, question: Question) -> None:
        """Refuse to tell more than two classes apart by one logit.

        Raises:
            SweepError: that is asked.
        """
        if self.one_logit and len(question.label_names) != 2:
            got = "a text" if question.wants_text else f"{question.n_labels} classes"
            raise SweepError(
                f"model {self.type!r}: `one_logit` is for two classes, but the task asks for {got}; omit it"
            )

    def load(self, examples: Sequence[Example], question: Question, seed: int, workdir: Path) -> Network:
        """The pretrained network; what it lacks for the question is drawn from ``seed``.

        Raises:
            ModelError: it cannot be loaded, or wants code run that this machine does not trust.
        """
        hub.local(self.name, f"model {self.type!r}")
        trust.check(self.trust_remote_code, f"model {self.type!r}")
        try:
            network = self._load(question, seed)
        except ModelError:
            raise
        except Exception as error:  # whatever a stranger's folder makes the library raise
            raise ModelError(
                f"model {self.type!r}: {self.name!r} must be a model of transformers on the hub or in a folder, "
                f"but got {reason(error)!r}; check the name and the network"
            ) from error
        if self.attention is not None:
            network = replace(network, architecture={**network.architecture, "attention": self.attention})
        return replace(network, max_length=min(self.max_length or network.max_length, network.max_length))

    def tokenizer(self, origin: Mapping[str, Any], question: Question) -> Any:
        """The tokenizer beside the weights, able to pad.

        Raises:
            ModelError: it is not in the folder, or knows no token to pad with.
        """
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(hub.locate(self.name), **origin)
        except TypeError as error:  # transformers says of a missing file that it is None
            if hub.local(self.name, f"model {self.type!r}") is None:
                raise
            raise ModelError(
                f"model {self.type!r}: a tokenizer must lie in {self.name!r} beside the weights, but got "
                f"{reason(error)!r}; save it there, too"
            ) from error
        if tokenizer.pad_token_id is None:
            if tokenizer.eos_token_id is None:
                raise ModelError(
                    f"model {self.type!r}: the tokenizer of {self.name!r} must know a token that pads or ends a text, "
                    "but has neither; add a `pad_token` to its `tokenizer_config.json`"
                )
            tokenizer.pad_token = tokenizer.eos_token
        return tokenizer

    def _load(self, question: Question, seed: int) -> Network:
        import torch

        from robust_ray.models.networks.classifiers import classifier_of
        from robust_ray.models.writing.load import writer_of

        name, where = hub.locate(self.name), f"model {self.type!r}"
        source = {**hub.origin(self.name, self.hub_revision), "trust_remote_code": self.trust_remote_code}
        tokenizer = self.tokenizer(source, question)
        origin = {**source, "dtype": getattr(torch, self.dtype)}
        if self.attention is not None:
            origin["attn_implementation"] = self.attention
        if question.wants_text:
            return writer_of(name, tokenizer, self.generation, seed, where=where, origin=origin)
        return classifier_of(
            name,
            tokenizer,
            question.n_labels,
            seed,
            segments=question.segments if self.pairs == "siamese" else 1,
            one_logit=self.one_logit,
            where=where,
            origin=origin,
        )
