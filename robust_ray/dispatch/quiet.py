"""Ray without a word of its own: what happens to calls is told by the run, what breaks by its sentence."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

ENVIRONMENT = {
    "RAY_AIR_NEW_OUTPUT": "0",  # the new one prints even when told to be silent
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # relative paths in a sweep mean the same on every dispatcher
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # three files a call, and a third of a second
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Tune's own waits ten minutes for a running call
    "TUNE_GLOBAL_CHECKPOINT_S": str(10**9),  # its snapshots are read by nobody
    "TUNE_MAX_PENDING_TRIALS_PG": str(10**9),  # how many workers are asked for is decided by the crew
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_WARN_INSUFFICENT_RESOURCE_THRESHOLD_S": str(10**9),  # or else it fails while all is left to another driver
}


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have environment variables within, and what was before after."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def quiet() -> Iterator[None]:
    """No warning, and no word from Ray's loggers below an error that ends it."""
    logger = logging.getLogger("ray")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            logger.setLevel(level)
