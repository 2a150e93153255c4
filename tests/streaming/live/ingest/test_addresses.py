from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from streaming.live.ingest.addresses import Addresses, addresses
from streaming.live.ingest.publisher import Place
from streaming.live.ingest.settings import HttpIngestSettings, IngestSettings, RtmpSettings
from streaming.live.keys.model import NewStreamKey, StreamKey, srt_passphrase

KEY = StreamKey(
    id="k", channel="alpine", place=Place.PRIMARY, created_by="ann", created_at=datetime(2026, 2, 6, tzinfo=UTC),
    expires_at=None, revoked_at=None, srt_port=10080,
)  # fmt: skip
MADE = NewStreamKey(key=KEY, secret="live_x")


def test_what_is_typed_into_an_encoder() -> None:
    assert addresses(MADE, host="live.example.org", settings=IngestSettings(), pepper=b"p") == Addresses(
        rtmp="rtmp://live.example.org:1935/live",
        srt=f"srt://live.example.org:10080?passphrase={srt_passphrase('k', pepper=b'p')}",
        http="http://live.example.org:8935/ingest/alpine/",
    )
    assert addresses(MADE, host="::1", settings=IngestSettings(), pepper=b"p").rtmp == "rtmp://[::1]:1935/live"


def test_ways_that_are_off() -> None:
    off = IngestSettings(rtmp=RtmpSettings(port=0), http=HttpIngestSettings(port=0))
    made = NewStreamKey(key=replace(KEY, srt_port=None), secret="live_x")
    assert addresses(made, host="x", settings=off, pepper=b"p") == Addresses(rtmp=None, srt=None, http=None)
