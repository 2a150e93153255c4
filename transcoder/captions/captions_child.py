"""SOURCE DEMUXER PICTURE: print the captions inside a source as JSON: text tracks, and CEA-608 in its pictures.

A program of its own, run under `python -I` in the sandbox (see inside.py). SOURCE is `fd:N`, the socket of a source
that another process holds, or the path of a local file; PICTURE the number of the stream that viewers see (-1: none).
No picture is decoded. Streams without captions are not read where the file's tables tell where the others lie.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, cast

# The package by itself: in its cage a child may not look through the folder that the package lies in.
_package = ModuleType("transcoder")
_package.__path__ = [str(Path(__file__).resolve().parents[1])]
sys.modules.setdefault("transcoder", _package)

import av
import av.error
import av.logging
import av.stream

from transcoder.captions.cc_carriage import CODECS, Carried, carried, nal_length_size
from transcoder.captions.cea608 import Decoder
from transcoder.captions.mov_text import cue_text
from transcoder.probe.opening import Refused, open_container
from transcoder.sources.child_file import RemoteFile

_QUIET_S = 120
"""Pictures that carry no cc_data at all for so long never will: whoever sends captions sends at least padding."""
_MOST_TEXT = 20 << 20
_MOST_CUES = 50_000
_CC_CODEC = "eia_608"
_TEXT_CODECS = frozenset({"subrip", "webvtt", "mov_text", "ass", "text"})
_XML = (b"<?xml", b"<tt", b"\xef\xbb\xbf<")
_DISPOSITIONS = ("default", "forced", "hearing_impaired", "visual_impaired", "descriptions")


class TextTrack:
    """A subtitle stream: its packets as (start, end, text, settings, identifier), in ticks of the stream."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        context = stream.codec_context
        self.codec: str = context.codec.canonical_name if context is not None else ""
        self.cues: list[tuple[int, int | None, str, str, str]] = []
        self.size = 0
        self.is_cut = False

    def take(self, packet: Any) -> None:
        body = bytes(packet)
        if not self.codec:  # a decoder that this build lacks; what it would read may still be plain
            self.codec = "ttml" if body.lstrip().startswith(_XML) else "unknown"
        if packet.pts is None or self.codec not in _TEXT_CODECS | {"ttml"}:
            return
        self.size += len(body)
        if self.size > _MOST_TEXT or len(self.cues) >= _MOST_CUES:
            self.is_cut = True
            return
        text = cue_text(body) if self.codec == "mov_text" else body.decode("utf-8", "replace")
        side = {each.data_type: bytes(each).decode("utf-8", "replace") for each in packet.iter_sidedata()}
        end = packet.pts + packet.duration if packet.duration else None
        cue = (packet.pts, end, text, side.get("webvtt_settings", ""), side.get("webvtt_identifier", ""))
        self.cues.append(cue)

    def answer(self) -> dict[str, Any]:
        context = self.stream.codec_context
        header = b"" if context is None else bytes(context.extradata or b"")
        return {
            **_facts(self.stream),
            "codec": self.codec or "unknown",
            "header": header.decode("utf-8", "replace") if self.codec == "ass" else "",
            "cues": sorted(self.cues, key=lambda cue: cue[0]),
            "is_cut": self.is_cut,
        }


