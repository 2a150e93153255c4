"""CEA-608 line 21 captions (CTA-608-E) as texts with times: a screen of 15 rows and 32 columns for each channel.

    pop-on     a caption is written out of sight and shown whole (RCL … EOC)
    roll-up    lines are written at the bottom, and older ones move up (RU2 to RU4, CR)
    paint-on   a caption is written in sight (RDC)

A pop-on caption lasts from the picture that shows it to the one that takes it away. What is written in sight grows by
two letters a picture; nobody wants a cue for each, so a line is one cue from where it begins until it is complete and
moves up, or is erased. Standard library only: the child in the sandbox imports it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

ROWS: Final = 15
COLUMNS: Final = 32

# CTA-608-E table 50: where the basic set differs from ASCII.
_BASIC: Final = {
    0x27: "’", 0x2A: "á", 0x5C: "é", 0x5E: "í", 0x5F: "ó", 0x60: "ú", 0x7B: "ç", 0x7C: "÷", 0x7D: "Ñ", 0x7E: "ñ",
    0x7F: "█",
}  # fmt: skip
_SPECIAL: Final = "®°½¿™¢£♪à\u00a0èâêîôû"
# Tables 5 to 10: each takes the place of the letter before it, for decoders that do not know it.
_EXTENDED: Final = {
    0x12: "ÁÉÓÚÜü‘¡*'—©℠•“”ÀÂÇÈÊËëÎÏïÔÙùÛ«»",
    0x13: "ÃãÍÌìÒòÕõ{}\\^_|~ÄäÖöß¥¤¦ÅåØø┌┐└┘",
}
# The first byte of a preamble address code says two rows (table 53), bit 5 of the second which.
_PREAMBLE_ROWS: Final = {0x10: (11, 11), 0x11: (1, 2), 0x12: (3, 4), 0x13: (12, 13), 0x14: (14, 15), 0x15: (5, 6),
                         0x16: (7, 8), 0x17: (9, 10)}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A text on the screen from `start` to `end` (in the caller's unit), one line a row; `italic` if all of it is."""

    start: int
    end: int
    text: str
    italic: bool = False


Cell = tuple[str, bool]
Screen = dict[int, dict[int, Cell]]


@dataclass(slots=True)
class _Channel:
    """One of the two channels of a field. `hidden` is the memory out of sight. `since`: from when the screen has been
    as it is, or has been growing to what it is."""

    shown: Screen = field(default_factory=dict)
    hidden: Screen = field(default_factory=dict)
    mode: str = ""
    depth: int = 2
    row: int = ROWS
    column: int = 0
    italic: bool = False
    since: int = 0
    told: list[Spoken] = field(default_factory=list)

    def tell(self, now: int) -> None:
        """The screen is about to change for good: what it shows ends here."""
        text, italic = _text(self.shown)
        if text and now > self.since:
            last = self.told[-1] if self.told else None
            if last is not None and (last.text, last.end) == (text, self.since):
                self.told[-1] = Spoken(start=last.start, end=now, text=text, italic=italic)
            else:
                self.told.append(Spoken(start=self.since, end=now, text=text, italic=italic))
        self.since = now

    def write(self, letters: str, now: int) -> None:
        if self.mode not in {"pop", "roll", "paint"}:
            return
        if self.mode != "pop" and not self.shown:
            self.since = now
        screen = self.hidden if self.mode == "pop" else self.shown
        for letter in letters:
            screen.setdefault(self.row, {})[self.column] = (letter, self.italic)
            self.column = min(self.column + 1, COLUMNS - 1)

    def back(self) -> None:
        """Backspace."""
        self.column = max(self.column - 1, 0)
        screen = self.hidden if self.mode == "pop" else self.shown
        screen.get(self.row, {}).pop(self.column, None)

    def place(self, row: int, column: int) -> None:
        if self.mode == "roll" and row != self.row:
            # The base row moves, and the lines that are shown with it (CTA-608-E §8.4.2).
            self.shown = {there + row - self.row: cells for there, cells in self.shown.items()}
        self.row, self.column = row, column

    def control(self, code: int, now: int) -> None:
        """A miscellaneous control code (table 49) by its second byte."""
        match code:
            case 0x20:  # RCL
                self.mode = "pop"
            case 0x21:  # BS
                self.back()
            case 0x24:  # DER
                screen = self.hidden if self.mode == "pop" else self.shown
                row = screen.get(self.row, {})
                for column in [column for column in row if column >= self.column]:
                    del row[column]
            case 0x25 | 0x26 | 0x27:  # RU2, RU3, RU4
                if self.mode != "roll":
                    self.tell(now)
                    self.shown, self.hidden = {}, {}
                    self.row, self.column = ROWS, 0
                self.mode, self.depth = "roll", code - 0x23
            case 0x29:  # RDC
                self.mode = "paint"
            case 0x2A | 0x2B:  # TR, RTD: text services, no captions
                self.mode = "text"
            case 0x2C:  # EDM
                self.tell(now)
                self.shown = {}
            case 0x2D if self.mode == "roll":  # CR
                self.tell(now)
                top = self.row - self.depth + 1
                self.shown = {row - 1: cells for row, cells in self.shown.items() if top < row <= self.row}
                self.column = 0
            case 0x2E:  # ENM
                self.hidden = {}
            case 0x2F:  # EOC
                self.tell(now)
                self.mode, self.shown, self.hidden = "pop", self.hidden, self.shown
            case _:
                pass


