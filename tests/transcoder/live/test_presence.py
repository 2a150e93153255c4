from __future__ import annotations

from transcoder.live.presence import Presence


def _sent(presence: Presence, begin: int, end: int, *, picture: int = 0, sound: int = 0) -> None:
    for now in range(begin, end, 20):
        if picture and now % picture == 0:
            presence.picture(now)
        if sound and now % sound == 0:
            presence.sound(now)


def test_nothing_is_lacked_before_anything_came_nor_while_both_come() -> None:
    presence = Presence()
    assert not presence.lacks_picture(9_000)
    assert not presence.lacks_sound(9_000)
    _sent(presence, 0, 5_000, picture=40, sound=20)
    assert not presence.lacks_picture(5_000)
    assert not presence.lacks_sound(5_000)


def test_a_sound_that_has_not_begun_is_lacked_and_so_is_one_that_has_ended() -> None:
    presence = Presence()
    _sent(presence, 0, 2_000, picture=40)
    assert presence.lacks_sound(2_000)
    _sent(presence, 2_000, 4_000, picture=40, sound=20)
    assert not presence.lacks_sound(4_000)
    _sent(presence, 4_000, 7_000, picture=40)
    assert presence.lacks_sound(7_000)


def test_a_picture_that_does_not_come_any_more_is_lacked_and_one_that_comes_seldom_is_not() -> None:
    presence = Presence()
    _sent(presence, 0, 10_000, picture=1_000, sound=20)
    assert not presence.lacks_picture(11_900)
    _sent(presence, 10_000, 14_000, sound=20)
    assert presence.lacks_picture(14_000)


def test_whoever_may_not_send_lacks_nothing() -> None:
    presence = Presence()
    _sent(presence, 0, 1_000, picture=40, sound=20)
    presence.waited(20_000)
    assert not presence.lacks_picture(20_500)
    assert not presence.lacks_sound(20_500)
