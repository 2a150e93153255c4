"""Whether pictures and sound of a publication both keep coming: a camera or a microphone may be unplugged while the
other goes on. Pure.

Whoever sends one of them seldom, a picture a second or whole segments, is waited for (rhythm.py).
"""

from __future__ import annotations

from typing import Final

from transcoder.live.rhythm import Rhythm

_PICTURE_MS: Final = 3_000
"""Longer than for bytes: pictures may stand still, and a slate in their place takes the sound away, too."""
_SOUND_MS: Final = 1_500


class Presence:
    """`bursts`: he sends whole segments. Moments are ms."""

    def __init__(self, *, bursts: bool = False) -> None:
        self._bursts = bursts
        self._pictures: Rhythm | None = None
        self._sound: Rhythm | None = None
        self.is_heard = False
        """Some sound has come."""

    def picture(self, now: int) -> None:
        """A picture came."""
        self._both(now)[0].came(now)

    def sound(self, now: int) -> None:
        """Some sound came."""
        self._both(now)[1].came(now)
        self.is_heard = True

    def waited(self, now: int) -> None:
        """Until now he could not send: what did not come tells nothing."""
        for rhythm in self._both(now):
            rhythm.forgive(now)

    def lacks_picture(self, now: int) -> bool:
        return self._pictures is not None and self._pictures.is_quiet(now)

    def lacks_sound(self, now: int) -> bool:
        return self._sound is not None and self._sound.is_quiet(now)

    def _both(self, now: int) -> tuple[Rhythm, Rhythm]:
        """From the first packet on both are waited for."""
        self._pictures = self._pictures or Rhythm(now, bursts=self._bursts, patience=_PICTURE_MS)
        self._sound = self._sound or Rhythm(now, bursts=self._bursts, patience=_SOUND_MS)
        return self._pictures, self._sound
