"""What the models are asked: labelled code, split without leaks."""

from robust_ray.tasks.authorship_attribution import AuthorshipAttribution
from robust_ray.tasks.base import SPLITS, TASKS, DataSet, Sifted, Split, Task
from robust_ray.tasks.clone_detection import CloneDetection
from robust_ray.tasks.defect_detection import DefectDetection
from robust_ray.tasks.folder_task import FolderTask
from robust_ray.tasks.summarization import Summarization

__all__ = [
    "SPLITS",
    "TASKS",
    "AuthorshipAttribution",
    "CloneDetection",
    "DataSet",
    "DefectDetection",
    "FolderTask",
    "Sifted",
    "Split",
    "Summarization",
    "Task",
]
