"""Fine-tuning: what is minimized, how an epoch goes, alone or in several processes, and how a killed one continues."""

from robust_ray.models.training.fine_tuning import fine_tune, logits

__all__ = ["fine_tune", "logits"]
