"""The multivariant playlist (RFC 8216bis §4.4.6): every way to play one asset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.errors import PlaylistError
from manifests.hls import key, lines, rendition, variant
from manifests.hls.key import Key
from manifests.hls.lines import Tag, Uri
from manifests.hls.rendition import MediaRendition
from manifests.hls.variant import ClosedCaptions, IFrameVariant, Variant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.hls.lines import Line

VERSION: Final = "EXT-X-VERSION"
INDEPENDENT_SEGMENTS: Final = "EXT-X-INDEPENDENT-SEGMENTS"
TAGS: Final = frozenset({key.SESSION_TAG, rendition.TAG, variant.TAG, variant.IFRAME_TAG})
"""Tags that only a multivariant playlist has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MultivariantPlaylist:
    version: int
    """EXT-X-VERSION (§8)"""
    independent_segments: bool
    """EXT-X-INDEPENDENT-SEGMENTS, for all the media playlists"""
    session_keys: tuple[Key, ...] = ()
    """EXT-X-SESSION-KEY: keys of the media playlists that players may fetch before they need them"""
    renditions: tuple[MediaRendition, ...] = ()
    """EXT-X-MEDIA"""
    variants: tuple[Variant, ...]
    """EXT-X-STREAM-INF (required), the one to begin with first"""
    iframe_variants: tuple[IFrameVariant, ...] = ()
    """EXT-X-I-FRAME-STREAM-INF"""

    def check(self) -> None:
        """Raises PlaylistError where the parts do not go together (§4.4.6.1.1, §4.4.6.2.1)."""
        if not self.variants:
            raise PlaylistError("a multivariant playlist needs a variant")
        names = [(each.type, each.group, each.name) for each in self.renditions]
        if len(names) != len(set(names)):
            raise PlaylistError(f"{rendition.TAG}: two renditions of a group have the same NAME")
        defaults = [(each.type, each.group) for each in self.renditions if each.default]
        if len(defaults) != len(set(defaults)):
            raise PlaylistError(f"{rendition.TAG}: a group has two default renditions")
        needed = max(
            [1, *(each.version() for each in self.renditions), *(each.version() for each in self.session_keys)]
        )
        if self.version < needed:
            raise PlaylistError(f"{VERSION} must be {needed} or more (§8)")
        if len(set(self.session_keys)) != len(self.session_keys):
            raise PlaylistError(f"{key.SESSION_TAG}: twice the same (§4.4.6.5)")
        if any(each.method == "NONE" for each in self.session_keys):
            raise PlaylistError(f"{key.SESSION_TAG}: METHOD must not be NONE (§4.4.6.5)")
        self._check_groups()
        self._check_all_or_none()

    def _check_groups(self) -> None:
        groups = {(each.type, each.group) for each in self.renditions}
        for each in self.variants:
            captions = None if isinstance(each.closed_captions, ClosedCaptions) else each.closed_captions
            chosen = (("AUDIO", each.audio), ("SUBTITLES", each.subtitles), ("CLOSED-CAPTIONS", captions))
            for kind, group in chosen:
                if group is not None and (kind, group) not in groups:
                    raise PlaylistError(f"{variant.TAG}: there is no group {group!r} of {kind}")

    def _check_all_or_none(self) -> None:
        for name, has in (
            ("SCORE", {each.score is not None for each in self.variants}),
            ("SCORE", {each.score is not None for each in self.iframe_variants}),
            ("CLOSED-CAPTIONS=NONE", {each.closed_captions is ClosedCaptions.NONE for each in self.variants}),
        ):
            if len(has) > 1:
                raise PlaylistError(f"{variant.TAG}: {name} must be on all or none")

    def render(self) -> str:
        """The text. Raises PlaylistError."""
        self.check()
        body = [f"#{VERSION}:{self.version}"]
        if self.independent_segments:
            body.append(f"#{INDEPENDENT_SEGMENTS}")
        body += [each.render(key.SESSION_TAG) for each in self.session_keys]
        body += [each.render() for each in self.renditions]
        body += [each.render() for each in self.variants]
        body += [each.render() for each in self.iframe_variants]
        return lines.write(body)


def parse(body: Sequence[Line]) -> MultivariantPlaylist:
    """Raises PlaylistError."""
    singles: list[Tag] = []
    session_keys: list[Key] = []
    renditions: list[MediaRendition] = []
    variants: list[Variant] = []
    iframes: list[IFrameVariant] = []
    waiting: Tag | None = None
    for line in body:
        if isinstance(line, Uri):
            if waiting is None:
                raise PlaylistError(f"a URI without {variant.TAG}", line=line.line)
            variants.append(variant.parse(waiting, line))
            waiting = None
        elif waiting is not None:
            break
        elif line.name == variant.TAG:
            waiting = line
        elif line.name == key.SESSION_TAG:
            session_keys.append(key.parse(line))
        elif line.name == rendition.TAG:
            renditions.append(rendition.parse(line))
        elif line.name == variant.IFRAME_TAG:
            iframes.append(variant.parse_iframe(line))
        else:
            singles.append(line)
    if waiting is not None:
        raise PlaylistError(f"{variant.TAG} needs a URI on the next line", line=waiting.line)
    version, independent = _singles(singles)
    playlist = MultivariantPlaylist(
        version=version,
        independent_segments=independent,
        session_keys=tuple(session_keys),
        renditions=tuple(renditions),
        variants=tuple(variants),
        iframe_variants=tuple(iframes),
    )
    playlist.render()  # what cannot be written must not be read either
    return playlist


def _singles(tags: Sequence[Tag]) -> tuple[int, bool]:
    found = lines.once(tags)
    for tag in tags:
        if tag.name not in {VERSION, INDEPENDENT_SEGMENTS}:
            raise PlaylistError(f"{tag.name} is not known in a multivariant playlist", line=tag.line)
    if INDEPENDENT_SEGMENTS in found:
        found[INDEPENDENT_SEGMENTS].bare()
    return (found[VERSION].integer() if VERSION in found else 1), INDEPENDENT_SEGMENTS in found
