"""Code that comes with a model: run only on a machine whose owner has said so.

A sweep may ask for it, but what asks a worker is a checkpoint's own files, and whoever can write to a store can write
those. So that a store cannot run code on its readers, the machine must agree, too.
"""

from __future__ import annotations

import os
import socket

from robust_ray.core.errors import ModelError

VARIABLE = "ROBUST_RAY_TRUST_REMOTE_CODE"
"""Environment variable: ``1`` where code that comes with models may be run."""


def check(asked: object, where: str) -> None:
    """Refuse to run code that comes with a model where the machine does not agree.

    Args:
        asked: What a sweep or a file says of ``trust_remote_code``; anything but false asks for it.
        where: What asks.

    Raises:
        ModelError: it is asked for, and the machine does not agree.
    """
    if asked is not False and os.environ.get(VARIABLE) != "1":
        raise ModelError(
            f"{where}: the code that comes with a model must be trusted where it runs, but `trust_remote_code` is "
            f"{asked!r} and {VARIABLE} is not 1 on {socket.gethostname()}; set it there if you trust whoever wrote "
            "the model and whoever can write to the store, or use a model that needs no code of its own"
        )
