"""Whether the Hugging Face hub can be reached: asked once, before libraries ask that try again for a minute."""

from __future__ import annotations

SECONDS = 5.0
"""How long the hub may take to answer."""


def hub_answers() -> bool:
    """Whether there is a way to the hub; where not, only what was fetched before can be had."""
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=SECONDS)  # any answer will do
    except Exception:  # each version of the library has errors of its own
        return False
    return True
