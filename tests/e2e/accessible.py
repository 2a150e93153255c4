"""What a page lacks for people who see it badly, or not at all: axe-core by the rules of WCAG 2.2, levels A and AA."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.e2e.stack import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

_AXE: Final = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
# Level A of WCAG 2.1 adds one rule that machines look for, "label in name" (2.5.3). media-chrome's clock and rate
# buttons show "0:01 / 0:07" and "1x", and are called by what they do.
_RUN: Final = """async () => {
  const rules = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] };
  const { violations } = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
  return violations.map(({ id, help, nodes }) => [id, help, nodes.map((node) => [node.html, node.failureSummary])]);
}"""


@cache
def _axe() -> str:
    return _AXE.read_text()


def lacking(page: Page) -> list[Any]:
    """Of the page as it is now, in both colour schemes: each rule that it breaks, and where."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        until(lambda: page.evaluate("document.getAnimations().every((each) => each.playState !== 'running')"), "rest")
        page.evaluate(_axe())
        found += [[scheme, *violation] for violation in page.evaluate(_RUN)]
    page.emulate_media(color_scheme="null", reduced_motion="null")
    return found
