from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from manifests.layout import AssetId
from streaming.http.auth import Role
from transcoder.facts import read_profile
from transcoder.profile import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import httpx

    from infra.s3 import S3Store
    from streaming.settings import ServiceSettings

    Bearer = Callable[[Role], Awaitable[dict[str, str]]]


@pytest.fixture
def folder(settings: ServiceSettings) -> Path:
    """Of the tokens' tenant ("a editor") `sports` is the default; `archive` has a mistake."""
    path = settings.profiles_folder
    path.mkdir(parents=True)
    (path / "sports.toml").write_text('description = "Matches"\ntenants = ["a editor"]\nsegment = 6\n')
    (path / "archive.toml").write_text("segmnt = 6\n")
    return path


@pytest.mark.usefixtures("folder")
async def test_the_list_says_what_there_is_and_what_is_broken(client: httpx.AsyncClient, bearer: Bearer) -> None:
    assert (await client.get("/api/profiles")).status_code == 401
    answer = await client.get("/api/profiles", headers=await bearer(Role.EDITOR))
    archive, default, sports = answer.json()["profiles"]
    assert (archive["name"], archive["settings"]) == ("archive", None)
    assert archive["errors"] == ["archive.toml: segmnt: there is no such field; did you mean segment?"]
    assert (default["name"], default["mine"]) == ("default", False)
    assert (sports["name"], sports["description"], sports["mine"]) == ("sports", "Matches", True)
    assert "segment = 6" in sports["settings"]


@pytest.mark.usefixtures("folder")
async def test_an_asset_names_its_profile_or_has_its_tenants(client: httpx.AsyncClient, bearer: Bearer) -> None:
    editor = await bearer(Role.EDITOR)
    made = await client.post("/api/assets", json={"title": "Final"}, headers=editor)
    assert made.json()["profile"] == "sports"
    made = await client.post("/api/assets", json={"title": "Final", "profile": "default"}, headers=editor)
    assert made.json()["profile"] == "default"
    for name, status, code in (("archive", 409, "broken_profile"), ("none", 422, "unknown_profile")):
        refused = await client.post("/api/assets", json={"title": "Final", "profile": name}, headers=editor)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert (
        "did you mean segment?"
        in (await client.post("/api/assets", json={"title": "Final", "profile": "archive"}, headers=editor)).json()[
            "detail"
        ]
    )


async def test_an_upload_keeps_what_its_profile_said_when_it_began(
    client: httpx.AsyncClient, bearer: Bearer, folder: Path, store: S3Store
) -> None:
    editor = await bearer(Role.EDITOR)
    asset = AssetId((await client.post("/api/assets", json={"title": "Final"}, headers=editor)).json()["id"])
    begun = {"filename": "a.mp4", "size": 10, "asset": asset}
    await client.post("/api/uploads/multipart", json=begun, headers=editor)
    (folder / "sports.toml").write_text('tenants = ["a editor"]\nsegment = 8\n')
    await client.post("/api/uploads/multipart", json=begun, headers=editor)
    await client.post("/api/uploads/multipart", json={**begun, "profile": "default"}, headers=editor)
    assert [(await read_profile(store, asset, version)).segment for version in (1, 2, 3)] == [6, 8, DEFAULT.segment]
    assert (await client.get(f"/api/assets/{asset}", headers=editor)).json()["profile"] == "default"


@pytest.mark.usefixtures("folder")
async def test_a_refused_upload_makes_no_asset(client: httpx.AsyncClient, bearer: Bearer) -> None:
    editor = await bearer(Role.EDITOR)
    tus = {**editor, "Tus-Resumable": "1.0.0", "Upload-Length": "10"}
    refused = await client.post("/api/uploads", headers={**tus, "Upload-Metadata": "profile YXJjaGl2ZQ=="})
    assert (refused.status_code, refused.json()["code"]) == (409, "broken_profile")
    assert (await client.get("/api/assets", headers=editor)).json()["assets"] == []
    begun = await client.post("/api/uploads", headers={**tus, "Upload-Metadata": "profile ZGVmYXVsdA=="})
    asset = (await client.get(f"/api/assets/{begun.headers['channel-asset-id']}", headers=editor)).json()
    assert asset["profile"] == "default"
