from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from streaming.http.auth import Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

VTT = b"WEBVTT\n\n00:01.000 --> 00:02.500\nOn your <i>marks</i>\n\n00:03.000 --> 00:04.000\nSet\n"
SRT = "1\n00:00:01,000 --> 00:00:02,500\n¡Preparados!\n".encode()


async def test_a_file_becomes_a_track_before_there_is_a_source(editor: httpx.AsyncClient, captions: str) -> None:
    query = {"language": "PT-br", "kind": "captions", "filename": "final.vtt"}
    made = await editor.post(captions, params=query, content=VTT)
    assert made.status_code == 201
    assert made.headers["location"] == f"{captions}/t1"
    track = made.json()
    assert (track["language"], track["name"], track["kind"]) == ("pt-BR", "Português (CC)", "captions")
    assert (track["state"], track["playlist_url"], track["origin"]) == ("waiting", None, "upload")
    assert (track["format"], track["filename"], track["cue_count"]) == ("webvtt", "final.vtt", 2)
    listed = (await editor.get(captions)).json()
    assert [each["id"] for each in listed["tracks"]] == ["t1"]
    assert listed["source"] == "none"


async def test_cues_come_back_as_they_were_and_as_files(editor: httpx.AsyncClient, captions: str, add: Any) -> None:
    await add(VTT)
    read = await editor.get(f"{captions}/t1")
    assert read.headers["etag"] == '"t1-1"'
    assert [(cue["start"], cue["end"], cue["text"]) for cue in read.json()["cues"]] == [
        (1000, 2500, "On your <i>marks</i>"), (3000, 4000, "Set"),
    ]  # fmt: skip
    vtt = await editor.get(f"{captions}/t1.vtt")
    assert vtt.headers["content-type"] == "text/vtt; charset=utf-8"
    assert "00:00:01.000 --> 00:00:02.500\nOn your <i>marks</i>" in vtt.text
    assert "attachment" in vtt.headers["content-disposition"]
    srt = await editor.get(f"{captions}/t1.srt")
    assert srt.text.startswith("1\n00:00:01,000 --> 00:00:02,500\nOn your <i>marks</i>\n")
    again = await editor.get(f"{captions}/t1.vtt", headers={"If-None-Match": vtt.headers["etag"]})
    assert again.status_code == 304


async def test_two_editors_do_not_overwrite_each_other(editor: httpx.AsyncClient, captions: str, add: Any) -> None:
    track = await add(VTT)
    edited = {"cues": [{"start": 1000, "end": 2000, "text": "Edited & safe <b>b</b>"}]}
    first = await editor.put(f"{captions}/t1", json=edited, headers={"If-Match": track["etag"]})
    assert first.status_code == 200
    assert first.json()["format"] == "editor"
    late = await editor.put(f"{captions}/t1", content=SRT, headers={"If-Match": track["etag"]})
    assert late.status_code == 412
    assert late.json()["code"] == "caption_conflict"
    assert late.json()["etag"] == first.headers["etag"]
    assert "Nothing was overwritten" in late.json()["detail"]
    cues = (await editor.get(f"{captions}/t1")).json()["cues"]
    assert [cue["text"] for cue in cues] == ["Edited &amp; safe <b>b</b>"]
    mended = await editor.put(f"{captions}/t1", content=SRT, headers={"If-Match": late.json()["etag"]})
    assert (mended.status_code, mended.json()["format"]) == (200, "srt")


