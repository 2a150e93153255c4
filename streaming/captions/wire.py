"""What requests say about captions, checked: the naming of a track, and its text from a file or from an editor."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from manifests.captions import cue_settings, cue_text
from manifests.captions.model import MAX_BYTES, MAX_CUES, Cue
from manifests.captions.read import read
from manifests.captions.write import segments
from manifests.errors import CaptionError
from streaming.captions.errors import CaptionsUnreadable
from streaming.captions.model import Kind, Naming, Text
from streaming.catalog.errors import BadQuery
from streaming.catalog.languages import canonical
from streaming.http.body import InvalidField, convert, decode_json, read_bytes
from transcoder import languages
from transcoder.describe.captions import SEGMENT_MS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

BODY: Final = MAX_BYTES
JSON: Final = "application/json"
_NAME: Final = 100
_FILENAME: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class CueInput:
    """Times in ms; text with WebVTT's tags, cleaned when it is stored."""

    start: int
    end: int
    text: str
    settings: str = ""
    identifier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cues:
    """All cues of a track, in any order."""

    cues: list[CueInput] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionPatch:
    """A merge patch (RFC 7396): what is named is replaced, everything else stays."""

    language: str | None = None
    name: str | None = None
    kind: Kind | None = None
    default: bool | None = None


def naming_of(query: Mapping[str, str]) -> Naming:
    """The naming that a query asks for. Raises BadQuery."""
    language = canonical(query.get("language", ""))
    if language is None:
        raise BadQuery("language", "say the language as a tag like en, pt-BR or zh-Hant (BCP 47).")
    kinds = [kind.value for kind in Kind]
    kind = query.get("kind") or Kind.SUBTITLES.value
    if kind not in kinds:
        raise BadQuery("kind", f"one of {', '.join(kinds)}.")
    default = query.get("default", "").lower()
    if default not in {"", "true", "false", "1", "0"}:
        raise BadQuery("default", "true or false.")
    name = query.get("name", "").strip()
    if not _is_name(name or "-"):
        raise BadQuery("name", f"one line of at most {_NAME} characters.")
    found = Naming(
        language=language, name=name or _usual_name(language, Kind(kind)), kind=Kind(kind),
        default=default in {"true", "1"},
    )  # fmt: skip
    if found.default and not found.kind.can_be_default:
        raise BadQuery("default", f"{kind} cannot be the default: it is for subtitles and captions.")
    return found


def patched(naming: Naming, patch: Mapping[str, Any]) -> Naming:
    """The naming under a merge patch. Raises InvalidField."""
    wanted = convert(dict(patch), CaptionPatch)
    if any(value is None for value in patch.values()):
        name = next(name for name, value in patch.items() if value is None)
        raise InvalidField("it can be changed, not removed.", pointer=f"/{name}")
    changes = {name: getattr(wanted, name) for name in patch}
    if "language" in changes:
        changes["language"] = canonical(changes["language"])
        if changes["language"] is None:
            raise InvalidField("it must be a language tag like en, pt-BR or zh-Hant (BCP 47).", pointer="/language")
    if "name" in changes:
        changes["name"] = changes["name"].strip()
        if not _is_name(changes["name"]):
            raise InvalidField(f"it must be one line of 1 to {_NAME} characters.", pointer="/name")
    found = replace(naming, **changes)
    if found.default and not found.kind.can_be_default:
        if wanted.default:
            raise InvalidField(f"{found.kind} cannot be the default.", pointer="/default")
        found = replace(found, default=False)
    return found


async def read_text(request: Request) -> Text:
    """The body as the text of a track (see `text_of`). Raises TooLarge as well.

    In a thread: megabytes take seconds, in which others want to be served.
    """
    body = await read_bytes(request, limit=BODY)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return await asyncio.to_thread(text_of, body, media_type=media_type, query=request.query_params)


def text_of(body: bytes, *, media_type: str, query: Mapping[str, str]) -> Text:
    """A body as the text of a track: JSON cues, or a caption file of any kind that can be read.

    Raises CaptionsUnreadable, MalformedJson, InvalidField.
    """
    if media_type == JSON:
        return _of_editor(decode_json(body, Cues).cues)
    filename = query.get("filename", "")
    shown = "".join(sign for sign in filename.replace("\\", "/").rpartition("/")[2] if sign.isprintable())
    try:
        track = read(body, shown, encoding=query.get("encoding") or None)
        _check_extent(track.cues)
    except CaptionError as exc:
        raise CaptionsUnreadable(exc) from exc
    return Text(cues=track.cues, format=track.format, filename=shown[:_FILENAME] or None, warnings=track.warnings)


def _of_editor(cues: Sequence[CueInput]) -> Text:
    if len(cues) > MAX_CUES:
        raise InvalidField(f"at most {MAX_CUES} cues.", pointer="/cues")
    made = []
    for number, each in enumerate(cues):
        try:
            made.append(
                Cue(
                    start=each.start, end=each.end, text=cue_text.clean(each.text),
                    settings=cue_settings.parse(each.settings), identifier=each.identifier,
                )
            )  # fmt: skip
        except CaptionError as exc:
            raise InvalidField(exc.message, pointer=f"/cues/{number}") from exc
    found = tuple(sorted(made, key=lambda cue: cue.start))
    try:
        _check_extent(found)
    except CaptionError as exc:
        raise InvalidField(exc.message, pointer="/cues") from exc
    return Text(cues=found, format="editor")


def _check_extent(cues: Sequence[Cue]) -> None:
    """Refuse now what could not be cut into segments later. Raises CaptionError."""
    if cues:
        segments(cues, max(cue.end for cue in cues), SEGMENT_MS)


def _is_name(name: str) -> bool:
    return 0 < len(name) <= _NAME and name.isprintable()


def _usual_name(language: str, kind: Kind) -> str:
    spoken = languages.name(language) or language
    return spoken if kind is Kind.SUBTITLES else f"{spoken} ({_KIND_NAMES[kind]})"


_KIND_NAMES: Final = {Kind.CAPTIONS: "CC", Kind.DESCRIPTIONS: "AD", Kind.FORCED: "forced"}
