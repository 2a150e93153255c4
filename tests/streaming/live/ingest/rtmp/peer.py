"""What a publisher sends, piece by piece."""

from __future__ import annotations

from typing import Final

from streaming.live.ingest.rtmp import amf0
from streaming.live.ingest.rtmp.fragments import fragments
from streaming.live.ingest.rtmp.handshake import SIZE
from streaming.live.ingest.rtmp.messages import Kind, Message

HELLO: Final = b"\x03" + bytes(SIZE)
ECHO: Final = bytes(SIZE)
NONCE: Final = b"n" * (SIZE - 8)

VIDEO_HEADER: Final = b"\x17\0\0\0\0avcC"
KEY_PICTURE: Final = b"\x17\1\0\0\0picture"
PICTURE: Final = b"\x27\1\0\0\0picture"
AUDIO_HEADER: Final = b"\xaf\0\x11\x90"
SOUND: Final = b"\xaf\1sound"


def command(name: str, call: float, *values: amf0.Value, stream: int = 0) -> bytes:
    body = amf0.encode(name, call, *values)
    return fragments(Message(kind=Kind.COMMAND, body=body, stream=stream), number=3, size=128)


def connect(app: str = "live") -> bytes:
    return command("connect", 1.0, {"app": app, "tcUrl": f"rtmp://host/{app}"})


def publish(name: str, stream: int = 1) -> bytes:
    return command("publish", 5.0, None, name, "live", stream=stream)


def greeting(name: str, app: str = "live") -> bytes:
    """All until the key, as if the answers were known: legal, and what a hasty client does."""
    return HELLO + ECHO + connect(app) + command("createStream", 4.0, None) + publish(name)


def media(kind: Kind, body: bytes, timestamp: int = 0, *, stream: int = 1, size: int = 128) -> bytes:
    return fragments(
        Message(kind=kind, body=body, timestamp=timestamp, stream=stream), number=4, size=size
    )  # fmt: skip