async def test_what_cannot_be_read_says_why_and_where(editor: httpx.AsyncClient, captions: str) -> None:
    answer = await editor.post(captions, params={"language": "en"}, content=b"")
    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (422, "captions_unreadable", "empty")
    wrong = await editor.post(captions, params={"language": "en", "filename": "a.vtt"}, content=b"no header\n\nx\n")
    assert (wrong.status_code, wrong.json()["line"]) == (422, 1)
    assert (await editor.get(captions)).json()["tracks"] == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"language": "english please"}, "language"),
        ({"language": ""}, "language"),
        ({"language": "en", "kind": "lyrics"}, "kind"),
        ({"language": "en", "default": "perhaps"}, "default"),
        ({"language": "en", "kind": "forced", "default": "true"}, "default"),
        ({"language": "en", "name": "two\nlines"}, "name"),
    ],
)
async def test_a_naming_that_makes_no_sense(
    editor: httpx.AsyncClient, captions: str, query: dict[str, str], parameter: str
) -> None:
    answer = await editor.post(captions, params=query, content=VTT)
    assert (answer.status_code, answer.json()["code"], answer.json()["parameter"]) == (422, "bad_query", parameter)


async def test_cues_of_an_editor_are_checked_one_by_one(editor: httpx.AsyncClient, captions: str, add: Any) -> None:
    await add(VTT)
    good = {"start": 0, "end": 900, "text": "a"}
    for wrong in ({"start": 900, "end": 900, "text": "b"}, {"start": 0, "end": 1, "text": " "}):
        answer = await editor.put(f"{captions}/t1", json={"cues": [good, wrong]})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/cues/1")
    mixed = {"cues": [{"start": 500, "end": 900, "text": "later"}, {**good, "text": "<script>x</script>sooner"}]}
    assert (await editor.put(f"{captions}/t1", json=mixed)).status_code == 200
    cues = (await editor.get(f"{captions}/t1")).json()["cues"]
    assert [cue["text"] for cue in cues] == ["sooner", "later"]


async def test_one_track_at_most_is_the_default(editor: httpx.AsyncClient, captions: str, add: Any) -> None:
    await add(VTT, default="true")
    await add(SRT, language="es", default="true")
    tracks = (await editor.get(captions)).json()["tracks"]
    assert [(each["id"], each["default"]) for each in tracks] == [("t1", False), ("t2", True)]
    changed = await editor.patch(f"{captions}/t1", json={"default": True, "name": "Commentary"})
    assert (changed.status_code, changed.json()["name"], changed.json()["default"]) == (200, "Commentary", True)
    tracks = (await editor.get(captions)).json()["tracks"]
    assert [each["default"] for each in tracks] == [True, False]


@pytest.mark.parametrize("patch", [{"language": "??"}, {"name": None}, {"kind": "lyrics"}, {"size": 3}, {"name": " "}])
async def test_a_patch_that_makes_no_sense(
    editor: httpx.AsyncClient, captions: str, patch: dict[str, Any], add: Any
) -> None:
    await add(VTT)
    answer = await editor.patch(f"{captions}/t1", json=patch)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_field")


async def test_a_deleted_track_is_gone_and_its_name_is_not_used_again(
    editor: httpx.AsyncClient, captions: str, add: Any
) -> None:
    track = await add(VTT)
    await editor.patch(f"{captions}/t1", json={"name": "Other"})
    late = await editor.delete(f"{captions}/t1", headers={"If-Match": track["etag"]})
    assert late.status_code == 412
    assert (await editor.delete(f"{captions}/t1")).status_code == 204
    assert (await editor.get(f"{captions}/t1")).json()["code"] == "caption_track_not_found"
    assert (await editor.put(f"{captions}/t1", content=VTT)).status_code == 404
    assert (await add(VTT))["id"] == "t2"


async def test_only_editors_touch_captions(
    editor: httpx.AsyncClient, captions: str, bearer: Callable[[Role], Awaitable[dict[str, str]]]
) -> None:
    weak = await bearer(Role.VIEWER_SERVICE)
    assert (await editor.post(captions, params={"language": "en"}, content=VTT, headers=weak)).status_code == 403
    assert (await editor.get("/api/assets/nobody/captions")).status_code == 404
    editor.headers.pop("authorization")
    assert (await editor.get(captions)).status_code == 401
