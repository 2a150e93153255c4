"""Rate–quality plots as SVG files: no library, for two axes and a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log2
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from transcoder.per_title.bjontegaard import Point

if TYPE_CHECKING:
    from pathlib import Path


_WIDTH, _HEIGHT = 760, 460
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 40, 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Points joined by a line: faint (an expected curve) or with a mark and a label at each (a ladder)."""

    name: str
    points: Sequence[Point]
    color: str
    faint: bool = False
    labels: Sequence[str] = ()


_STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:#333}.grid{stroke:#ddd}.faint{opacity:.55;stroke-dasharray:3 3}"
    "@media(prefers-color-scheme:dark){svg{background:#15181d}text{fill:#ddd}.grid{stroke:#333}}"
)


def save(path: Path, title: str, lines: Sequence[Line]) -> None:
    """Rates on a logarithmic axis, VMAF on the other."""
    rates = [rate for line in lines for rate, _ in line.points]
    low, high = floor(2 * log2(min(rates))) / 2, ceil(2 * log2(max(rates))) / 2

    def x(rate: float) -> float:
        return _LEFT + (log2(rate) - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def y(vmaf: float) -> float:
        return _TOP + (100 - vmaf) / 100 * (_HEIGHT - _TOP - _BOTTOM)

    body = [f'<text x="{_LEFT}" y="22" font-weight="600">{escape(title)}</text>']
    for vmaf in range(0, 101, 20):
        body.append(f'<path class="grid" d="M{_LEFT} {y(vmaf):.1f}H{_WIDTH - _RIGHT}"/>')
        body.append(f'<text x="{_LEFT - 8}" y="{y(vmaf) + 4:.1f}" text-anchor="end">{vmaf}</text>')
    for rate in (125_000 * 2**step for step in range(8)):
        if 2**low <= rate <= 2**high:
            body.append(f'<path class="grid" d="M{x(rate):.1f} {_TOP}V{_HEIGHT - _BOTTOM}"/>')
            text = f"{rate // 1000} kb/s" if rate < 1_000_000 else f"{rate // 1_000_000} Mb/s"
            body.append(f'<text x="{x(rate):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{text}</text>')
    for place, line in enumerate(line for line in lines if not line.faint):
        down = _HEIGHT - _BOTTOM - 12 - 18 * place
        body.append(f'<circle cx="{_WIDTH - 190}" cy="{down - 4}" r="4" fill="{line.color}"/>')
        body.append(f'<text x="{_WIDTH - 180}" y="{down}">{escape(line.name)}</text>')
    for line in lines:
        joined = " ".join(f"{x(rate):.1f},{y(vmaf):.1f}" for rate, vmaf in line.points)
        kind = ' class="faint"' if line.faint else ' stroke-width="2"'
        body.append(f'<polyline points="{joined}" fill="none" stroke="{line.color}"{kind}/>')
        for place, (rate, vmaf) in enumerate(() if line.faint else line.points):
            body.append(f'<circle cx="{x(rate):.1f}" cy="{y(vmaf):.1f}" r="4" fill="{line.color}"/>')
            if place < len(line.labels):
                # Below the mark, towards the middle.
                right = x(rate) < _WIDTH - 110
                at, anchor = (x(rate) + 7, "start") if right else (x(rate) - 2, "end")
                body.append(
                    f'<text x="{at:.1f}" y="{y(vmaf) + 16:.1f}" text-anchor="{anchor}">'
                    f"{escape(line.labels[place])}</text>"
                )
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"><title>{escape(title)}'
        f'</title><style>{_STYLE}</style><text x="14" y="{_TOP - 6}">VMAF</text>{"".join(body)}</svg>\n'
    )
