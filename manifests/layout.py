"""Where everything lies in the bucket: the only place that builds or parses object keys.

    media/{asset}/index.m3u8                      static multivariant playlist, once the asset is ready
    media/{asset}/index.mpd                       static DASH manifest
    media/{asset}/{rendition}/index.m3u8          static media playlist
    media/{asset}/{rendition}/iframes.m3u8        static I-frame playlist, of a few rungs
    media/{asset}/{rendition}/init.mp4            init section
    media/{asset}/{rendition}/{n}.m4s             segment n, from 0
    media/{asset}/t{track}-{revision}/{n}.vtt     segment n of captions; their playlist lies beside them
    media/{asset}/stills-{version}/{name}         storyboard: its sheets and their text; poster candidates
    live/{channel}/{rendition}/index.m3u8         playlist of a live event, as it was when its last segment came
    live/{channel}/{rendition}/init-{digest}.mp4  init section
    live/{channel}/{rendition}/{n}.m4s            segment n of the epoch
    work/{asset}/poster.json                      which candidate an editor chose
    work/{asset}/{version}/stills.json            what was drawn; written once
    work/{asset}/{version}/profile.json           what it is made by: written when its upload begins, never changed
    work/{asset}/{version}/keys.json              the secret that its content keys follow from; written with the profile
    work/{asset}/{version}/plan.json              the plan: timeline, ladder, windows
    work/{asset}/{version}/growing.json           the plan of what has arrived of the source, while it arrives
    work/{asset}/{version}/ladder.json            the title's own ladder, laid over the plan; written once
    work/{asset}/{version}/gains/{rendition}.json  by how much a sound rendition is raised; written once
    work/{asset}/{version}/loudness.json          how loud the sound is, laid over the plan; written once
    work/{asset}/{version}/measured.json          sizes of every segment, places of key pictures; written at the end
    work/{asset}/{version}/ready.json             the end of the encode: written last, once
    work/{asset}/{version}/failure.json           why the asset cannot be made
    work/{asset}/{version}/captions.json          the captions that are inside the source
    work/live/{channel}/{event}.json              what a live event is made of: grid, ladder; written once
    slates/{channel}/{name}.png                   an editor's own slate, drawn anew; a new name for each that is sent
    slates/{channel}/{name}.sent, .refused        the same as it was sent, until it is drawn; why it was not
    work/{asset}/captions/{revision}.json         the captions that are listed, a new object for each change
    sources/{asset}/{version}/source.json         where the bytes of the uploaded original lie; written once it is whole
    sources/{asset}/{version}/arriving.json       the same of an upload that goes on
    sources/{asset}/{version}/{start}-{epoch}     its bytes from `start` on
    holds/{asset}/{version}/{holder}/{version}    those bytes are the source of a clip, too
    work/live/{channel}/{event}/{page}.json       which segments were shown; the last page is written again with each
    holds/live.{channel}/{event}/{holder}/{version}  live segments are the source of a recording, or of a clip

`media/` and `live/` may be read by the world (a CDN's origin); the rest is private. A rendition's name carries the
source's version, or the number of the live event (`v720-1`), that of captions the revision of their list (`t1-4`), so a
URL is never used for other bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NewType

AssetId = NewType("AssetId", str)
ChannelId = NewType("ChannelId", str)
RenditionId = NewType("RenditionId", str)
UploadId = NewType("UploadId", str)

MEDIA: Final = "media/"
WORK: Final = "work/"
LIVE: Final = "live/"
SLATES: Final = "slates/"
_NAME: Final = r"[A-Za-z0-9_-]{1,64}"
_CAPTIONS: Final = re.compile(r"t[1-9][0-9]{0,8}-[1-9][0-9]{0,8}")
_CAPTION_LIST: Final = re.compile(r"work/[^/]+/captions/([1-9][0-9]*)\.json")
_KEYS: Final = re.compile(r"work/[^/]+/[1-9][0-9]*/keys\.json")
_RENDITION_VERSION: Final = re.compile(r"[^/]+-([1-9][0-9]{0,8})")
_PIECE: Final = re.compile(rf"sources/({_NAME})/([1-9][0-9]{{0,8}})/[0-9]+-[0-9]+")
_LIVE_SEGMENT: Final = re.compile(rf"live/({_NAME})/({_NAME})/(0|[1-9][0-9]*)\.m4s")
_SEGMENT: Final = re.compile(rf"media/({_NAME})/({_NAME})/(0|[1-9][0-9]{{0,8}})\.m4s")


def is_name(text: str) -> bool:
    """Whether a text can be an asset, rendition or upload id (and so a path element and a part of a key)."""
    return re.fullmatch(_NAME, text) is not None


def multivariant(asset: AssetId) -> str:
    return f"media/{asset}/index.m3u8"


def mpd(asset: AssetId) -> str:
    return f"media/{asset}/index.mpd"


def media_playlist(asset: AssetId, rendition: RenditionId) -> str:
    return f"media/{asset}/{rendition}/index.m3u8"


def iframe_playlist(asset: AssetId, rendition: RenditionId) -> str:
    return f"media/{asset}/{rendition}/iframes.m3u8"


def init(asset: AssetId, rendition: RenditionId) -> str:
    return f"media/{asset}/{rendition}/init.mp4"


def segment(asset: AssetId, rendition: RenditionId, number: int) -> str:
    return f"media/{asset}/{rendition}/{number}.m4s"


def caption_rendition(track: int, revision: int) -> RenditionId:
    """The rendition of a caption track as it was at a revision of the asset's list."""
    return RenditionId(f"t{track}-{revision}")


