"""Captions inside a source become an asset's by themselves: worker, API and bucket of the whole stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from manifests.captions.read import read
from manifests.hls import parse
from tests.e2e.stack import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.stack import Stack


@pytest.mark.parametrize(
    ("name", "languages", "said"),
    [
        ("x_multi_audio_eng_spa_subs_eng_spa_ara.mkv", ["en", "es", "ar"], "Good dog!"),
        ("livesim_cc1_cc3_640x360.mp4", ["en", "und"], "eng: 00:00:01:00"),
    ],
)
def test_captions_inside_a_file_reach_its_viewers(
    stack: Stack, media: Path, name: str, languages: list[str], said: str
) -> None:
    asset = stack.upload(media / "odd" / name, title=name)
    stack.wait_for(asset, "ready", within=300)
    with stack.client() as editor:

        def published() -> Any:
            listed = editor.get(f"/api/assets/{asset}/captions").json()
            done = listed["source"] == "done" and all(track["state"] == "published" for track in listed["tracks"])
            return listed["tracks"] if done else None

        tracks = until(published, "the captions are published", within=90)
    assert [track["language"] for track in tracks] == languages
    assert {track["origin"] for track in tracks} == {"source"}
    with stack.client(token="") as viewer:

        def listed() -> Any:
            playlist = parse(viewer.get(f"/v/{asset}/index.m3u8").text)
            return [each for each in playlist.renditions if each.type == "SUBTITLES"]

        renditions = until(listed, "the playlist lists them", within=90)
        assert [each.language for each in renditions] == languages
        segment = viewer.get(f"/v/{asset}/{renditions[0].uri.replace('index.m3u8', '0.vtt')}")
    assert said in [cue.text for cue in read(segment.content).cues]
