"""The time as blocks of black and white, which a strip on top of a picture shows. Pure.

    32 blocks   milliseconds since the epoch, modulo 2^32, highest bit first
     8 blocks   CRC-8 of those (polynomial 0x07): a picture that cannot be read is known to be none

`READ` is the same for a page: it reads the strip of a video element.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

BITS: Final = 32
BLOCKS: Final = BITS + 8
BLACK, WHITE = 24, 232
"""Luma in limited range, far from what ringing at an edge could turn over."""
_POLYNOMIAL: Final = 0x107


def crc(value: int) -> int:
    """The remainder of `value`, followed by eight zeros, by the polynomial."""
    rest = value << 8
    for place in range(BITS + 7, 7, -1):
        if rest >> place & 1:
            rest ^= _POLYNOMIAL << (place - 8)
    return rest


def blocks(now_ms: int) -> tuple[bool, ...]:
    """True is white."""
    value = now_ms % (1 << BITS)
    coded = value << 8 | crc(value)
    return tuple(bool(coded >> place & 1) for place in range(BLOCKS - 1, -1, -1))


def read(seen: Sequence[bool]) -> int | None:
    """Milliseconds modulo 2^32; None: these are no blocks of ours."""
    coded = sum(bit << place for place, bit in enumerate(reversed(seen)))
    return coded >> 8 if crc(coded >> 8) == coded & 0xFF else None


def strip(now_ms: int, *, width: int, height: int) -> bytes:
    """Luma of `height` rows; `width` is a multiple of 40."""
    side = width // BLOCKS
    row = b"".join((b"%c" % (WHITE if white else BLACK)) * side for white in blocks(now_ms))
    return row * height


READ: Final = (
    """
const clock = new OffscreenCanvas(BLOCKS * 8, 8).getContext("2d", { willReadFrequently: true });
// Milliseconds between the moment that a video's picture shows and now; null: it shows none.
function behindBy(video, share, now) {
  clock.drawImage(video, 0, 0, video.videoWidth, video.videoHeight * share, 0, 0, BLOCKS * 8, 8);
  const { data } = clock.getImageData(0, 0, BLOCKS * 8, 8);
  let value = 0n;
  for (let block = 0; block < BLOCKS; block++) {
    let light = 0;
    for (let y = 3; y < 5; y++) for (let x = 3; x < 5; x++) light += data[4 * (y * BLOCKS * 8 + block * 8 + x) + 1];
    value = (value << 1n) | (light > 4 * 128 ? 1n : 0n);
  }
  let rest = value;
  for (let place = BLOCKS - 1; place > 7; place--)
    if ((rest >> BigInt(place)) & 1n) rest ^= 0x107n << BigInt(place - 8);
  if (rest !== 0n) return null;
  return Number(BigInt.asIntN(32, BigInt(now) - (value >> 8n)));
}
"""
).replace("BLOCKS", str(BLOCKS))  # fmt: skip
