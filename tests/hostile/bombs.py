"""Files that ask for more than they are: pixels, frames, streams, tables, time (items 14 to 19, 22)."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from tests.hostile.boxes import box, change, put, split, with_tables_last
from tests.hostile.case import DAMAGED, PLAYS, Case, refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hostile.seed import Seed

_DAY = 24 * 3600
_PICTURE = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def _drawn(seed: Seed, suffix: str, source: str, *output: str) -> bytes:
    return seed.made(suffix, "-f", "lavfi", "-i", source, *output)


def _png(width: int, height: int) -> bytes:
    """A picture of one colour, a bit a pixel: some kilobytes that become `width`·`height`/8 bytes and more."""

    def part(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compress(bytes((1 + width // 8) * height), 1)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", rows) + part(b"IEND", b"")


def _huge_frame(seed: Seed) -> bytes:
    """One PNG of 16384×16384 as the only picture of a QuickTime film."""
    picture, small = _png(16384, 16384), seed.folder / "small.png"
    small.write_bytes(_png(16, 16))
    film = seed.made("mov", "-i", small, "-c", "copy", "-movflags", "+faststart")
    placed = change(film, b"stsz", put(4, ">I", len(picture)))
    at = placed.index(b"mdat") + 4
    return placed[: at - 8] + box(b"mdat", picture)


def _gif(width: int, height: int, frames: int) -> bytes:
    frame = b"\x2c" + struct.pack("<4HB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + frame * frames + b";"


def _two_sizes(seed: Seed) -> bytes:
    sizes = ("testsrc=s=64x64:r=25", "testsrc=s=128x96:r=25")
    shifts = (("-output_ts_offset", "0"), ("-output_ts_offset", "0.4"))
    return b"".join(
        _drawn(seed, "ts", size, "-t", "0.4", *_PICTURE, *shift) for size, shift in zip(sizes, shifts, strict=True)
    )  # fmt: skip


def _at(seed: Seed, times: str, *, frames: int) -> bytes:
    """A film whose picture N is shown at second `times`."""
    # Behind the input: ffmpeg takes such a leap for an error of the input's clock, and mends it.
    leaps = f"settb=1/1000,setpts=({times})*1000"
    timing = ("-vf", leaps, "-fps_mode", "passthrough", "-enc_time_base", "1:1000")
    return _drawn(seed, "mkv", f"color=s=16x16:r=1:d={frames}", *timing, *_PICTURE)


def _streams(seed: Seed, count: int) -> bytes:
    """The same track `count` times."""
    body = with_tables_last(seed.clip("mp4"))

    def more(payload: bytes) -> bytes:
        tracks = [part for kind, part in split(payload) if kind == b"trak"]
        return payload + box(b"trak", tracks[0]) * (count - len(tracks))

    return change(body, b"moov", more)


def _chapters(seed: Seed) -> bytes:
    listed: Path = seed.folder / "chapters.txt"
    text = "".join(f"[CHAPTER]\nTIMEBASE=1/10000\nSTART={n}\nEND={n + 1}\ntitle=<b>{n}</b>\n" for n in range(10_000))
    listed.write_text(";FFMETADATA1\n" + text)
    return seed.made("mkv", "-i", seed.folder / "clip.mp4", "-i", listed, "-map_metadata", "1", "-c", "copy")


def _padded(seed: Seed) -> bytes:
    """Tables of forty mebibytes."""
    return change(with_tables_last(seed.clip("mp4")), b"moov", lambda payload: payload + box(b"udta", bytes(40 << 20)))


def _all_samples_of_one_byte(seed: Seed) -> bytes:
    return change(seed.clip("mp4"), b"stsz", put(4, ">II", 1, 0xFFFFFFFF))


def _claims(seed: Seed) -> bytes:
    body = seed.clip("mp4")
    at = body.index(b"moov") - 4
    return body[:at] + b"\xff\xff\xff\xf0" + body[at + 4 :]


CASES = (
    Case(name="frame-of-16384x16384", item=14, make=_huge_frame, expected=refused("too_large", "unsupported_codec")),
    Case(name="resolution-changes", item=14, make=_two_sizes, expected=PLAYS),
    Case(name="raw-claims-16384x16384", item=14, expected=refused("too_large", "unreadable", "truncated"),
         make=lambda _: b"YUV4MPEG2 W16384 H16384 F25:1\nFRAME\n" + bytes(4096)),
    Case(name="10000-fps", item=15, expected=DAMAGED,
         make=lambda seed: _drawn(seed, "mkv", "testsrc=s=16x16:r=10000:d=0.02", *_PICTURE)),
    Case(name="a-millionth-fps", item=15, expected=refused("broken_timeline", "too_long"),
         make=lambda seed: _at(seed, "N*1000000", frames=3)),
    Case(name="ten-years", item=15, expected=refused("broken_timeline", "too_long"),
         make=lambda seed: _at(seed, f"N*{10 * 365 * _DAY}", frames=2)),
    Case(name="a-day-and-a-picture", item=15, expected=refused("too_long"),
         make=lambda seed: _at(seed, "N*3500", frames=26)),
    Case(name="ten-years-by-the-header", item=15, expected=DAMAGED,
         make=lambda seed: change(seed.clip("mp4"), b"mvhd", put(16, ">I", 0x7FFFFFFF))),
    Case(name="negative-start", item=15, expected=PLAYS,
         make=lambda seed: seed.made("mkv", "-i", seed.folder / "clip.mp4", "-c", "copy",
                                     "-avoid_negative_ts", "disabled", "-output_ts_offset", "-0.5")),
    Case(name="looping-clock", item=15, expected=DAMAGED, make=lambda seed: seed.clip("ts") * 3),
    Case(name="backward-clock", item=15, expected=DAMAGED,
         make=lambda seed: seed.made("ts", "-i", seed.folder / "clip.mp4", "-c", "copy", "-output_ts_offset", "900")
         + seed.clip("ts")),
    Case(name="1000-streams", item=16, expected=refused("too_many_streams"), make=lambda seed: _streams(seed, 1000)),
    Case(name="1001-streams", item=16, expected=refused("too_many_streams", "unreadable"),
         make=lambda seed: _streams(seed, 1001)),
    Case(name="10000-chapters", item=16, make=_chapters, expected=PLAYS),
    Case(name="huge-tables", item=16, make=_padded, expected=PLAYS),
    Case(name="moov-claims-4-gib", item=16, make=_claims, expected=DAMAGED),
    Case(name="4294967295-samples", item=16, make=_all_samples_of_one_byte, expected=DAMAGED),
    Case(name="4294967295-times", item=16, expected=DAMAGED,
         make=lambda seed: change(seed.clip("mp4"), b"stts", put(4, ">III", 1, 0xFFFFFFFF, 512))),
    Case(name="4294967295-parts", item=16, expected=DAMAGED,
         make=lambda seed: change(seed.clip("mp4"), b"stsc", put(4, ">IIII", 1, 1, 0xFFFFFFFF, 1))),
    Case(name="no-frames", item=19, expected=refused("truncated", "no_streams"),
         make=lambda seed: seed.made("mp4", "-i", seed.folder / "clip.mp4", "-c", "copy", "-t", "0")),
    Case(name="picture-only", item=19, expected=PLAYS,
         make=lambda seed: seed.made("mp4", "-i", seed.folder / "clip.mp4", "-c", "copy", "-an")),
    Case(name="sound-only", item=19, expected=PLAYS,
         make=lambda seed: seed.made("mp4", "-i", seed.folder / "clip.mp4", "-c", "copy", "-vn")),
    Case(name="one-frame", item=19, expected=PLAYS,
         make=lambda seed: seed.made("mp4", "-i", seed.folder / "clip.mp4", "-c", "copy", "-an", "-frames:v", "1")),
    Case(name="svg-bomb", item=22, expected=refused("not_media"),
         make=lambda seed: f"<svg xmlns='http://www.w3.org/2000/svg'><image href='{seed.url}'/></svg>".encode()),
    Case(name="gif-of-60000x60000", item=22, expected=refused("too_large", "unreadable", "unsupported_codec"),
         make=lambda _: _gif(60_000, 60_000, 1)),
    Case(name="gif-of-3000-frames", item=22, make=lambda _: _gif(16, 16, 3000), expected=DAMAGED, opening=True),
    Case(name="film-and-page", item=22, expected=PLAYS,
         make=lambda seed: with_tables_last(seed.clip("mp4"), front=b"<html><script>alert(1)</script></html>")),
    Case(name="film-and-archive", item=22, expected=PLAYS,
         make=lambda seed: seed.clip("mp4") + b"PK\x05\x06" + bytes(18)),
)  # fmt: skip
