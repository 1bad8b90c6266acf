"""Published code models by their own names: where they lie, how they read, how their authors fine-tune them.

Each is a ``huggingface`` model with its fields set. Where the hub's commit is known, it is pinned. A folder with a
copy, or with another model of the family, can be given as ``name``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.examples import Question
from robust_ray.models.base import MODELS, Training
from robust_ray.models.checks.tokenizer_facts import TokenizerFacts
from robust_ray.models.huggingface import HuggingFace
from robust_ray.models.recipes import CODEXGLUE, Recipes, published
from robust_ray.models.writing import Generation

PROBE = "def max(a,b): if a>b: return a else return b"

ROLES = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
"""Of special tokens in transformers."""

ROBERTA_IDS = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}

CODEBERT_FACTS = TokenizerFacts(
    vocabulary=50265,
    ids=ROBERTA_IDS | {"<mask>": 50264},
    probe=PROBE,
    probe_ids=(0, 9232, 19220, 1640, 102, 6, 428, 3256, 114, 10, 15698, 428, 35, 671, 10, 1493, 671, 741, 2),
)
"""Source: the README of https://github.com/microsoft/CodeBERT."""

PER_TOKEN = Generation(length_penalty=1.0)
"""Ten beams, judged by the mean log-probability of a token: what fairseq and transformers do if not told otherwise."""


@dataclass(frozen=True, kw_only=True)
class Preset(HuggingFace):
    """What presets share."""

    facts: ClassVar[TokenizerFacts]
    """Of the published tokenizer."""

    recipes: ClassVar[Recipes] = CODEXGLUE
    """Of the authors, or of those whose study the model is best known from."""

    def require(self, question: Question) -> None:
        """Refuse, beside what the network cannot do, another model of the hub at this one's commit.

        Raises:
            SweepError: that is asked.
        """
        super().require(question)
        own = type(self)
        pin = own.hub_revision
        if self.name != own.name and self.hub_revision == pin is not None and self.revision() is None:
            raise SweepError(
                f"model {self.type!r}: `hub_revision` must be a commit of {self.name!r}, but it is that of "
                f"{own.name!r}; give another, or null for the newest"
            )

    def recommended(self, question: Question) -> Training:
        """As published; see ``recipes``."""
        return self.recipes.of(question)

    def tokenizer(self, origin: Mapping[str, Any], question: Question) -> Any:
        """The published tokenizer; see :class:`TokenizerFacts` for what is refused."""
        tokenizer = super().tokenizer(origin, question)
        self.facts.check(tokenizer, f"model {self.type!r}", is_published=self.name == type(self).name)
        return tokenizer


@MODELS.register("codebert")
@dataclass(frozen=True, kw_only=True)
class CodeBERT(Preset):
    """A RoBERTa pretrained on functions and their documentation in six languages."""

    paper: ClassVar[str] = "Feng et al., CodeBERT, Findings of EMNLP 2020, https://arxiv.org/abs/2002.08155"
    facts: ClassVar[TokenizerFacts] = CODEBERT_FACTS

    name: str = "microsoft/codebert-base"
    """On the hub, or a folder with a copy or with another model of the family."""

    hub_revision: str | None = "3b0952feddeffad0063f274080e3c23d75e7eb39"
    """Commit of the published weights; another ``name`` on the hub needs another, or null for its newest."""


@MODELS.register("unixcoder")
@dataclass(frozen=True, kw_only=True)
class UniXcoder(Preset):
    """A RoBERTa pretrained on code, comments and syntax trees, here as an encoder: ``<s> <encoder-only> </s> … </s>``.

    Deviations: clones are told by CodeXGLUE's head, where the authors compare two mean vectors. Its summaries are those
    of CodeXGLUE's new decoder, where theirs are written by the network itself.
    """

    paper: ClassVar[str] = "Guo et al., UniXcoder, ACL 2022, https://arxiv.org/abs/2203.03850"
    facts: ClassVar[TokenizerFacts] = TokenizerFacts(ids=ROBERTA_IDS | {"<mask>": 4})
    recipes: ClassVar[Recipes] = Recipes(
        classes=CODEXGLUE.classes,
        pair=published(1, 16, 5e-5, 512),
        text=published(10, 48, 5e-5, 256),
    )
    """Source: the READMEs of UniXcoder in https://github.com/microsoft/CodeBERT; defects are CodeXGLUE's."""

    name: str = "microsoft/unixcoder-base"
    """On the hub, or a folder with a copy or with another model of the family."""

    hub_revision: str | None = "5604afdc964f6c53782a6813140ade5216b99006"
    """Commit of the published weights; another ``name`` on the hub needs another, or null for its newest."""

    def tokenizer(self, origin: Mapping[str, Any], question: Question) -> Any:
        """The published tokenizer, which then says that the network is an encoder."""
        tokenizer = super().tokenizer(origin, question)
        begin, end = (("<s>", tokenizer.cls_token_id), ("</s>", tokenizer.sep_token_id))
        mode = ("<encoder-only>", tokenizer.get_vocab().get("<encoder-only>"))
        return _around(tokenizer, [begin, mode, end], end, f"model {self.type!r}")


