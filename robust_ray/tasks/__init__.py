"""What the models are asked: labelled code, split without leaks."""

from robust_ray.tasks.base import TASKS, Split, Task
from robust_ray.tasks.clone_detection import CloneDetection
from robust_ray.tasks.defect_detection import DefectDetection
from robust_ray.tasks.folder_task import FolderTask

__all__ = ["TASKS", "CloneDetection", "DefectDetection", "FolderTask", "Split", "Task"]
