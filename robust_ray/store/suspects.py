"""What is known of a call whose process has died: which of its examples it was at, and how often it died there.

Whoever makes an attempt notes where it is, whoever outlives the attempt judges: a note alone accuses nobody, as a whole
machine may have gone with it. It lies in the store, for the next attempt may be made on another machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from robust_ray.store.filesystem import Files

DEATHS = 2
"""So often must the process have died at an example, alone with it, to blame it: once may be anybody's doing."""

MOST = 8
"""Deaths that teach something, of one call: whoever kills it more often is not an example, or there are too many."""


class Known(NamedTuple):
    """What has been seen so far."""

    at: str | None = None
    """Uid of the example that an attempt is at, or was at when it ended."""

    deaths: Mapping[str, tuple[str, ...]] = {}
    """Uid → how the process died there, each time."""

    @property
    def suspects(self) -> list[str]:
        """Examples that may be to blame."""
        return [uid for uid, deaths in self.deaths.items() if len(deaths) < DEATHS]

    @property
    def lost(self) -> dict[str, str]:
        """Uid → why it is to blame."""
        return {uid: deaths[-1] for uid, deaths in self.deaths.items() if len(deaths) >= DEATHS}


class Suspects:
    """The note about one call; there is none until its process dies."""

    def __init__(self, files: Files, path: str) -> None:
        self._files = files
        self._path = path

    def known(self) -> Known | None:
        """What has been seen so far; None where the process has never died."""
        if not self._files.exists(self._path):
            return None
        try:
            found = json.loads(self._files.read(self._path))
            return Known(found["at"], {uid: tuple(deaths) for uid, deaths in found["deaths"].items()})
        except (ValueError, TypeError, KeyError, AttributeError):  # a damaged note: begin anew, still with care
            return Known()

    def at(self, uid: str | None, known: Known) -> None:
        """Note the example that is begun; None for none yet."""
        self._put(known._replace(at=uid))

    def died(self, reason: str) -> bool:
        """Judge the end of an attempt; returns whether the next one knows more."""
        known = self.known()
        if known is None:
            self._put(Known())
            return True
        if known.at is None or sum(map(len, known.deaths.values())) >= MOST:
            return False
        self._put(Known(None, {**known.deaths, known.at: (*known.deaths.get(known.at, ()), reason)}))
        return True

    def clear(self) -> None:
        """The call is done."""
        self._files.delete(self._path)

    def _put(self, known: Known) -> None:
        self._files.put(self._path, json.dumps(known._asdict()).encode(), replace=True)