@MODELS.register("starencoder")
@dataclass(frozen=True, kw_only=True)
class StarEncoder(Preset):
    """A BERT pretrained on 86 programming languages; who has accepted its licence on the hub can fetch it.

    It reads ``<cls> … <sep>``, or ``<cls> … <sep> … <sep>`` for a pair that is read jointly.

    Deviations: the vector of a program is its first state, which BERT's pretraining trains, not its last.
    """

    paper: ClassVar[str] = "Li et al., StarCoder, TMLR 2023, https://arxiv.org/abs/2305.06161"
    facts: ClassVar[TokenizerFacts] = TokenizerFacts()

    name: str = "bigcode/starencoder"
    """On the hub, or a folder with a copy or with another model of the family."""

    def tokenizer(self, origin: Mapping[str, Any], question: Question) -> Any:
        """The published tokenizer with the special tokens its authors add, in their order, and put around a text."""
        tokenizer = super().tokenizer(origin, question)
        for kind in ("pad", "sep", "cls", "mask"):
            tokenizer.add_special_tokens({f"{kind}_token": f"<{kind}>"})
        begin, end = ((f"<{kind}>", tokenizer.convert_tokens_to_ids(f"<{kind}>")) for kind in ("cls", "sep"))
        return _around(tokenizer, [begin], end, f"model {self.type!r}")


@MODELS.register("codegpt")
@dataclass(frozen=True, kw_only=True)
class CodeGPT(Preset):
    """A GPT-2 pretrained further on Java; ``microsoft/CodeGPT-small-py-adaptedGPT2`` is its twin for Python.

    What is to be classified stands between ``<s>`` and ``</s>``, whose state is its vector.

    Source: clone detection in Du et al., FSE 2023, https://github.com/CGCL-codes/Attack_PTMC.
    Deviations: for defects they put ``<|endoftext|>`` on both sides, and pad with a word of code.
    """

    paper: ClassVar[str] = (
        "Lu et al., CodeXGLUE, NeurIPS Datasets and Benchmarks 2021, https://arxiv.org/abs/2102.04664"
    )
    facts: ClassVar[TokenizerFacts] = TokenizerFacts(
        ids={"<|endoftext|>": 50256, "<pad>": 50257, "</s>": 50258, "<s>": 50259}
    )

    name: str = "microsoft/CodeGPT-small-java-adaptedGPT2"
    """On the hub, or a folder with a copy or with another model of the family."""

    def tokenizer(self, origin: Mapping[str, Any], question: Question) -> Any:
        """The published tokenizer, which then says where something that is to be classified begins and ends."""
        tokenizer = super().tokenizer(origin, question)
        if question.wants_text:
            return tokenizer
        known = tokenizer.get_vocab()
        begin, end = ((token, known.get(token)) for token in ("<s>", "</s>"))
        return _around(tokenizer, [begin], end, f"model {self.type!r}")


@MODELS.register("plbart")
@dataclass(frozen=True, kw_only=True)
class PLBART(Preset):
    """A BART pretrained on Java, Python and English.

    Source: ``scripts`` of https://github.com/wasiahmad/PLBART. To be summarized, Java and Python end with the token of
    their language, as in pretraining; other languages have none, and nothing that is to be classified has.
    Deviations: no ``<s>`` stands before code that is classified, and clones are read one by one instead of in one row,
    as in Du et al., FSE 2023, whose classifier for defects looks at the first state instead of the last, and who name
    no languages. Python's line breaks and indents, which the authors spell ``NEW_LINE``, ``INDENT`` and ``DEDENT``, are
    blanks. Labels are not smoothed (theirs by 0.2, for summaries), and the rate falls to zero, where theirs hardly
    falls.
    """

    paper: ClassVar[str] = "Ahmad et al., PLBART, NAACL 2021, https://arxiv.org/abs/2103.06333"
    facts: ClassVar[TokenizerFacts] = TokenizerFacts(
        vocabulary=50005,
        ids=ROBERTA_IDS | {"__java__": 50001, "__python__": 50002, "__en_XX__": 50003, "<mask>": 50004},
        probe="This is a test",
        probe_ids=(670, 96, 14, 242, 2),
    )
    recipes: ClassVar[Recipes] = Recipes(
        classes=published(10, 16, 5e-5, 512, warmup=0.04),
        pair=CODEXGLUE.pair,
        text=published(15, 32, 5e-5, 256, warmup=0.01, patience=5),
    )
    """Source: the authors' scripts; the rate rises for 500 and 1,000 steps, here their share for Devign and for Java.
    Clones are CodeXGLUE's, as in Du et al., FSE 2023."""

    name: str = "uclanlp/plbart-base"
    """On the hub, or a folder with a copy or with another model of the family."""

    generation: Generation = PER_TOKEN
    """How summaries are written."""

    def tokenizer(self, origin: Mapping[str, Any], question: Question) -> Any:
        """The published tokenizer, which then says in which language it reads what is to be summarized."""
        tokenizer = super().tokenizer({**origin, "src_lang": None}, question)
        language = f"__{question.language}__"
        if question.wants_text and language in tokenizer.get_vocab():
            tokenizer.src_lang = language
        return tokenizer