class ClosedCaptions:
    """The byte pairs of CEA-608 that a stream carries, in pictures or on its own."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        context = stream.codec_context
        self.codec: str = context.codec.canonical_name
        self._length_size = nal_length_size(self.codec, bytes(context.extradata or b""))
        self._pairs: list[tuple[int, int, int, int]] = []
        self._first: int | None = None
        self._end = 0
        self.present = False
        self.dtvcc = False

    @property
    def is_quiet(self) -> bool:
        """Whether it is clear that there are none."""
        return (
            not self.present
            and self._first is not None
            and (self._end - self._first) * self.stream.time_base > _QUIET_S
        )

    def take(self, packet: Any) -> None:
        if packet.pts is None:
            return
        self._first = packet.pts if self._first is None else self._first
        self._end = max(self._end, packet.pts + (packet.duration or 0))
        body = bytes(packet)
        if self.codec == _CC_CODEC:  # the demuxer gives the triplets of cc_data()
            triplets = bytes([0x40 | min(len(body) // 3, 31), 0xFF]) + body
            found = _bare(triplets)
        else:
            found = carried(self.codec, body, self._length_size)
        self.present |= found.present
        self.dtvcc |= found.dtvcc
        self._pairs += [(packet.pts, pair.field, pair.first, pair.second) for pair in found.pairs]

    def answer(self) -> list[dict[str, Any]]:
        """The channels that say something: CC1 to CC4."""
        decoders = {1: Decoder(), 2: Decoder()}
        # In order of presentation: packets come in order of decoding.
        for stamp, field, first, second in sorted(self._pairs, key=lambda pair: pair[0]):
            decoders[field].feed(first, second, stamp)
        channels = [spoken for decoder in decoders.values() for spoken in decoder.close(self._end)]
        return [
            {
                **_facts(self.stream),
                "codec": "cea-608",
                "channel": f"CC{number}",
                "cues": [(each.start, each.end, each.text, "i" if each.italic else "", "") for each in spoken],
            }
            for number, spoken in enumerate(channels, 1)
            if spoken
        ]


def _bare(triplets: bytes) -> Carried:
    """cc_data() without the pictures around it: as MPEG-2 would carry it."""
    return carried("mpeg2video", b"\0\0\1\xb2GA94\x03" + triplets, 0)


def _facts(stream: Any) -> dict[str, Any]:
    marks = {name: bool(stream.disposition & getattr(av.stream.Disposition, name)) for name in _DISPOSITIONS}
    title = stream.metadata.get("title") or ""
    return {
        "stream": stream.index, "language": stream.language, "title": title, "marks": marks,
        "time_base": f"{stream.time_base.numerator}/{stream.time_base.denominator}",
    }  # fmt: skip


def inside(file: BinaryIO, demuxer: str, picture: int) -> dict[str, Any]:
    """The answer about a whole file. Raises Refused."""
    texts: dict[int, TextTrack] = {}
    closed: dict[int, ClosedCaptions] = {}
    error = ""
    with open_container(file, demuxer) as container:
        for stream in container.streams:
            context = stream.codec_context
            codec = context.codec.canonical_name if context is not None else ""
            if stream.type == "subtitle":
                if codec == _CC_CODEC:
                    closed[stream.index] = ClosedCaptions(stream)
                else:
                    texts[stream.index] = TextTrack(stream)
            elif stream.index == picture and codec in CODECS:
                closed[stream.index] = ClosedCaptions(stream)
            else:
                stream.discard = av.stream.Discard.all
        wanted = [container.streams[index] for index in (*texts, *closed)]
        try:
            for packet in container.demux(wanted) if wanted else ():
                if not packet.size:
                    continue
                if packet.stream_index in texts:
                    texts[packet.stream_index].take(packet)
                elif (captions := closed.get(packet.stream_index)) is not None:
                    captions.take(packet)
                    if captions.is_quiet:
                        del closed[packet.stream_index]
                        packet.stream.discard = av.stream.Discard.all
                        if not texts and not closed:
                            break
        except (av.error.FFmpegError, IndexError) as exc:
            error = str(exc)  # what was read stands
        return {
            "texts": [track.answer() for track in texts.values()],
            "closed": [answer for captions in closed.values() for answer in captions.answer()],
            "dtvcc": any(captions.dtvcc for captions in closed.values()),
            "error": error,
        }


def _open(source: str) -> BinaryIO:
    if source.startswith("fd:"):
        return cast("BinaryIO", RemoteFile(int(source.removeprefix("fd:"))))
    return Path(source).open("rb", buffering=0)


def main(source: str, demuxer: str, picture: str) -> None:
    av.logging.set_level(av.logging.PANIC)
    with _open(source) as file:
        try:
            answer = inside(file, demuxer, int(picture))
        except Refused as exc:
            answer = {"refused": str(exc)}
        except (ArithmeticError, LookupError, ValueError, MemoryError) as exc:
            answer = {"refused": repr(exc)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
