from __future__ import annotations

from streaming.http.security import page_policy


def rules(policy: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (rule.split() for rule in policy.split("; "))}


def test_pages_run_their_own_scripts_only() -> None:
    found = rules(page_policy())
    assert found["script-src"] == ["'self'"]
    assert found["object-src"] == ["'none'"]
    assert found["frame-ancestors"] == ["'self'"]


def test_pages_play_from_the_cdn_and_upload_to_the_store() -> None:
    found = rules(page_policy(media=["https://cdn.test"], stores=["https://s3.test"]))
    assert "https://cdn.test" in found["media-src"]
    assert "https://s3.test" not in found["media-src"]
    assert {"https://cdn.test", "https://s3.test", "blob:"} <= set(found["connect-src"])
