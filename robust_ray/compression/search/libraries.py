"""What the searches need of other projects, which is an optional extra."""

from __future__ import annotations

from importlib.util import find_spec

from robust_ray.core.errors import SweepError

PACKAGES = {"numba": "numba", "pymoo": "pymoo", "sklearn": "scikit-learn", "z3": "z3-solver"}
"""What is imported → what is installed; AGE-MOEA of pymoo runs on numba."""


def require_libraries(where: str) -> None:
    """Refuse to search without the extra; called when a plan is made, and imports nothing.

    Args:
        where: What wants to search, for instance ``compression 'avatar'``.

    Raises:
        SweepError: a package is not installed.
    """
    missing = [package for module, package in PACKAGES.items() if find_spec(module) is None]
    if missing:
        raise SweepError(
            f"{where}: its search needs the packages of an extra, but {', '.join(missing)} cannot be found; "
            "run pip install 'robust-ray[distillers]'"
        )
