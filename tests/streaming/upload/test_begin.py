from __future__ import annotations

import pytest

from streaming.upload.begin import file_name, from_metadata, media_type, new_upload, title_of
from streaming.upload.errors import MalformedHeader


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("goal.mp4", "goal.mp4"),
        ("C:\\Users\\me\\goal.mp4", "goal.mp4"),
        ("../../etc/passwd", "passwd"),
        ("day 1/goal.mp4", "goal.mp4"),
        ("бег\n100.mov", "бег100.mov"),
        ("", ""),
        ("x" * 300, "x" * 255),
    ],
)
def test_file_name(sent: str, kept: str) -> None:
    assert file_name(sent) == kept


def test_title_of() -> None:
    assert title_of("final_100m.v2.mp4") == "final 100m.v2"
    assert title_of("") == "Untitled"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("video/mp4", "video/mp4"),
        ("Video/MP4; codecs=avc1", "video/mp4; codecs=avc1"),
        ("", "application/octet-stream"),
        ("movie", "application/octet-stream"),
        ("video/", "application/octet-stream"),
        ("video/é", "application/octet-stream"),
        ("video/mp4\r\nX: y", "application/octet-stream"),
    ],
)
def test_media_type(sent: str, kept: str) -> None:
    assert media_type(sent) == kept


def test_metadata_of_tus_clients() -> None:
    new = from_metadata({"filename": "a_b.mp4", "filetype": "video/mp4", "publish": "true"}, length=5, raw="r")
    assert (new.filename, new.titles, new.content_type, new.publish, new.metadata) == (
        "a_b.mp4", {"en": "a b"}, "video/mp4", True, "r",
    )  # fmt: skip
    uppy = from_metadata(
        {"name": "a.mov", "type": "video/quicktime", "title": "But !", "language": "fr"}, length=5, raw=""
    )
    assert (uppy.filename, uppy.titles, uppy.language) == ("a.mov", {"fr": "But !"}, "fr")


def test_what_cannot_be_meant_is_refused() -> None:
    with pytest.raises(MalformedHeader):
        from_metadata({"publish": "perhaps"}, length=5, raw="")
    with pytest.raises(MalformedHeader):
        new_upload(length=5, asset="../other")
