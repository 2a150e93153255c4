"""Inputs for targets: pieces of the format strung together, and known good inputs with a few bytes changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence


def strung(pieces: Sequence[bytes], *, most: int = 24) -> st.SearchStrategy[bytes]:
    """Pieces of the format in any order, with a little noise between them."""
    return st.lists(st.sampled_from(pieces) | st.binary(max_size=6), max_size=most).map(b"".join)


@st.composite
def changed(draw: st.DrawFn, seeds: Sequence[bytes], pieces: Sequence[bytes] = (b"",)) -> bytes:
    """A seed with some of its bytes cut out, written over, or others put in."""
    body = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(body)))
        over = draw(st.integers(0, 8))
        put = draw(st.sampled_from(pieces) | st.binary(max_size=8))
        body = body[:at] + put + body[at + over :]
    return body


def boxes(kinds: Sequence[bytes], payloads: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """ISO boxes within boxes, most of them with a true size."""

    def boxed(kind: bytes, payload: bytes, lie: int) -> bytes:
        size = max(0, 8 + len(payload) + lie)
        return size.to_bytes(4, "big") + kind + payload

    lies = st.sampled_from([0] * 12 + [-8, -1, 1, 8, 1 << 30])
    leaf = st.builds(boxed, st.sampled_from(kinds), payloads, lies)
    return st.recursive(
        leaf,
        lambda inner: st.builds(boxed, st.sampled_from(kinds), st.lists(inner, max_size=4).map(b"".join), lies),
        max_leaves=12,
    )
