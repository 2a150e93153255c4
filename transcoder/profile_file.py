"""A profile's file: TOML to a profile or to all that is wrong with it, and back. Pure.

Whoever reads a message knows which file and field it is about, what may stand there, and an example.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from manifests.layout import is_name
from transcoder.profile import DEFAULT, LADDER, Codec, Encryption, Profile, Row
from transcoder.profile_fields import FIELDS, ROW_FIELDS, TENANTS, Field, written

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

SUFFIX: Final = ".toml"
ENCODERS: Final = {Codec.H264: "libx264", Codec.HEVC: "libx265", Codec.AV1: "libsvtav1"}
"""ffmpeg's names."""
_COMMON: Final = (Encryption.CBCS, Encryption.CENC)
_LADDER: Final = "ladder"
_MOST_ROWS: Final = 12
_NAMES: Final = (TENANTS.name, *(field.name for field in FIELDS), _LADDER)
_STEEP: Final = 1.6  # Apple 1.30, with a decoder buffer of a quarter of a segment: see ladder.settings_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedProfile:
    """`profile` is None if there are `errors`. `warnings` are of one that is used all the same."""

    name: str
    profile: Profile | None = None
    tenants: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def parse(text: str, *, name: str) -> ParsedProfile:
    """`name` is the file's, without its suffix."""
    file = f"{name}{SUFFIX}"
    if not is_name(name):
        return ParsedProfile(name=name, errors=(f"{file}: name it by letters, digits, - and _, 64 at most",))
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        return ParsedProfile(name=name, errors=(f"{file}: this is not TOML: {exc}",))
    errors = list(_unknown(found, _NAMES))
    values = _values(found, (TENANTS, *FIELDS), errors)
    tenants = values.pop(TENANTS.name, ())
    profile = replace(DEFAULT, **{"name": name, "description": "", **values})
    if _LADDER in found:
        profile = replace(profile, ladder=_ladder(found[_LADDER], profile, errors))
    else:
        profile = replace(profile, ladder=tuple(replace(row, codecs=profile.codecs) for row in profile.ladder))
    if not errors:
        errors += _contradictions(profile)
    return ParsedProfile(
        name=name, profile=None if errors else profile, tenants=tenants,
        errors=tuple(f"{file}: {error}" for error in errors),
        warnings=tuple(f"{file}: {warning}" for warning in _doubts(profile)),
    )  # fmt: skip


def on_this_machine(parsed: ParsedProfile, encoders: Container[str]) -> ParsedProfile:
    """The same with an error for whatever the ffmpeg at hand, which has these `encoders`, cannot make."""
    lacking = [codec for codec in (parsed.profile.codecs if parsed.profile else ()) if ENCODERS[codec] not in encoders]
    return _lacking(parsed, [f"codecs: {codec} needs an ffmpeg with {ENCODERS[codec]}" for codec in lacking])


def without_packager(parsed: ParsedProfile) -> ParsedProfile:
    """The same with an error for what needs Shaka Packager, on a machine that has none."""
    scheme = None if parsed.profile is None else parsed.profile.encryption
    if scheme not in _COMMON:
        return parsed
    return _lacking(parsed, [f"encryption: {scheme} needs Shaka Packager: install it, or set CHANNEL_PACKAGER"])


def _lacking(parsed: ParsedProfile, errors: Sequence[str]) -> ParsedProfile:
    if not errors:
        return parsed
    return replace(parsed, profile=None, errors=tuple(f"{parsed.name}{SUFFIX}: {error}" for error in errors))


def render(profile: Profile, *, tenants: Sequence[str] = ()) -> str:
    """A whole file: every field, with what it is for."""
    lines = [f"# {TENANTS.help}", f"tenants = {written(tuple(tenants))}"] if tenants else []
    for field in FIELDS:
        lines += [
            "",
            f"# {field.help}",
            f"# Write {field.allowed}.",
            f"{field.name} = {field.write(getattr(profile, field.name))}",
        ]
    lines += [
        "",
        "# The ladder: boxes that the picture is fitted into, turned for portrait; none is larger than the source.",
        "# Rates are those of H.264 at up to 30 pictures a second. A step may also say width (else it is 16:9),",
        "# max_kbps (else one and a half times average_kbps) and codecs (else all of the above).",
        f"{_LADDER} = [",
        *(f"  {{ {', '.join(_row_texts(row, profile))} }}," for row in profile.ladder),
        "]",
    ]
    return "\n".join(lines).lstrip("\n") + "\n"


