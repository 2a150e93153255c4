from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from benchmarks.per_title.plot import Line, save

if TYPE_CHECKING:
    from pathlib import Path

LADDER = [(145e3, 24.0), (365e3, 57.0), (730e3, 73.0), (2000e3, 87.0), (3000e3, 95.0)]


def test_a_plot_is_an_image_with_every_rung(tmp_path: Path) -> None:
    path = tmp_path / "plot.svg"
    save(path, "a <clip>", [Line(name="chosen", points=LADDER, color="#0f766e", labels=["234", "360"])])
    root = ElementTree.fromstring(path.read_text())  # noqa: S314 - our own
    circles = [each for each in root.iter() if each.tag.endswith("circle")]
    assert len(circles) == len(LADDER) + 1
    for circle in circles:
        assert 0 <= float(circle.attrib["cx"]) <= 760
        assert 0 <= float(circle.attrib["cy"]) <= 460
