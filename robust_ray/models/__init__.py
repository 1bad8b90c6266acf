"""Code models and what becomes of them: networks, checkpoints, fine-tuning, victims, costs.

The models that a sweep can name are modules of this package, beside the checkpoint (``students``), the ``victim`` and
its ``cost``. What they are made of is in packages: ``reading`` takes texts to tensors, ``networks`` builds modules with
their heads, ``training`` fine-tunes, ``writing`` writes summaries, ``data_flow`` is what GraphCodeBERT reads beside the
code, ``importing`` takes what others have trained, ``alterations`` are changes of structure, ``checks`` refuses what is
not what it seems.
"""

from robust_ray.models.base import MODELS, CodeModel, Training
from robust_ray.models.compact_roberta import CompactRoberta
from robust_ray.models.graphcodebert import GraphCodeBERT
from robust_ray.models.huggingface import HuggingFace
from robust_ray.models.imported import Imported
from robust_ray.models.masked_lm import MaskedLM
from robust_ray.models.presets import PLBART, CodeBERT, CodeGPT, CodeT5, Qwen25Coder, StarEncoder, UniXcoder
from robust_ray.models.scratch_roberta import ScratchRoberta

__all__ = [
    "MODELS",
    "PLBART",
    "CodeBERT",
    "CodeGPT",
    "CodeModel",
    "CodeT5",
    "CompactRoberta",
    "GraphCodeBERT",
    "HuggingFace",
    "Imported",
    "MaskedLM",
    "Qwen25Coder",
    "ScratchRoberta",
    "StarEncoder",
    "Training",
    "UniXcoder",
]
