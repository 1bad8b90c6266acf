"""TextAttack, both ways: its recipes in a sweep, on any victim; and our parts in its ``Attack`` and ``Attacker``.

The first way needs a line of a sweep file::

    attacks:
      - {type: textattack, recipe: deepwordbug}

The second is :mod:`robust_ray.attacks.textattack.parts`. Nothing here imports TextAttack before it is used: that takes
some seconds, and :mod:`robust_ray.attacks.textattack.library` is the one place that does it.
"""

from __future__ import annotations

from robust_ray.attacks.textattack.recipe import TextAttack

__all__ = ["TextAttack"]
