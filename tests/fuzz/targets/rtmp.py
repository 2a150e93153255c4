"""RTMP from nobody knows where: whatever comes is a publication or a fault, and holds no more than allowed."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from streaming.live.ingest.errors import ProtocolFault
from streaming.live.ingest.rtmp.fragments import Limits
from streaming.live.ingest.rtmp.messages import Kind
from streaming.live.ingest.rtmp.session import AskedToPublish, Media, Session
from tests.streaming.live.ingest.rtmp.peer import (
    ECHO,
    HELLO,
    KEY_PICTURE,
    NONCE,
    SOUND,
    VIDEO_HEADER,
    command,
    connect,
    greeting,
    media,
    publish,
)  # fmt: skip

PIECES: Final = (
    HELLO, ECHO, connect(), command("createStream", 4.0, None), publish("key"), command("deleteStream", 6.0, None, 1.0),
    media(Kind.VIDEO, VIDEO_HEADER), media(Kind.VIDEO, KEY_PICTURE, 40), media(Kind.AUDIO, SOUND, 0xFFFFFF),
    b"onMetaData", b"@setDataFrame", b"connect", b"publish", b"\xc4", b"\x44", b"\x84", b"\x02\0\0\0\0\0\4\1\0\0\0\0",
)  # fmt: skip

STRATEGY: Final = st.tuples(
    st.sampled_from([b"", greeting("key")]), st.lists(st.sampled_from(PIECES) | st.binary(max_size=60), max_size=8)
).map(lambda drawn: drawn[0] + b"".join(drawn[1]))

_LIMITS: Final = Limits(message=1 << 20, unfinished=1 << 20)


def target(body: bytes) -> None:
    session = Session(nonce=NONCE, limits=_LIMITS)
    asked, written = 0, 0
    step = 1 + len(body) % 97
    try:
        for start in range(0, len(body), step):
            session.receive(body[start : start + step])
            while True:
                found = list(session.events())
                written += sum(len(event.body) for event in found if isinstance(event, Media))
                assert asked or not written
                if not any(isinstance(event, AskedToPublish) for event in found):
                    break
                asked += 1
                session.accept()
    except ProtocolFault:
        pass
    assert asked <= 1
    # An FLV tag adds 15 bytes to a message, whose own header is one byte at least; a command is answered briefly.
    assert written <= 100 + 20 * len(body)
    assert len(session.to_send()) <= 4096 + 100 * len(body)
