"""An audio rendition's init section and segments: fragmented MP4 (CMAF, ISO/IEC 23000-19), written here byte by byte.

Pure, and a function of the plan and the AAC frames alone: the same init section from every window, one `moof` with one
`trun` a segment, decode times counted in samples from zero.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, Protocol

from transcoder.audio_adts import RATES
from transcoder.boxes import write, write_full
from transcoder.plan import AAC_FRAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcoder.plan import AudioPlan

_TRACK: Final = 1
_LOW_COMPLEXITY: Final = 2  # audio object type (ISO/IEC 14496-3 table 1.17)
_UNDETERMINED: Final = 0x55C4  # language "und" (§8.4.2.3): the playlists say it, in BCP 47
_MATRIX: Final = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
_SYNC: Final = 0x02000000  # sample_depends_on = 2: on no other (§8.8.3.1)


class Aac(Protocol):
    """What the init section says of a track: Hz, channels, b/s."""

    @property
    def sample_rate(self) -> int: ...

    @property
    def channels(self) -> int: ...

    @property
    def bitrate(self) -> int: ...


def init_section(track: Aac, *, number: int = _TRACK) -> bytes:
    """`ftyp` and `moov` of an AAC-LC track with this track_ID; its timescale is the sample rate."""
    ftyp = write(b"ftyp", b"iso6", struct.pack(">I", 0), b"iso6cmfcmp41")
    mvhd = write_full(
        b"mvhd", 0, 0, struct.pack(">4IIH10x", 0, 0, track.sample_rate, 0, 1 << 16, 1 << 8), _MATRIX, bytes(24),
        struct.pack(">I", number + 1),
    )  # fmt: skip
    trex = write_full(b"trex", 0, 0, struct.pack(">5I", number, 1, 0, 0, 0))
    return ftyp + write(b"moov", mvhd, _trak(track, number), write(b"mvex", trex))


def segment(track: AudioPlan, number: int, frames: Sequence[bytes]) -> bytes:
    """Segment `number`: its AAC frames in one fragment."""
    traf = (
        # default-base-is-moof, default duration and flags (§8.8.7)
        write_full(b"tfhd", 0, 0x020000 | 0x8 | 0x20, struct.pack(">3I", _TRACK, AAC_FRAME, _SYNC)),
        write_full(b"tfdt", 1, 0, struct.pack(">Q", track.cuts[number] * AAC_FRAME)),
    )
    sizes = struct.pack(f">{len(frames)}I", *map(len, frames))

    def moof(data_offset: int) -> bytes:
        trun = write_full(b"trun", 0, 0x1 | 0x200, struct.pack(">Ii", len(frames), data_offset), sizes)
        return write(b"moof", write_full(b"mfhd", 0, 0, struct.pack(">I", number + 1)), write(b"traf", *traf, trun))

    header = 8
    return moof(len(moof(0)) + header) + write(b"mdat", *frames)


def _trak(track: Aac, number: int) -> bytes:
    enabled_in_movie = 0x3
    tkhd = write_full(
        b"tkhd", 0, enabled_in_movie, struct.pack(">5I8xhhh2x", 0, 0, number, 0, 0, 0, 1, 1 << 8), _MATRIX, bytes(8)
    )
    mdhd = write_full(b"mdhd", 0, 0, struct.pack(">4IHH", 0, 0, track.sample_rate, 0, _UNDETERMINED, 0))
    hdlr = write_full(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, b"soun"), b"SoundHandler\0")
    here = write_full(b"url ", 0, 0x1)
    stbl = write(
        b"stbl",
        write_full(b"stsd", 0, 0, struct.pack(">I", 1), _mp4a(track)),
        write_full(b"stts", 0, 0, bytes(4)),
        write_full(b"stsc", 0, 0, bytes(4)),
        write_full(b"stsz", 0, 0, bytes(8)),
        write_full(b"stco", 0, 0, bytes(4)),
    )
    minf = write(
        b"minf",
        write_full(b"smhd", 0, 0, bytes(4)),
        write(b"dinf", write_full(b"dref", 0, 0, struct.pack(">I", 1), here)),
        stbl,
    )
    return write(b"trak", tkhd, write(b"mdia", mdhd, hdlr, minf))


def _mp4a(track: Aac) -> bytes:
    """The sample entry (ISO/IEC 14496-14 §5.6) with its elementary stream descriptor (14496-1 §7.2.6.5)."""
    config = struct.pack(
        ">H", _LOW_COMPLEXITY << 11 | RATES.index(track.sample_rate) << 7 | track.channels << 3
    )  # AudioSpecificConfig (14496-3 §1.6.2.1)
    aac, audio_stream = 0x40, 0x15
    decoder = struct.pack(">BB3xII", aac, audio_stream, track.bitrate, track.bitrate) + _descriptor(0x05, config)
    stream = struct.pack(">HB", 0, 0) + _descriptor(0x04, decoder) + _descriptor(0x06, b"\x02")
    return write(
        b"mp4a",
        struct.pack(">6xH8xHHHHI", 1, track.channels, 16, 0, 0, track.sample_rate << 16),
        write_full(b"esds", 0, 0, _descriptor(0x03, stream)),
    )


def _descriptor(tag: int, body: bytes) -> bytes:
    return bytes((tag, len(body))) + body