@MODELS.register("codet5")
@dataclass(frozen=True, kw_only=True)
class CodeT5(Preset):
    """A T5 that was pretrained with an eye on identifiers; ``Salesforce/codet5-small`` is its small sibling.

    Deviations: the head has dropout and, for defects, a dense layer with tanh like that for clones; the authors' is one
    linear layer there, and knows no dropout.
    """

    paper: ClassVar[str] = "Wang et al., CodeT5, EMNLP 2021, https://arxiv.org/abs/2109.00859"
    facts: ClassVar[TokenizerFacts] = TokenizerFacts(
        vocabulary=32100,
        ids={"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4, "<extra_id_0>": 32099},
        probe=PROBE,
        probe_ids=(1, 536, 943, 12, 69, 16, 70, 4672, 309, 279, 34, 70, 30, 327, 279, 469, 327, 324, 2),
    )
    recipes: ClassVar[Recipes] = Recipes(
        classes=published(10, 32, 2e-5, 512, warmup=0.15, patience=2),
        pair=published(1, 10, 5e-5, 400, warmup=0.01),
        text=published(15, 48, 5e-5, 256, warmup=0.02, patience=2),
    )
    """Source: ``sh/run_exp.py`` of https://github.com/salesforce/CodeT5; the rate rises for 1,000 steps, here their
    share for Devign, BigCloneBench and Java."""

    name: str = "Salesforce/codet5-base"
    """On the hub, or a folder with a copy or with another model of the family."""

    hub_revision: str | None = "02cd2d31bb7c6d0e4d91156167b2de044989c733"
    """Commit of the published weights; another ``name`` on the hub needs another, or null for its newest."""

    generation: Generation = PER_TOKEN
    """How summaries are written."""


@MODELS.register("qwen2_5_coder")
@dataclass(frozen=True, kw_only=True)
class Qwen25Coder(Preset):
    """A decoder of 0.5 billion weights; its siblings have up to 32 billion, for which ``dtype: bfloat16`` is made.

    Deviations: nobody has published how to fine-tune it for these tasks; the settings are CodeXGLUE's at a lower rate.
    """

    paper: ClassVar[str] = "Hui et al., Qwen2.5-Coder, 2024, https://arxiv.org/abs/2409.12186"
    facts: ClassVar[TokenizerFacts] = TokenizerFacts(ids={"<|endoftext|>": 151643})
    recipes: ClassVar[Recipes] = Recipes(
        classes=Training(epochs=5, batch_size=32, learning_rate=1e-5, max_length=512),
        pair=Training(epochs=2, batch_size=16, learning_rate=1e-5, max_length=512),
        text=Training(epochs=5, batch_size=32, learning_rate=1e-5, max_length=512),
        many=Training(epochs=30, batch_size=16, learning_rate=1e-5, max_length=512),
    )

    name: str = "Qwen/Qwen2.5-Coder-0.5B"
    """On the hub, or a folder with a copy or with another model of the family."""

    hub_revision: str | None = "8123ea2e9354afb7ffcc6c8641d1b2f5ecf18301"
    """Commit of the published weights; another ``name`` on the hub needs another, or null for its newest."""


def _around(tokenizer: Any, begin: list[tuple[str, int | None]], end: tuple[str, int | None], where: str) -> Any:
    """The same tokenizer in a class that does as its file says, which puts these tokens around and between texts."""
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast

    specials = [*begin, end]
    unknown = [token for token, token_id in specials if token_id is None]
    if unknown:
        raise ModelError(
            f"{where}: the tokenizer must know {unknown[0]!r}, but does not; put the right files beside the weights"
        )
    before, after = " ".join(token for token, _ in begin), end[0]
    backend = tokenizer.backend_tokenizer
    backend.post_processor = processors.TemplateProcessing(
        single=f"{before} $A {after}",
        pair=f"{before} $A {after} $B {after}",
        special_tokens=list(dict(specials).items()),
    )
    names = {f"{role}_token": getattr(tokenizer, f"{role}_token") for role in ROLES}
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=tokenizer.model_max_length,
        model_input_names=tokenizer.model_input_names,
        **{name: token for name, token in names.items() if token is not None},
    )
