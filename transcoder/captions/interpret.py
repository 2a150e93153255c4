"""What the child found inside a source, as an asset's tracks: times from the plan's zero, text, names, notes. Pure.

The child's word is no more than a stranger's: text goes through the same readers as an uploaded file.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import msgspec

from manifests.captions import cue_text, srt
from manifests.captions.collector import Collector
from manifests.captions.model import CaptionTrack, Cue, Format
from manifests.captions.read import read
from manifests.captions.write import timestamp
from manifests.errors import CaptionError
from transcoder import languages
from transcoder.captions.found import FoundCaptions, FoundTrack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcoder.captions.listed import CaptionKind
    from transcoder.plan import Plan

_LASTS_MS: Final = 5000
"""How long a text stays whose end nobody tells, unless the next one comes."""
_STEP_MS: Final = 20
_NAME: Final = 40
_PICTURES: Final = {
    "hdmv_pgs_subtitle": "Blu-ray (PGS)", "dvb_subtitle": "DVB", "dvd_subtitle": "DVD (VobSub)", "xsub": "DivX (XSUB)",
}  # fmt: skip


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """The dispositions of a stream."""

    default: bool = False
    forced: bool = False
    hearing_impaired: bool = False
    visual_impaired: bool = False
    descriptions: bool = False


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """A text track, or a channel of CEA-608. Cues: start, end, text, settings, identifier; ticks of `time_base`."""

    stream: int
    codec: str
    time_base: str
    cues: tuple[tuple[int, int | None, str, str, str], ...]
    language: str | None = None
    title: str = ""
    marks: Marks = Marks()
    header: str = ""
    channel: str = ""
    is_cut: bool = False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    refused: str = ""
    texts: tuple[Stream, ...] = ()
    closed: tuple[Stream, ...] = ()
    dtvcc: bool = False
    error: str = ""


def interpret(answer: Answer, plan: Plan) -> FoundCaptions:
    """The tracks, in the order of the file, and what could not become one."""
    notes = ["The file could not be searched for captions: it is damaged."] if answer.refused else []
    zero, length = zero_of(plan), round(plan.duration * 1000)
    tracks: list[FoundTrack] = []
    # A mark that every track has, or the only one, is what the program that wrote the file always sets.
    tells = 0 < sum(stream.marks.default for stream in answer.texts) < len(answer.texts)
    for stream in (*answer.texts, *answer.closed):
        if stream.codec in _PICTURES:
            notes.append(_about(stream, f"{_PICTURES[stream.codec]} subtitles are pictures and cannot become text"))
            continue
        try:
            found = _cues(stream, zero, length)
        except CaptionError as exc:
            notes.append(_about(stream, f"nothing can be read of this text track: {exc.message.rstrip('.')}"))
            continue
        if not found.cues:
            notes.append(_about(stream, "this text track is empty"))
            continue
        tracks.append(_track(stream, found, plan, default=tells and stream.marks.default))
    if answer.dtvcc and not answer.closed:
        notes.append("The picture carries CEA-708 captions without CEA-608 beside them: they cannot be read.")
    if answer.error:
        notes.append("The file is damaged: captions behind the damage are missing.")
    return FoundCaptions(tracks=tuple(_named(_one_default(tracks))), notes=tuple(notes))


def zero_of(plan: Plan) -> Fraction:
    """Seconds on the source's clock of the plan's zero: its first picture, or without one its first sound."""
    if plan.video is not None:
        return plan.video.origin * plan.video.time_base
    return plan.audio[0].origin * plan.audio[0].time_base


def _cues(stream: Stream, zero: Fraction, length: int) -> CaptionTrack:
    """Raises CaptionError."""
    scale = Fraction(stream.time_base) * 1000
    timed: list[_Timed] = []
    for place, (start, end, text, settings, identifier) in enumerate(stream.cues):
        begins = round(start * scale - zero * 1000)
        following = next((cue[0] for cue in stream.cues[place + 1 :] if cue[0] > start), None) if end is None else None
        if end is not None:
            ends = round(end * scale - zero * 1000)
        else:
            ends = begins + _LASTS_MS
            if following is not None:
                ends = min(ends, round(following * scale - zero * 1000))
        if begins < length and ends > 0:
            timed.append((max(begins, 0), max(ends, 1), text, settings, identifier))
    if stream.codec == "ttml":
        return _ttml(timed, shift=-round(zero * 1000))
    return _READERS.get(stream.codec, _plain)(stream, timed)


_Timed = tuple[int, int, str, str, str]


def _collected(format: Format, cues: Sequence[_Timed], *, escaped: bool) -> CaptionTrack:
    collector = Collector()
    for start, end, text, settings, identifier in cues:
        said = text if escaped else cue_text.escape(text)
        collector.add(start, end, said, settings=settings, identifier=identifier)
    return collector.track(format) if any(cue[2].strip() for cue in cues) else CaptionTrack(cues=(), format=format)


def _marked(stream: Stream, cues: Sequence[_Timed]) -> CaptionTrack:
    """WebVTT, and timed text that the child has marked up."""
    return _collected("webvtt", cues, escaped=True)


def _plain(stream: Stream, cues: Sequence[_Timed]) -> CaptionTrack:
    if stream.codec == "unknown":
        raise CaptionError("unknown-format", "its format is not known here")
    return _collected("srt", cues, escaped=False)


def _closed(stream: Stream, cues: Sequence[_Timed]) -> CaptionTrack:
    """CEA-608: plain text; the place of `settings` says whether it is italic."""
    marked = []
    for start, end, text, style, identifier in cues:
        said = cue_text.escape(text)
        marked.append((start, end, f"<i>{said}</i>" if style == "i" else said, "", identifier))
    return _collected("scc", marked, escaped=True)


def _subrip(stream: Stream, cues: Sequence[_Timed]) -> CaptionTrack:
    """Each packet is the text of a cue: as a file, for the reader of files."""
    blocks = []
    for number, (start, end, text, *_) in enumerate(cues, 1):
        lines = [line for line in text.replace("\r", "\n").split("\n") if line.strip() and "-->" not in line]
        if lines:
            blocks.append("\n".join((str(number), f"{_srt_time(start)} --> {_srt_time(end)}", *lines)))
    return srt.parse("\n\n".join(blocks) + "\n") if blocks else CaptionTrack(cues=(), format="srt")


def _srt_time(ms: int) -> str:
    return timestamp(ms).replace(".", ",")


def _ass(stream: Stream, cues: Sequence[_Timed]) -> CaptionTrack:
    """Each packet is a line of dialogue without its times, which a file could tell in hundredths only: the reader gets
    numbers in their place."""
    lines = []
    for number, (_, _, text, *_) in enumerate(cues):
        fields = text.split(",", 8)  # ReadOrder, Layer, Style, Name, three margins, Effect, Text
        if len(fields) == 9:
            at = number * _STEP_MS
            times = f"{_ass_time(at)},{_ass_time(at + _STEP_MS // 2)}"
            said = fields[8].replace("\r", " ").replace("\n", " ")
            lines.append(f"Dialogue: {fields[1]},{times},{','.join(fields[2:8])},{said}")
    header = stream.header.partition("[Events]")[0]
    columns = "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
    found = read("\n".join((header, "[Events]", columns, *lines, "")).encode(), "subtitles.ass")
    moved = tuple(
        replace(cue, start=cues[cue.start // _STEP_MS][0], end=cues[cue.start // _STEP_MS][1]) for cue in found.cues
    )
    return replace(found, cues=tuple(sorted(moved, key=lambda cue: cue.start)))


def _ass_time(ms: int) -> str:
    return timestamp(ms)[:-1].removeprefix("0")


def _ttml(cues: Sequence[_Timed], *, shift: int) -> CaptionTrack:
    """Each packet is a document whose times count as those of the track do (ISO/IEC 14496-30 §4)."""
    found: dict[Cue, None] = {}
    warnings: tuple[str, ...] = ()
    for _, _, text, *_ in cues:
        document = read(text.encode(), "subtitles.ttml")
        found |= {
            replace(cue, start=max(0, cue.start + shift), end=cue.end + shift): None
            for cue in document.cues
            if cue.end + shift > 0
        }
        warnings = document.warnings
    return CaptionTrack(cues=tuple(sorted(found, key=lambda cue: cue.start)), format="ttml", warnings=warnings)


_READERS: Final = {
    "webvtt": _marked, "mov_text": _marked, "subrip": _subrip, "ass": _ass, "cea-608": _closed,
}  # fmt: skip


def _track(stream: Stream, found: CaptionTrack, plan: Plan, *, default: bool) -> FoundTrack:
    language = languages.tag(stream.language or "und")
    warnings = list(found.warnings)
    if stream.is_cut:
        warnings.append("The track has more text than can be taken over; its end is missing.")
    if stream.channel:
        spoken = next((track.language for track in plan.audio if track.default), "und")
        # The first channel is in the language of the programme (CTA-608-E §5); nothing tells that of the others.
        language = (language if language != "und" else spoken) if stream.channel == "CC1" else "und"
        if language == "und":
            warnings.append(f"The source does not say in which language {stream.channel} is.")
    title = "".join(sign for sign in stream.title if sign.isprintable()).strip()[:_NAME]
    return FoundTrack(
        language=language,
        name=title or stream.channel or languages.name(language) or f"Captions {stream.stream}",
        kind=_kind(stream),
        default=default,
        format=stream.codec,
        cues=found.cues,
        warnings=tuple(warnings),
    )


def _kind(stream: Stream) -> CaptionKind:
    if stream.marks.forced:
        return "forced"
    if stream.marks.visual_impaired or stream.marks.descriptions:
        return "descriptions"
    return "captions" if stream.marks.hearing_impaired or stream.channel else "subtitles"


def _one_default(tracks: Sequence[FoundTrack]) -> list[FoundTrack]:
    first = next((track for track in tracks if track.default and track.kind in {"subtitles", "captions"}), None)
    return [replace(track, default=track is first) for track in tracks]


def _named(tracks: Sequence[FoundTrack]) -> list[FoundTrack]:
    """No name twice."""
    found: list[FoundTrack] = []
    seen: Counter[str] = Counter()
    for track in tracks:
        seen[track.name] += 1
        count = seen[track.name]
        found.append(track if count == 1 else replace(track, name=f"{track.name} {count}"))
    return found


def _about(stream: Stream, said: str) -> str:
    name = languages.name(languages.tag(stream.language or "und"))
    return f"Stream {stream.stream}{f' ({name})' if name else ''}: {said}."
