from __future__ import annotations

from dataclasses import replace

import pytest

from transcoder.encryption.wrapping import Wrapping, fingerprint
from transcoder.errors import KeysUnreadable

OLD, NEW, SECRET = bytes(range(32)), bytes(range(32, 64)), b"a secret of 32 bytes, not random"


def test_without_a_key_of_the_operators_a_secret_stays_as_it_is() -> None:
    wrapped = Wrapping().wrap(SECRET)
    assert (wrapped.secret, wrapped.wrapped_by) == (SECRET, "")
    assert Wrapping(keys=(OLD,)).unwrap(wrapped) == SECRET


def test_rfc_3394_test_vector() -> None:
    """§4.6: 256 bits of key with a 256-bit key."""
    plain = bytes.fromhex("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F")
    told = "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21"
    assert Wrapping(keys=(OLD,)).wrap(plain).secret.hex().upper() == told


def test_the_first_key_wraps_and_every_one_unwraps() -> None:
    wrapped = Wrapping(keys=(OLD,)).wrap(SECRET)
    assert SECRET not in wrapped.secret
    both = Wrapping(keys=(NEW, OLD))
    assert both.unwrap(wrapped) == SECRET
    assert both.wrap(SECRET).wrapped_by == fingerprint(NEW)


def test_a_key_that_is_not_here_is_named() -> None:
    wrapped = Wrapping(keys=(OLD,)).wrap(SECRET)
    with pytest.raises(KeysUnreadable, match=fingerprint(OLD)):
        Wrapping(keys=(NEW,)).unwrap(wrapped)
    with pytest.raises(KeysUnreadable, match="CHANNEL_KEY_ENCRYPTION_KEY"):
        Wrapping().unwrap(wrapped)


def test_a_secret_that_was_changed_is_found_out() -> None:
    wrapped = Wrapping(keys=(OLD,)).wrap(SECRET)
    changed = replace(wrapped, secret=wrapped.secret[:-1] + bytes([wrapped.secret[-1] ^ 1]))
    with pytest.raises(KeysUnreadable, match="changed"):
        Wrapping(keys=(OLD,)).unwrap(changed)


def test_nothing_secret_is_ever_printed() -> None:
    shown = f"{Wrapping(keys=(OLD,))!r} {Wrapping().wrap(SECRET)!r}"
    assert repr(OLD) not in shown
    assert SECRET.decode() not in shown
