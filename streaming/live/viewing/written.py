"""The last texts of the playlists of live renditions: everybody who waits for a part, or a segment, gets the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from manifests.live.iframes import IFrameTexts
from manifests.live.playlist import Reported
from manifests.live.state import LiveRendition
from manifests.live.texts import Texts
from manifests.live.timeline import EMPTY, Timeline
from manifests.live.updates import Skipping, Updates
from streaming.playback.playlists import RenderedPlaylist, rendered
from transcoder.live import iframes
from transcoder.live.iframes import shown_in_trick_play

if TYPE_CHECKING:
    from manifests.layout import RenditionId
    from streaming.live.viewing.follower import Follower

_MEDIA: Final = "index.m3u8"


@dataclass(slots=True, kw_only=True, eq=False)
class _Last:
    texts: Updates
    state: LiveRendition | None = None
    timeline: Timeline = EMPTY
    forms: dict[Skipping | None, RenderedPlaylist]


class Written:
    """Made when they are asked for, and kept until there is something else to say.

    Those of a window of hours take megabytes, and each event has renditions of its own: they go with their event, and
    with the follower of a channel that nobody watches.
    """

    def __init__(self) -> None:
        self._last: WeakKeyDictionary[Follower, dict[tuple[RenditionId, str], _Last]] = WeakKeyDictionary()

    def media(
        self, follower: Follower, rendition: RenditionId, skip: Skipping | None, *, now_ms: int
    ) -> RenderedPlaylist:
        """The media playlist of a rendition that the follower has a state of; `skip`: as a delta update."""
        return self._text(follower, rendition, skip, now_ms, uri=_MEDIA)

    def iframes(
        self, follower: Follower, rendition: RenditionId, skip: Skipping | None, *, now_ms: int
    ) -> RenderedPlaylist:
        """Its I-frame playlist."""
        return self._text(follower, rendition, skip, now_ms, uri=iframes.URI)

    def _text(
        self, follower: Follower, rendition: RenditionId, skip: Skipping | None, now_ms: int, *, uri: str
    ) -> RenderedPlaylist:
        last = self._of(follower, rendition, uri)
        state = follower.states[rendition]
        timeline = follower.marks.present(follower.states.values(), now_ms=now_ms)
        if last.state is not state or last.timeline is not timeline:
            last.state, last.timeline = state, timeline
            last.forms.clear()
        found = last.forms.get(skip)
        if found is None:
            others = _others(follower, rendition, uri)
            if skip is None:
                text = last.texts.full(state, timeline=timeline, others=others)
            else:
                text = last.texts.delta(state, skip, now_ms=now_ms, timeline=timeline, others=others)
            found = last.forms[skip] = rendered(text)
        return found

    def _of(self, follower: Follower, rendition: RenditionId, uri: str) -> _Last:
        kept = self._last.setdefault(follower, {})
        last = kept.get((rendition, uri))
        if last is None:
            for gone in [key for key in kept if key[0] not in follower.states]:
                del kept[gone]
            last = kept[rendition, uri] = _Last(texts=Texts() if uri == _MEDIA else IFrameTexts(), forms={})
        return last


def _others(follower: Follower, rendition: RenditionId, uri: str) -> Reported:
    """All playlists but `uri` of the rendition."""
    shown = () if follower.event is None else shown_in_trick_play(follower.event)
    found: dict[str, dict[str, LiveRendition]] = {_MEDIA: {}, iframes.URI: {}}
    for name, state in follower.states.items():
        for each in (_MEDIA, iframes.URI) if name in shown else (_MEDIA,):
            if (name, each) != (rendition, uri):
                found[each][each if name == rendition else f"../{name}/{each}"] = state
    return Reported(media=found[_MEDIA], iframes=found[iframes.URI])