class Decoder:
    """One field: two channels. Feed it pairs in order of presentation, then `close` it."""

    def __init__(self) -> None:
        self._channels = (_Channel(), _Channel())
        self._current = 0
        self._last = (0, 0)
        self._in_xds = False

    def feed(self, first: int, second: int, now: int) -> None:
        """A pair of bytes, with parity, at a time."""
        first, second = first & 0x7F, second & 0x7F
        # Control codes are sent twice; the second counts only if the first was lost (CTA-608-E §8.6.1).
        repeated = (first, second) == self._last
        self._last = (0, 0) if repeated else (first, second)
        if first < 0x10:
            # Field 2: a packet of extended data services begins, or ends (§9).
            self._in_xds = first not in {0x00, 0x0F}
        elif first < 0x20:
            self._in_xds = False
            if not repeated:
                self._current = first >> 3 & 1
                self._command(first & 0x17, second, now)
        elif not self._in_xds:
            self._last = (0, 0)
            letters = "".join(_BASIC.get(code, chr(code)) for code in (first, second) if code >= 0x20)
            self._channels[self._current].write(letters, now)

    def close(self, now: int) -> tuple[tuple[Spoken, ...], tuple[Spoken, ...]]:
        """What both channels said, the end being at `now`."""
        for channel in self._channels:
            channel.tell(now)
        first, second = self._channels
        return tuple(first.told), tuple(second.told)

    def _command(self, first: int, second: int, now: int) -> None:
        channel = self._channels[self._current]
        if second >= 0x40:
            row = _PREAMBLE_ROWS[first][second >> 5 & 1]
            style = second >> 1 & 0xF
            channel.place(row, (style - 8) * 4 if style >= 8 else 0)
            channel.italic = style == 7
        elif first == 0x11 and 0x20 <= second < 0x30:  # a mid-row code takes a column
            channel.italic = second >> 1 & 7 == 7
            channel.write(" ", now)
        elif first == 0x11 and 0x30 <= second < 0x40:
            channel.write(_SPECIAL[second - 0x30], now)
        elif first in _EXTENDED and 0x20 <= second < 0x40:
            channel.back()
            channel.write(_EXTENDED[first][second - 0x20], now)
        elif first in {0x14, 0x15} and 0x20 <= second < 0x30:
            channel.control(second, now)
        elif first == 0x17 and 0x21 <= second <= 0x23:  # TO1 to TO3
            channel.column = min(channel.column + second - 0x20, COLUMNS - 1)


def _text(screen: Screen) -> tuple[str, bool]:
    """The rows of a screen from top to bottom, and whether every letter is italic."""
    lines, styles = [], []
    for row in sorted(screen):
        cells = screen[row]
        if not cells:
            continue
        line = "".join(cells[column][0] if column in cells else " " for column in range(max(cells) + 1))
        if line.strip():
            lines.append(" ".join(line.split()))
            styles += [italic for letter, italic in cells.values() if letter.strip()]
    return "\n".join(lines), bool(styles) and all(styles)
