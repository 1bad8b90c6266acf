"""What compression does to the robustness of code language models, measured on a cluster."""

__version__ = "0.1.0"
