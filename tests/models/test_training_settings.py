"""Fine-tuning settings that can be told to be wrong."""

from __future__ import annotations

import pytest

from robust_ray.core.errors import SweepError
from robust_ray.models import Training


def test_a_window_without_room_for_code_is_refused() -> None:
    with pytest.raises(SweepError, match=r"`max_length >= 8` must hold, but got 1; 400 is usual"):
        Training(max_length=1)
