"""A network that somebody else has fine-tuned or distilled, from the files they keep it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from robust_ray.core.component import outside_key
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.examples import Example, Question
from robust_ray.core.identity import digest
from robust_ray.core.paths import user_path
from robust_ray.models import hub
from robust_ray.models.base import MODELS, CodeModel, wide_enough

if TYPE_CHECKING:
    from robust_ray.models.students import Network

WHERE = "model 'imported'"


@MODELS.register("imported")
@dataclass(frozen=True, kw_only=True)
class Imported(CodeModel):
    """A classifier that is already tuned: a folder of transformers, or a plain state dict and what its code knew.

    Compressor's 3 MB student of CodeBERT for defect detection is::

        type: imported
        path: CodeBERT/vulnerability_prediction/checkpoint/3/best/model.bin
        config:
          {vocab_size: 1000, hidden_size: 96, intermediate_size: 64, num_attention_heads: 8, num_hidden_layers: 12}
        key_prefix: encoder.
        labels: [vulnerable, safe]
        tokenizer: data/vulnerability_prediction/BPE_1000.json
        around: [<s>, </s>]
        preprocessing: one_line
        max_length: 400

    and for clone detection the same with ``head: clone`` and ``labels: [different, clone]``.
    """

    is_tuned: ClassVar[bool] = True

    path: str = outside_key()
    """A file with a state dict (``.safetensors``; or ``.bin``, ``.pt``, of which nothing but tensors is unpickled), or
    a folder as transformers saves it. Its content is in the key."""

    config: Mapping[str, object] = field(default_factory=dict)
    """Fields of the configuration that differ from ``config.json`` in the folder, or, where there is none, from
    CodeBERT's (of another ``model_type``: from the usual ones)."""

    head: Literal["sequence", "clone"] = "sequence"
    """``sequence``: the sequence classifier of the network's family, pairs read as one row; ``clone``: CodeXGLUE's,
    which reads each segment alone and is called ``classifier.dense`` and ``classifier.out_proj`` in the file."""

    key_prefix: str = ""
    """What the file has before the names that transformers gives the weights (of the encoder, where ``head`` is
    ``clone``)."""

    unused: tuple[str, ...] = ()
    """How the names of weights begin that are in the file and not in use."""

    labels: tuple[str, ...] | None = None
    """Names of the classes in the order of the outputs; of two classes only the one whose probability is the sigmoid of
    the first output; null for the names in ``config.json``, or else the order of the task."""

    tokenizer: str | None = outside_key(None)
    """A JSON file of Hugging Face tokenizers, a folder, or a name on the hub; null for the folder of the weights."""

    around: tuple[str, ...] | None = None
    """The special token put before a segment and the one behind it; ``[]`` for none; null for what the tokenizer does
    by itself."""

    preprocessing: Literal["as_is", "one_line"] = "as_is"
    """What is done to code first; ``one_line``: every run of white space becomes one blank."""

    max_length: int | None = None
    """Tokens of a row at most, special ones included; null for as many as the network has positions."""

    data_flow: int | None = None
    """Places of a row that are kept for nodes of the data flow, which GraphCodeBERT reads beside the code (Compressor:
    128 of a ``max_length`` of 512); null for a network that reads code alone."""

    def __post_init__(self) -> None:
        if self.around is not None and len(self.around) not in (0, 2):
            raise SweepError(f"`around` must be two tokens or none, but got {list(self.around)}; null leaves it open")
        if self.max_length is not None:
            wide_enough("max_length", self.max_length, usual=400)
        if self.data_flow is not None and (self.data_flow < 1 or self.preprocessing != "as_is"):
            raise SweepError(
                f"`data_flow >= 1` and code as it is must hold, but got {self.data_flow} and "
                f"{self.preprocessing!r}; leave `preprocessing` out"
            )

    def revision(self) -> str:
        """Fingerprint of the weights and of the tokenizer.

        Raises:
            ModelError: there is no such file or folder, or none for the tokenizer.
        """
        path = user_path(self.path)
        if not path.exists():
            raise ModelError(f"{WHERE}: weights must lie at {self.path!r}, but nothing does; correct `path`")
        tokenizer = user_path(self.tokenizer_name)
        is_here = tokenizer.exists()
        if not is_here and self.tokenizer_name.startswith(("/", "./", "../", "~")):
            raise ModelError(f"{WHERE}: a tokenizer must lie at {self.tokenizer_name!r}, but none does; correct it")
        return digest([hub.fingerprint(path), hub.fingerprint(tokenizer) if is_here else self.tokenizer_name])

    def require(self, question: Question) -> None:
        """Refuse a question that this network does not answer.

        Raises:
            SweepError: a text is wanted, ``labels`` are not the task's, or a head for pairs is given no pair.
        """
        names = question.label_names
        if question.wants_text:
            raise SweepError(f"{WHERE}: it tells classes apart, but this task asks for texts; use another model")
        if self.head == "clone" and question.segments != 2:
            raise SweepError(
                f"{WHERE}: head 'clone' reads two segments, but the task has {question.segments}; leave `head` out"
            )
        if self.head == "sequence" and self.data_flow is not None and question.segments != 1:
            raise SweepError(f"{WHERE}: two segments with their data flow are read by head 'clone'; give it")
        if self.labels is None:
            return
        is_sigmoid = len(self.labels) == 1 and len(names) == 2 and self.labels[0] in names
        if not is_sigmoid and sorted(self.labels) != sorted(names):
            raise SweepError(
                f"{WHERE}: `labels` must be the classes {list(names)} in the order of the outputs, or of two classes "
                f"the one that a sigmoid tells, but got {list(self.labels)}; correct it"
            )

    def load(self, examples: Sequence[Example], question: Question, seed: int, workdir: Path) -> Network:
        """The network, its outputs in the order of the task's classes."""
        from robust_ray.models.importing.load import network_of

        self.require(question)
        return network_of(self, question, WHERE)

    @property
    def tokenizer_name(self) -> str:
        """Where the tokenizer lies, or its name on the hub."""
        path = user_path(self.path)
        return self.tokenizer or str(path if path.is_dir() else path.parent)