def is_captions(rendition: RenditionId) -> bool:
    """Whether a rendition's name is one of captions."""
    return _CAPTIONS.fullmatch(rendition) is not None


def caption_segment(asset: AssetId, rendition: RenditionId, number: int) -> str:
    return f"media/{asset}/{rendition}/{number}.vtt"


def segment_template(asset: AssetId, rendition: str, number: str) -> str:
    """Key of all the segments at once, with words of a template (DASH: `$RepresentationID$`, `$Number$`) in place."""
    return f"media/{asset}/{rendition}/{number}.m4s"


def caption_template(asset: AssetId, rendition: str, number: str) -> str:
    return f"media/{asset}/{rendition}/{number}.vtt"


def init_template(asset: AssetId, rendition: str) -> str:
    return f"media/{asset}/{rendition}/init.mp4"


def media_prefix(asset: AssetId, rendition: RenditionId | None = None) -> str:
    return f"media/{asset}/" if rendition is None else f"media/{asset}/{rendition}/"


def stills_folder(version: int) -> str:
    """Where the stills of a version lie, seen from the asset's own folder."""
    return f"stills-{version}"


def poster_image(asset: AssetId, name: str) -> str:
    """A picture that an editor sent, as viewers get it; it is of no version of the source."""
    return f"media/{asset}/posters/{name}.jpg"


def poster_sent(asset: AssetId, name: str) -> str:
    """The same as it was sent: for the transcoder alone."""
    return f"work/{asset}/posters/{name}"


def poster_refused(asset: AssetId, name: str) -> str:
    """Says that nothing could be made of what was sent."""
    return f"work/{asset}/posters/{name}.refused"


def poster_at(frame: int) -> str:
    """The name of the still that shows a grid frame, whichever it is."""
    return f"poster-at-{frame}.jpg"


def still(asset: AssetId, version: int, name: str) -> str:
    return f"{media_prefix(asset)}{stills_folder(version)}/{name}"


def poster_choice(asset: AssetId) -> str:
    return f"work/{asset}/poster.json"


def stills(asset: AssetId, version: int) -> str:
    return f"work/{asset}/{version}/stills.json"


def media_version(key: str) -> int | None:
    """The version of the source that an object of a rendition was made from; None for any other key."""
    parts = key.split("/")
    if len(parts) != 4 or f"{parts[0]}/" != MEDIA:
        return None
    return rendition_version(RenditionId(parts[2]))


def is_naming(key: str) -> bool:
    """Whether an object lies above the renditions of its asset: a manifest that names them."""
    return key.startswith(MEDIA) and key.count("/") == 2


def rendition_version(rendition: RenditionId) -> int | None:
    """The version of the source that a rendition is of; None for what is no rendition's name."""
    match = _RENDITION_VERSION.fullmatch(rendition)
    return None if match is None or is_captions(rendition) else int(match[1])


def profile(asset: AssetId, version: int) -> str:
    return f"work/{asset}/{version}/profile.json"


def keys(asset: AssetId, version: int) -> str:
    return f"work/{asset}/{version}/keys.json"


def is_keys(key: str) -> bool:
    """Whether an object holds the secret of a version."""
    return _KEYS.fullmatch(key) is not None


def plan(asset: AssetId, version: int) -> str:
    return f"work/{asset}/{version}/plan.json"


def growing(asset: AssetId, version: int) -> str:
    return f"work/{asset}/{version}/growing.json"


def ladder(asset: AssetId, version: int) -> str:
    return f"work/{asset}/{version}/ladder.json"


def gain(asset: AssetId, version: int, rendition: RenditionId) -> str:
    return f"work/{asset}/{version}/gains/{rendition}.json"


def loudness(asset: AssetId, version: int) -> str:
    return f"work/{asset}/{version}/loudness.json"


def measured(asset: AssetId, version: int) -> str:
    return f"work/{asset}/{version}/measured.json"


def ready(asset: AssetId, version: int) -> str:
    return f"work/{asset}/{version}/ready.json"


def failure(asset: AssetId, version: int) -> str:
    return f"work/{asset}/{version}/failure.json"


def captions_found(asset: AssetId, version: int) -> str:
    return f"work/{asset}/{version}/captions.json"


def caption_list(asset: AssetId, revision: int) -> str:
    return f"work/{asset}/captions/{revision}.json"


def caption_lists(asset: AssetId) -> str:
    """The prefix of all revisions of an asset's list."""
    return f"work/{asset}/captions/"


def caption_list_revision(key: str) -> int | None:
    """The revision of the list that a key names, or None if it names something else."""
    match = _CAPTION_LIST.fullmatch(key)
    return None if match is None else int(match[1])


