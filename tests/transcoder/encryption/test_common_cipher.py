from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st

from transcoder.encryption.common_cipher import BLOCK, block_mode, counter_mode

KEY = bytes(range(16))
KEYS = st.binary(min_size=16, max_size=16)


@st.composite
def samples(draw: st.DrawFn) -> tuple[bytes, list[range]]:
    """A sample and ranges of it that do not overlap."""
    cuts = draw(st.lists(st.integers(0, 700), max_size=6).map(sorted))
    body = draw(st.binary(min_size=cuts[-1] if cuts else 0, max_size=(cuts[-1] if cuts else 0) + 20))
    return body, [range(*pair) for pair in zip(cuts[::2], cuts[1::2], strict=False)]


def one_by_one(body: bytes, ranges: list[range], *, iv: bytes, pattern: bool) -> bytes:
    """`cbcs` as ISO/IEC 23001-7 §9.6 and §10.4 tell it, block by block."""
    made = bytearray(body)
    for each in ranges:
        cipher = Cipher(AES(KEY), CBC(iv)).encryptor()
        for place, at in enumerate(range(each.start, each.stop - BLOCK + 1, BLOCK)):
            if place % 10 == 0 or not pattern:
                made[at : at + BLOCK] = cipher.update(bytes(made[at : at + BLOCK]))
    return bytes(made)


@given(samples(), KEYS, st.booleans())
def test_blocks_are_encrypted_in_their_pattern(sample: tuple[bytes, list[range]], iv: bytes, pattern: bool) -> None:
    body, ranges = sample
    made = block_mode(body, ranges, key=KEY, iv=iv, pattern=pattern)
    assert made == one_by_one(body, ranges, iv=iv, pattern=pattern)
    assert block_mode(made, ranges, key=KEY, iv=iv, decrypt=True, pattern=pattern) == body


@given(samples(), st.binary(min_size=8, max_size=8))
def test_a_counter_runs_on_from_range_to_range(sample: tuple[bytes, list[range]], iv: bytes) -> None:
    body, ranges = sample
    made = counter_mode(body, ranges, key=KEY, iv=iv)
    assert counter_mode(made, ranges, key=KEY, iv=iv) == body
    joined = b"".join(body[each.start : each.stop] for each in ranges)
    protected = b"".join(made[each.start : each.stop] for each in ranges)
    assert counter_mode(joined, [range(len(joined))], key=KEY, iv=iv) == protected
    clear = set(range(len(body))).difference(*ranges)
    assert all(made[at] == body[at] for at in clear)


def test_a_counter_begins_with_the_vector() -> None:
    """SP 800-38A, F.5.1 has another counter; this is AES of the counter itself."""
    stream = counter_mode(bytes(32), [range(32)], key=KEY, iv=b"8 bytes.")
    expected = Cipher(AES(KEY), CBC(bytes(16))).encryptor().update(b"8 bytes." + bytes(8))
    assert stream[:16] == expected
