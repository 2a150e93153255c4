from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streaming.live.health.report import PublisherHealth, moment
from streaming.live.health.warnings import Lately, of_the_air, of_the_bucket, of_the_door, warnings
from streaming.live.ingest.publisher import Place, Way
from streaming.live.ingest.turned_away import TurnedAway
from transcoder.live.selector import Source

WELL = PublisherHealth(
    place=Place.BACKUP, way="srt", since=moment(0), bitrate_bps=6_000_000, width=1280, height=720, frame_rate=50.0,
    measured_frame_rate=50.01, keyframe_interval_s=2.0, video_codec="h264", audio_codec="aac", frames=500,
    dropped_frames=0, filled_frames=0, behind_ms=400, last_bytes_at=moment(1000), encoder_restarts=0,
    clock_drift_ppm=-200, clock_corrected_ms=340,
)  # fmt: skip
LATELY = Lately(frames=250, filled=1, held=0, has_grid_rate=True, restarts=0)


def said(health: dict[str, Any], lately: dict[str, Any], *, silent_s: float = 0.0) -> list[str]:
    return list(warnings(replace(WELL, **health), replace(LATELY, **lately), silent_s=silent_s))


@pytest.mark.parametrize(
    ("health", "lately"),
    [
        ({}, {}),
        ({"keyframe_interval_s": 4.0}, {}),
        ({"measured_frame_rate": 49.0}, {}),
        ({"way": "http", "behind_ms": 7000}, {}),  # segments come as a whole
        ({"frame_rate": 24.0, "measured_frame_rate": 24.0}, {"filled": 10, "has_grid_rate": False}),
        (dict.fromkeys(("frame_rate", "measured_frame_rate", "keyframe_interval_s", "behind_ms", "video_codec")), {}),
    ],
)
def test_nothing_is_said_of_what_is_well(health: dict[str, Any], lately: dict[str, Any]) -> None:
    assert said(health, lately) == []


@pytest.mark.parametrize(
    ("health", "lately", "sentence"),
    [
        ({"keyframe_interval_s": 8.341}, {}, "key pictures come 8.3 s apart"),
        ({"measured_frame_rate": 42.0}, {}, "states 50 pictures a second and sends 42"),
        ({"frame_rate": 29.97, "measured_frame_rate": 59.94}, {}, "states 29.97 pictures a second and sends 59.94"),
        ({}, {"filled": 9}, "9 pictures are missing"),
        ({}, {"held": 3_100_000}, "3.1 MB wait. Lower the bit rate, now 6.0 Mb/s"),
        ({"behind_ms": 4200}, {}, "4.2 s late"),
        ({"audio_codec": None}, {}, "no sound"),
        ({}, {"lacks_sound": True}, "no sound comes"),
        ({}, {"sounds": 3}, "3 tracks of sound"),
        ({}, {"captions": True}, "captions lie in the pictures"),
        ({}, {"lacks_picture": True}, "no picture comes, only sound"),
        ({}, {"restarts": 1}, "the server's encoder died once in the last minute"),
        ({}, {"restarts": 3}, "died 3 times in the last minute"),
        ({"clock_drift_ppm": 900}, {}, "runs 900 ppm too fast, and only 500 are made up for: it comes off by 1.4 s"),
        ({"clock_drift_ppm": -501}, {}, "runs 501 ppm too slow"),
    ],
)
def test_one_thing_one_sentence(health: dict[str, Any], lately: dict[str, Any], sentence: str) -> None:
    (text,) = said(health, lately)
    assert text.startswith("Backup: ")
    assert sentence in text


@pytest.mark.parametrize(("way", "silent_s", "is_said"), [("srt", 3.0, True), ("http", 3.0, False), ("http", 11, True)])
def test_of_a_silent_publisher_nothing_else_is_said(way: str, silent_s: float, is_said: bool) -> None:
    expected = [f"Backup: nothing has come for {silent_s:.0f} s."] if is_said else []
    assert said({"way": way, "audio_codec": "aac"}, {}, silent_s=silent_s) == expected


@pytest.mark.parametrize(
    ("on_air", "sentence"),
    [(None, ""), (Source.PRIMARY, ""), (Source.BACKUP, "The backup is on air"), (Source.SLATE, "see the slate")],
)
def test_who_is_on_air_instead_of_the_primary_is_said(on_air: Source | None, sentence: str) -> None:
    said = list(of_the_air(on_air))
    assert len(said) == bool(sentence)
    assert all(sentence in text for text in said)


def test_what_the_bucket_does_not_take() -> None:
    assert list(of_the_bucket("", waiting=40, lost_s=0.0)) == []
    (waits,) = of_the_bucket("The bucket takes nothing: it has no room left.", waiting=40, lost_s=0.0)
    assert waits.startswith("The bucket takes nothing: it has no room left. 40 objects wait")
    (lost,) = of_the_bucket("", waiting=0, lost_s=11.52)
    assert lost.startswith("12 s of the event are lost")


def test_who_had_the_wrong_key() -> None:
    once = TurnedAway(at=0.0, way=Way.SRT, address="", channel="arena")
    assert list(of_the_door(())) == []
    assert list(of_the_door((once,))) == [
        "A publisher was turned away in the last minute for a wrong passphrase, by SRT. If that is yours, copy the "
        "passphrase once more, or make a new key."
    ]
    unknown = TurnedAway(at=0.0, way=Way.CMAF, address="192.0.2.7", channel=None)
    assert list(of_the_door((once, unknown))) == [
        "Publishers were turned away 2 times in the last minute for a wrong stream key, the last by HTTP from "
        "192.0.2.7. Which channel was meant is not known. If that is yours, copy the stream key once "
        "more, or make a new key."
    ]