def work_prefix(asset: AssetId, version: int | None = None) -> str:
    return f"work/{asset}/" if version is None else f"work/{asset}/{version}/"


def source(asset: AssetId, version: int) -> str:
    return f"sources/{asset}/{version}/source.json"


def source_arriving(asset: AssetId, version: int) -> str:
    return f"sources/{asset}/{version}/arriving.json"


def source_piece(asset: AssetId, version: int, start: int = 0, epoch: int = 0) -> str:
    """Written once: `epoch` counts the upload's writers, so that no late one writes over another's bytes."""
    return f"sources/{asset}/{version}/{start}-{epoch}"


def source_prefix(asset: AssetId, version: int | None = None) -> str:
    return f"sources/{asset}/" if version is None else f"sources/{asset}/{version}/"


def source_owner(key: str) -> tuple[AssetId, int] | None:
    """The version that a piece of a source was uploaded to, or the live event that it is a segment of; None for any
    other key."""
    if (match := _PIECE.fullmatch(key)) is not None:
        return AssetId(match[1]), int(match[2])
    live = parse_live_segment(key)
    event = None if live is None else rendition_version(live.rendition)
    return None if live is None or event is None else live_owner(live.channel, event)


def live_owner(channel: ChannelId, event: int) -> tuple[AssetId, int]:
    """Whom holds on the segments of an event name: no asset has such an id."""
    return AssetId(f"live.{channel}"), event


def live_playlist(channel: ChannelId, rendition: RenditionId) -> str:
    return f"live/{channel}/{rendition}/index.m3u8"


def live_init(channel: ChannelId, rendition: RenditionId, name: str) -> str:
    return f"live/{channel}/{rendition}/{name}"


def live_segment(channel: ChannelId, rendition: RenditionId, number: int) -> str:
    return f"live/{channel}/{rendition}/{number}.m4s"


def live_prefix(channel: ChannelId) -> str:
    return f"live/{channel}/"


def live_rendition(channel: ChannelId, rendition: RenditionId) -> str:
    """The prefix of all that a rendition of a channel has."""
    return f"live/{channel}/{rendition}/"


def live_event(channel: ChannelId, event: int) -> str:
    return f"work/live/{channel}/{event}.json"


def slates(channel: ChannelId) -> str:
    """The prefix of all that a channel has of slates of its own."""
    return f"{SLATES}{channel}/"


def slate(channel: ChannelId, name: str) -> str:
    """A slate of a channel's own; another picture has another name."""
    return f"{slates(channel)}{name}.png"


def slate_sent(channel: ChannelId, name: str) -> str:
    """The same as it was sent: for the transcoder alone."""
    return f"{slates(channel)}{name}.sent"


def slate_refused(channel: ChannelId, name: str) -> str:
    """Says why nothing could be made of what was sent."""
    return f"{slates(channel)}{name}.refused"


def live_pages(channel: ChannelId, event: int) -> str:
    """The prefix of all pages of an event's diary."""
    return f"work/live/{channel}/{event}/"


def live_page(channel: ChannelId, event: int, page: int) -> str:
    return f"{live_pages(channel, event)}{page}.json"


def live_page_of(key: str) -> int:
    """The number of a page, by its key."""
    return int(key.rpartition("/")[2].removesuffix(".json"))


def hold(owner: tuple[AssetId, int], holder: AssetId, version: int) -> str:
    """Says that the pieces of a source are needed by a version of another asset, or another version."""
    return f"{hold_prefix(*owner)}{holder}/{version}"


def hold_prefix(asset: AssetId, version: int | None = None) -> str:
    return f"holds/{asset}/" if version is None else f"holds/{asset}/{version}/"


def live_event_of(key: str) -> int | None:
    """The number of the event that an object of a channel belongs to; None for any other key."""
    parts = key.split("/")
    is_live = len(parts) == 4 and f"{parts[0]}/" == LIVE
    return rendition_version(RenditionId(parts[2])) if is_live else None


def parse_hold(key: str) -> tuple[AssetId, int] | None:
    """Who holds; None for what is no hold."""
    parts = key.split("/")
    held = len(parts) == 5 and parts[0] == "holds" and parts[4].isdecimal()
    return (AssetId(parts[3]), int(parts[4])) if held else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSegmentKey:
    channel: ChannelId
    rendition: RenditionId
    number: int


def parse_live_segment(key: str) -> LiveSegmentKey | None:
    """The live segment that a key names, or None if it names something else."""
    match = _LIVE_SEGMENT.fullmatch(key)
    if match is None:
        return None
    return LiveSegmentKey(channel=ChannelId(match[1]), rendition=RenditionId(match[2]), number=int(match[3]))


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentKey:
    asset: AssetId
    rendition: RenditionId
    number: int


def parse_segment(key: str) -> SegmentKey | None:
    """The segment that a key names, or None if it names something else."""
    match = _SEGMENT.fullmatch(key)
    if match is None:
        return None
    return SegmentKey(asset=AssetId(match[1]), rendition=RenditionId(match[2]), number=int(match[3]))