def _row_texts(row: Row, profile: Profile) -> Iterable[str]:
    values: Mapping[str, Any] = {
        "width": row.width, "height": row.height, "average_kbps": row.average // 1000,
        "max_kbps": row.maxrate // 1000, "crf": row.crf, "frame_rate": row.halved, "codecs": row.codecs,
    }  # fmt: skip
    usual = _row({"height": row.height, "average_kbps": row.average // 1000}, profile)
    own = {
        "width": row.width != usual.width,
        "max_kbps": row.maxrate != usual.maxrate,
        "codecs": row.codecs != usual.codecs,
    }
    for field in ROW_FIELDS:
        if own.get(field.name, True):
            yield f"{field.name} = {field.write(values[field.name])}"


def _values(found: Mapping[str, Any], fields: Iterable[Field], errors: list[str], at: str = "") -> dict[str, Any]:
    values = {}
    for field in fields:
        if field.name in found:
            try:
                values[field.name] = field.read(found[field.name])
            except ValueError:
                errors.append(
                    f"{at}{field.name} = {_shown(found[field.name])}: write {field.allowed}, for example "
                    f"{field.name} = {field.example}"
                )
    return values


def _unknown(found: Iterable[str], known: Sequence[str], at: str = "") -> Iterable[str]:
    for name in found:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            yield f"{at}{name}: there is no such field; " + (
                f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            )


def _shown(value: Any) -> str:
    shown = written(tuple(value) if isinstance(value, list) else value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _ladder(found: Any, profile: Profile, errors: list[str]) -> tuple[Row, ...]:
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        errors.append(f"{_LADDER}: write a table [[{_LADDER}]] for each step, with height and average_kbps")
        return profile.ladder
    if not 1 <= len(found) <= _MOST_ROWS:
        errors.append(f"{_LADDER}: {len(found)} steps: write 1 to {_MOST_ROWS}")
        return profile.ladder
    rows = []
    for number, each in enumerate(found, 1):
        at = f"{_LADDER}, step {number}: "
        errors += _unknown(each, [field.name for field in ROW_FIELDS], at)
        values = _values(each, ROW_FIELDS, errors, at)
        lacking = [field for field in ROW_FIELDS if field.name in ("height", "average_kbps") and field.name not in each]
        errors += [f"{at}{field.name} is missing, for example {field.name} = {field.example}" for field in lacking]
        if "height" in values and "average_kbps" in values:
            rows.append(_row(values, profile))
    return tuple(sorted(rows, key=lambda row: (row.width * row.height, row.average))) or profile.ladder


def _row(values: Mapping[str, Any], profile: Profile) -> Row:
    height, average = values["height"], values["average_kbps"]
    like = min(LADDER, key=lambda row: abs(row.height - height))
    return Row(
        width=values.get("width", 2 * round(height * 8 / 9)),
        height=height,
        average=average * 1000,
        maxrate=values["max_kbps"] * 1000 if "max_kbps" in values else average * 1500,
        crf=values.get("crf", like.crf),
        halved=values.get("frame_rate", False),
        codecs=values.get("codecs", profile.codecs),
    )


def _contradictions(profile: Profile) -> Iterable[str]:
    """What no field can see alone."""
    if profile.segment % profile.gop:
        yield (
            f"segment = {profile.segment}: not a multiple of gop = {profile.gop}, for example segment = "
            f"{profile.gop * max(1, round(profile.segment / profile.gop))}"
        )
    if profile.key_rotation % profile.segment:
        yield (
            f"key_rotation = {profile.key_rotation}: not a multiple of segment = {profile.segment}, for example "
            f"key_rotation = {profile.segment * max(1, round(profile.key_rotation / profile.segment))}"
        )
    if profile.key_rotation and profile.encryption is Encryption.NONE:
        yield f'key_rotation = {profile.key_rotation}: there is no key with encryption = "none"'
    if profile.key_rotation and profile.encryption in _COMMON:
        yield (
            f"key_rotation = {profile.key_rotation}: {profile.encryption} has one key for all, which the init section "
            "names; write 0"
        )
    if Codec.H264 not in profile.codecs:
        yield f'codecs = {written(profile.codecs)}: "h264" must be among them, for players that know nothing else'
    if Codec.H264 not in profile.ladder[0].codecs:
        yield f'{_LADDER}, {_size(profile.ladder[0])}: the smallest step must be in "h264", for every player'
    for row in profile.ladder:
        if strange := [codec for codec in row.codecs if codec not in profile.codecs]:
            yield f"{_LADDER}, {_size(row)}: {strange[0]} is not among codecs = {written(profile.codecs)}"
        if row.maxrate < row.average:
            yield f"{_LADDER}, {_size(row)}: max_kbps = {row.maxrate // 1000} is less than average_kbps"
    for small, large in pairwise(profile.ladder):
        if (small.width, small.height) == (large.width, large.height):
            yield f"{_LADDER}: two steps of {_size(small)}; leave one out"
        elif small.average >= large.average:
            yield (
                f"{_LADDER}, {_size(large)}: average_kbps = {large.average // 1000} is not more than the "
                f"{small.average // 1000} of {_size(small)}"
            )


def _doubts(profile: Profile) -> Iterable[str]:
    """What can be done, and may not be meant."""
    if profile.encryption is Encryption.AES_128:
        yield 'encryption = "aes-128": there is no such thing in DASH, so this is HLS only ("cbcs" is for both)'
    for row in profile.ladder:
        if row.maxrate > _STEEP * row.average:
            yield (
                f"{_LADDER}, {_size(row)}: max_kbps = {row.maxrate // 1000} lets peaks rise above twice the average "
                f"(Apple's rule 1.30); {int(_STEEP * row.average) // 1000} does not"
            )


def _size(row: Row) -> str:
    return f"{row.width}x{row.height}"
