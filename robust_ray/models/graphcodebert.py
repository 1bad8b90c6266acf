"""GraphCodeBERT, which reads the data flow of a program beside its code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.examples import Example, Question
from robust_ray.models import hub
from robust_ray.models.base import MODELS, CodeModel, Training, reason, wide_enough
from robust_ray.models.checks.tokenizer_facts import TokenizerFacts
from robust_ray.models.presets import CODEBERT_FACTS
from robust_ray.models.recipes import published

if TYPE_CHECKING:
    from robust_ray.models.students import Network

SPECIALS = ("cls_token", "sep_token", "pad_token")
"""Special tokens a tokenizer must have."""


@MODELS.register("graphcodebert")
@dataclass(frozen=True, kw_only=True)
class GraphCodeBERT(CodeModel):
    """A RoBERTa that was pretrained on code with its data flow; each segment is read alone.

    The head is that of the published clone detection: the first states of all segments, dense, tanh, out. Where the
    data flow of a program cannot be told, its code is read alone and the row says ``no data flow``.

    Deviations: see :mod:`robust_ray.source.dataflow` and :mod:`robust_ray.models.data_flow.reader`.
    """

    facts: ClassVar[TokenizerFacts] = CODEBERT_FACTS
    """Of the published tokenizer, which is CodeBERT's."""

    paper: ClassVar[str] = "Guo et al., GraphCodeBERT, ICLR 2021, https://arxiv.org/abs/2009.08366"

    name: str = "microsoft/graphcodebert-base"
    """Name on the Hugging Face hub, or a folder in the hub's layout (its files' content is then in the key)."""

    hub_revision: str | None = "2b0488a7bb0eefc7041f1bb2cad1ab26b0da269d"
    """Branch, tag or commit on the hub; give it anew with another ``name``."""

    code_length: int = 512
    """Code tokens of a segment, the special ones included; those that a short flow leaves free come on top."""

    data_flow_length: int = 128
    """Places of a segment that are kept for nodes of its data flow."""

    def __post_init__(self) -> None:
        wide_enough("code_length", self.code_length, usual=512)
        if self.data_flow_length < 0:
            raise SweepError(f"`data_flow_length >= 0` must hold, but got {self.data_flow_length}; 128 is published")

    def revision(self) -> str | None:
        """Fingerprint of a local folder; None for a name on the hub.

        Raises:
            ModelError: the name is a path, and no folder lies there.
        """
        return hub.revision(self.name, "model 'graphcodebert'")

    def require(self, question: Question) -> None:
        """Refuse to write: the network is an encoder."""
        if question.wants_text:
            raise SweepError(
                "model 'graphcodebert': the task must have classes, but asks for a text; "
                "give it another model, `plbart` and `codet5` write"
            )

    def recommended(self, question: Question) -> Training:
        """As published.

        Source: for pairs, the README of GraphCodeBERT's clone detection, https://github.com/microsoft/CodeBERT; for two
            classes and for many, those of defect detection and authorship attribution with GraphCodeBERT in ALERT,
            https://github.com/soarsmu/attack-pretrain-models-of-code.
        """
        length = self.code_length + self.data_flow_length
        if question.segments > 1:
            return published(1, 16, 2e-5, length, warmup=0.2)
        return published(5, 32, 2e-5, length) if question.n_labels == 2 else published(30, 16, 2e-5, length, warmup=0.2)

    def load(self, examples: Sequence[Example], question: Question, seed: int, workdir: Path) -> Network:
        """The pretrained network with a head drawn from ``seed``."""
        from robust_ray.models.data_flow.rows import DataFlowWindow
        from robust_ray.models.networks.architectures import build_module
        from robust_ray.models.networks.configurations import describe
        from robust_ray.models.students import Network

        tokenizer, encoder = self._pretrained(question.n_labels)
        architecture = {"type": "graphcodebert", **describe(encoder.config), "segments": question.segments}
        module = build_module(architecture, seed)
        module.get_submodule("body").load_state_dict(encoder.state_dict())
        positions = hub.longest_input(encoder, tokenizer)
        nodes = self.data_flow_length
        return Network(
            module=module.eval(),
            tokenizer=tokenizer,
            n_labels=question.n_labels,
            max_length=min(self.code_length, positions) + nodes,
            pair_encoding="siamese",
            architecture=architecture,
            data_flow=DataFlowWindow(language=question.language, code=positions, nodes=nodes),
        )

    def _pretrained(self, n_labels: int) -> tuple[Any, Any]:
        """Tokenizer and encoder.

        Raises:
            ModelError: they cannot be loaded, or do not belong together.
        """
        import torch
        from transformers import AutoConfig, AutoTokenizer, RobertaModel

        name, origin = hub.locate(self.name), hub.origin(self.name, self.hub_revision)
        try:
            tokenizer = AutoTokenizer.from_pretrained(name, **origin)
            config = AutoConfig.from_pretrained(name, num_labels=n_labels, **origin)
            if config.model_type != "roberta":
                raise self._refusal(f"a network of type {config.model_type!r}")
            self._require_own(tokenizer, config)
            encoder, loading = RobertaModel.from_pretrained(
                name,
                **origin,
                config=config,
                add_pooling_layer=False,
                dtype=torch.float32,
                output_loading_info=True,
            )
        except ModelError:
            raise
        except Exception as error:  # whatever a stranger's folder makes the library raise
            raise self._refusal(reason(error)) from error
        if loading["missing_keys"]:
            raise self._refusal(f"no weights for {min(loading['missing_keys'])!r}")
        return tokenizer, encoder

    def _require_own(self, tokenizer: Any, config: Any) -> None:
        """Refuse a tokenizer that is not the network's."""
        self.facts.check(tokenizer, "model 'graphcodebert'", is_published=self.name == type(self).name)
        lacks_special = any(getattr(tokenizer, special) is None for special in SPECIALS)
        if lacks_special or len(tokenizer) > config.vocab_size or tokenizer.pad_token_id != config.pad_token_id:
            raise self._refusal(
                f"a tokenizer of {len(tokenizer)} tokens that is not the network's own of {config.vocab_size}"
            )

    def _refusal(self, got: str) -> ModelError:
        return ModelError(
            f"model 'graphcodebert': {self.name!r} must be a RoBERTa with its tokenizer on the hub or in a folder, "
            f"but got {got!r}; check the name and the network, microsoft/graphcodebert-base is one"
        )
