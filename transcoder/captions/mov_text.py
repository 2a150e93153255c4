"""3GPP timed text samples (3GPP TS 26.245 §5.16), as MP4 files carry them ("tx3g", "mov_text"): text with styles.

Standard library only: the child in the sandbox imports it.
"""

from __future__ import annotations

import struct
from html import escape
from typing import Final

_FACES: Final = ((1, "b"), (2, "i"), (4, "u"))


def cue_text(sample: bytes) -> str:
    """A sample as WebVTT cue text with <b>, <i>, <u>; empty for one that clears the screen, or is damaged."""
    if len(sample) < 2:
        return ""
    length = int.from_bytes(sample[:2], "big")
    body = sample[2 : 2 + length]
    encoding = "utf-16" if body[:2] in {b"\xfe\xff", b"\xff\xfe"} else "utf-8"
    text = body.decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n")
    return _styled(text, _styles(sample[2 + length :]))


def _styles(boxes: bytes) -> list[tuple[int, int, int]]:
    """(start, end, face) in characters, of the "styl" box if there is one (§5.17.1.1)."""
    at = 0
    while at + 8 <= len(boxes):
        size, kind = struct.unpack_from(">I4s", boxes, at)
        if kind == b"styl" and at + 10 <= len(boxes):
            count = int.from_bytes(boxes[at + 8 : at + 10], "big")
            records = boxes[at + 10 : at + 10 + 12 * count]
            whole = len(records) // 12
            return [(start, end, face) for start, end, _, face, *_ in (
                struct.unpack_from(">HHHBB4s", records, 12 * number) for number in range(whole)
            )]  # fmt: skip
        if size < 8:
            break
        at += size
    return []


def _styled(text: str, styles: list[tuple[int, int, int]]) -> str:
    pieces, at = [], 0
    for start, end, face in sorted(styles):
        tags = [tag for bit, tag in _FACES if face & bit]
        if not tags or not at <= start < end <= len(text):
            continue
        opened = "".join(f"<{tag}>" for tag in tags)
        closed = "".join(f"</{tag}>" for tag in reversed(tags))
        pieces += [escape(text[at:start], quote=False), opened, escape(text[start:end], quote=False), closed]
        at = end
    return "".join((*pieces, escape(text[at:], quote=False)))
