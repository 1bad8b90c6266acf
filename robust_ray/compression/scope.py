"""Which of a network's weights a compression works on; never those of a head."""

from __future__ import annotations

from typing import Literal

LinearScope = Literal["attention", "linear"]
"""``attention``: what makes queries, keys and values; ``linear``: every linear layer."""

Scope = Literal[LinearScope, "all"]
"""The same, or ``all``: embeddings too."""
