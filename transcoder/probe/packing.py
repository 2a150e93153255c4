"""Long lists of numbers on their way from the child to the service: short, and cheap to write and to read."""

from __future__ import annotations

import base64
import sys
import zlib
from array import array
from itertools import accumulate
from operator import sub
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def pack(numbers: Sequence[int]) -> str:
    """Numbers as the difference of each from the one before (the first as it is): 64 bits, little end first."""
    rising = numbers if isinstance(numbers, array) else array("q", numbers)
    deltas = array("q", rising[:1])
    deltas.extend(map(sub, rising[1:], rising))
    if sys.byteorder == "big":
        deltas.byteswap()
    return base64.b64encode(zlib.compress(deltas.tobytes(), 1)).decode("ascii")


def unpack(text: str) -> array[int]:
    """What `pack` was given. Raises ValueError, zlib.error."""
    deltas: array[int] = array("q")
    deltas.frombytes(zlib.decompress(base64.b64decode(text)))
    if sys.byteorder == "big":
        deltas.byteswap()
    return array("q", accumulate(deltas))
