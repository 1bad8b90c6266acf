"""Code models and what becomes of them: networks, checkpoints, fine-tuning, victims, costs."""

from robust_ray.models.base import MODELS, CodeModel, Training
from robust_ray.models.huggingface import HuggingFace
from robust_ray.models.masked_lm import MaskedLM
from robust_ray.models.scratch_roberta import ScratchRoberta

__all__ = ["MODELS", "CodeModel", "HuggingFace", "MaskedLM", "ScratchRoberta", "Training"]
