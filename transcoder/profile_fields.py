"""The fields of a profile's file: what each is for, what it may hold, how it is read and written. A table.

A field reads what TOML gave it, and raises ValueError for anything that it does not allow; what it allows, and an
example, stand beside it, so that every message can say both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from transcoder.profile import Codec, Encryption

if TYPE_CHECKING:
    from enum import StrEnum

_CODECS: Final = tuple(Codec)
_ENCRYPTIONS: Final = tuple(Encryption)
_LONGEST: Final = 200
_SOURCE: Final = "source"
_FULL, _HALF = "full", "half"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`help` is the comment above it in a file, `allowed` ends "write …", `example` is TOML."""

    name: str
    help: str
    allowed: str
    example: str
    read: Callable[[Any], Any]
    write: Callable[[Any], str]


def _whole(least: int, most: int, *, step: int = 1) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if type(value) is not int or not least <= value <= most or value % step:
            raise ValueError(value)
        return value

    return read


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError(value)
    return value


def _number(least: float, most: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if type(value) not in (int, float) or not least <= value <= most:
            raise ValueError(value)
        return float(value)

    return read


def _loudness(value: Any) -> float | None:
    return None if value == _SOURCE else _number(-31, -9)(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise ValueError(value)
    return value


def _texts(value: Any) -> tuple[str, ...]:
    found = tuple(_text(each) for each in _items(value))
    if not all(found) or len(set(found)) < len(found):
        raise ValueError(value)
    return found


def _items(value: Any) -> Iterable[Any]:
    if not isinstance(value, list):
        raise ValueError(value)
    return value


def _codecs(value: Any) -> tuple[Codec, ...]:
    found = tuple(_choice(*_CODECS)(each) for each in _items(value))
    if not found or len(set(found)) < len(found):
        raise ValueError(value)
    return found


def _choice(*members: StrEnum) -> Callable[[Any], Any]:
    def read(value: Any) -> StrEnum:
        for member in members:
            if value == member.value:
                return member
        raise ValueError(value)

    return read


def _halved(value: Any) -> bool:
    if value not in (_FULL, _HALF):
        raise ValueError(value)
    return bool(value == _HALF)


def _quoted(values: Iterable[str]) -> str:
    return " or ".join(f'"{value}"' for value in values)


def written(value: Any) -> str:
    """A value as TOML."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(str(value), ensure_ascii=False)
        case tuple():
            return f"[{', '.join(written(each) for each in value)}]"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


TENANTS: Final = Field(
    name="tenants",
    help="Whose default it is: names of tokens, as assets show them under created_by.",
    allowed="a list of names, none twice",
    example='["sports desk", "archive"]',
    read=_texts,
    write=written,
)

FIELDS: Final = (
    Field(
        name="description",
        help="What editors read beside its name when they choose one.",
        allowed=f"a text of at most {_LONGEST} characters on one line",
        example='"Matches, with surround sound"',
        read=_text,
        write=written,
    ),
    Field(
        name="codecs",
        help="What pictures are encoded with. H.264 is always among them: it plays everywhere.",
        allowed=f"a list of {_quoted(_CODECS)}, none twice",
        example=written(_CODECS),
        read=_codecs,
        write=written,
    ),
    Field(
        name="gop",
        help="Seconds from one picture that decoding can begin with to the next.",
        allowed="1 to 4 (seconds)",
        example="2",
        read=_whole(1, 4),
        write=written,
    ),
    Field(
        name="segment",
        help="Seconds of a segment, a multiple of gop. Longer ones are fewer requests; shorter ones start sooner.",
        allowed="2 to 10 (seconds), a multiple of gop",
        example="4",
        read=_whole(2, 10),
        write=written,
    ),
    Field(
        name="play_early",
        help="What has arrived of an upload is played already, in segments of one GOP (of two seconds at least).",
        allowed="true or false",
        example="true",
        read=_flag,
        write=written,
    ),
    Field(
        name="per_title",
        help="Look into each title to choose its rungs and rates below; false: all get the whole ladder.",
        allowed="true or false",
        example="true",
        read=_flag,
        write=written,
    ),
    Field(
        name="quality",
        help="VMAF of the top rung of a title's own ladder; more than 94 is seen by next to nobody.",
        allowed="50 to 100 (VMAF)",
        example="94",
        read=_number(50, 100),
        write=written,
    ),
    Field(
        name="loudness",
        help='Integrated loudness (LUFS, EBU R128) of every sound track; as in the source: "source".',
        allowed='-31 to -9 (LUFS), or "source"',
        example="-16",
        read=_loudness,
        write=lambda value: written(_SOURCE if value is None else value),
    ),
    Field(
        name="surround",
        help="Beside stereo, a surround track where the source has one.",
        allowed="true or false",
        example="true",
        read=_flag,
        write=written,
    ),
    Field(
        name="captions",
        help="Text tracks and CEA-608 captions inside the source become subtitles.",
        allowed="true or false",
        example="true",
        read=_flag,
        write=written,
    ),
    Field(
        name="encryption",
        help="How segments are protected: as a whole with AES-128 (HLS only), or their samples for players with "
        "ClearKey (cbcs, cenc). See docs/encryption.md.",
        allowed=_quoted(_ENCRYPTIONS),
        example=written(_ENCRYPTIONS[0]),
        read=_choice(*_ENCRYPTIONS),
        write=written,
    ),
    Field(
        name="key_rotation",
        help="Seconds after which another key is used, a multiple of segment; 0: one key for all.",
        allowed="0, or a multiple of segment up to 86400 (seconds)",
        example="0",
        read=_whole(0, 86_400),
        write=written,
    ),
)

ROW_FIELDS: Final = (
    Field(
        name="width",
        help="",
        allowed="an even number from 64 to 8192 (pixels); left out: 16:9",
        example="1280",
        read=_whole(64, 8192, step=2),
        write=written,
    ),
    Field(
        name="height",
        help="",
        allowed="an even number from 64 to 4320 (lines)",
        example="720",
        read=_whole(64, 4320, step=2),
        write=written,
    ),
    Field(
        name="average_kbps",
        help="",
        allowed="a whole number from 50 to 200000 (kb/s)",
        example="3000",
        read=_whole(50, 200_000),
        write=written,
    ),
    Field(
        name="max_kbps",
        help="",
        allowed="a whole number from 50 to 400000 (kb/s); left out: one and a half times average_kbps",
        example="4500",
        read=_whole(50, 400_000),
        write=written,
    ),
    Field(
        name="crf",
        help="",
        allowed="16 to 40 (x264's scale; less is better); left out: as in the default ladder",
        example="22",
        read=_whole(16, 40),
        write=written,
    ),
    Field(
        name="frame_rate",
        help="",
        allowed=f"{_quoted((_FULL, _HALF))} (of 48 and more pictures a second, every second one)",
        example=written(_FULL),
        read=_halved,
        write=lambda value: written(_HALF if value else _FULL),
    ),
    Field(
        name="codecs",
        help="",
        allowed=f"a list of {_quoted(_CODECS)}, none twice; left out: the codecs of the profile",
        example=written(_CODECS),
        read=_codecs,
        write=written,
    ),
)
