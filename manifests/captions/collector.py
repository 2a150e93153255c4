"""What every reader hands its cues to: they are cleaned, counted against the limits, and warnings are kept."""

from __future__ import annotations

from manifests.captions import cue_settings, cue_text
from manifests.captions.model import MAX_CUES, MAX_TEXT, MAX_TIME, MAX_WARNINGS, CaptionTrack, Cue, Format, identifier
from manifests.errors import CaptionError


class Collector:
    """Cues and warnings of one file. Raises CaptionError as soon as a limit is passed."""

    def __init__(self) -> None:
        self._cues: list[Cue] = []
        self._warnings: list[str] = []
        self._unsaid = 0

    def add(
        self, start: int, end: int, text: str, *, settings: str = "", identifier: str = "", line: int | None = None
    ) -> None:
        """A cue with times in ms and cue text of any kind. One that would never show is left out with a warning."""
        if end <= start:
            self.warn("the caption ends before it begins, so it was left out.", line=line)
            return
        if start < 0 or end > MAX_TIME:
            self.warn("the caption lies outside of any video, so it was left out.", line=line)
            return
        clean = cue_text.clean(text)
        if len(clean) > MAX_TEXT:
            message = f"A caption has more than {MAX_TEXT} characters; probably an empty line is missing."
            raise CaptionError("cue-too-long", message, line=line)
        if not cue_text.plain(clean).strip():
            return
        if len(self._cues) == MAX_CUES:
            raise CaptionError("too-many-cues", f"The file has more than {MAX_CUES} captions.", line=line)
        cue = Cue(
            start=start,
            end=end,
            text=clean,
            settings=cue_settings.parse(settings),
            identifier=_identifier(identifier),
        )
        self._cues.append(cue)

    def warn(self, text: str, *, line: int | None = None) -> None:
        """Keep a sentence for the editor; `line` counts from 1."""
        sentence = text[0].upper() + text[1:] if line is None else f"Line {line}: {text}"
        if len(self._warnings) < MAX_WARNINGS - 1:
            self._warnings.append(sentence)
        else:
            self._unsaid += 1

    def track(self, format: Format) -> CaptionTrack:
        """All cues in order of their beginnings. Raises CaptionError if there is none."""
        if not self._cues:
            reason = f" {self._warnings[0]}" if self._warnings else ""
            raise CaptionError("no-cues", f"There is no caption in this file.{reason}")
        warnings = list(self._warnings)
        if self._unsaid:
            warnings.append(f"{self._unsaid} more of this kind.")
        cues = tuple(sorted(self._cues, key=lambda cue: cue.start))
        return CaptionTrack(cues=cues, format=format, warnings=tuple(warnings))


_identifier = identifier
