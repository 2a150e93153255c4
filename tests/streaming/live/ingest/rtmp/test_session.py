from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.live.ingest.errors import ProtocolFault
from streaming.live.ingest.rtmp import amf0
from streaming.live.ingest.rtmp.flv import header, tag
from streaming.live.ingest.rtmp.fragments import FragmentReader, Limits, fragments
from streaming.live.ingest.rtmp.handshake import SIZE
from streaming.live.ingest.rtmp.messages import Control, Kind, Message, control, number
from streaming.live.ingest.rtmp.session import AskedToPublish, Ended, Event, Media, Session
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


def events(session: Session, body: bytes) -> list[Event]:
    session.receive(body)
    return list(session.events())


def publishing() -> Session:
    session = Session(nonce=NONCE)
    events(session, greeting("key"))
    session.accept()
    session.to_send()
    return session


def told(sent: bytes) -> list[Message]:
    """The messages in what a server sent (behind its handshake)."""
    reader = FragmentReader(Limits())
    reader.feed(fragments(number(Kind.SET_FRAGMENT_SIZE, 4096), number=2, size=128) + sent)
    return list(reader.messages())


def commands(sent: bytes) -> list[list[amf0.Value]]:
    return [amf0.decode(message.body) for message in told(sent) if message.kind == Kind.COMMAND]


def code(values: list[amf0.Value]) -> object:
    assert isinstance(values[3], dict)
    return values[3]["code"]


def test_the_handshake_gives_back_what_the_client_sent() -> None:
    session = Session(nonce=NONCE)
    hello = b"\x03" + bytes(range(256)) * 6
    session.receive(hello[:700])
    assert session.to_send() == b""
    session.receive(hello[700:])
    sent = session.to_send()
    assert sent == b"\x03" + bytes(8) + NONCE + hello[1:]
    assert len(sent) == 1 + 2 * SIZE


def test_a_publisher_is_greeted_and_asked_for_its_key() -> None:
    session = Session(nonce=NONCE)
    assert events(session, HELLO + ECHO) == []
    session.to_send()
    assert events(session, connect("live/")) == []
    sent = session.to_send()
    assert [message.kind for message in told(sent)] == [Kind.WINDOW_SIZE, Kind.PEER_BANDWIDTH, Kind.COMMAND]
    (answer,) = commands(sent)
    assert answer[:2] == ["_result", 1.0]
    assert code(answer) == "NetConnection.Connect.Success"
    assert isinstance(answer[2], dict)
    assert "hvc1" in answer[2]["fourCcList"]  # type: ignore[operator]

    asked = command("releaseStream", 2.0, None, "key") + command("FCPublish", 3.0, None, "key")
    events(session, asked + command("createStream", 4.0, None))
    assert [answer[:2] for answer in commands(session.to_send())] == [["_result", float(call)] for call in (2, 3, 4)]
    assert events(session, publish("key?x=1")) == [AskedToPublish(app="live", name="key?x=1")]
    assert session.to_send() == b""
    assert "key" not in repr(AskedToPublish(app="live", name="key"))

    session.accept()
    sent = session.to_send()
    assert told(sent)[0] == control(Control.STREAM_BEGIN, 1)
    assert code(commands(sent)[0]) == "NetStream.Publish.Start"


def test_nothing_is_read_before_the_key_was_found_good() -> None:
    session = Session(nonce=NONCE)
    early = greeting("key") + media(Kind.VIDEO, KEY_PICTURE)
    assert events(session, early) == [AskedToPublish(app="live", name="key")]
    assert events(session, b"") == []
    session.accept()
    assert events(session, b"") == [Media(body=header() + tag(9, 0, KEY_PICTURE))]


def test_a_wrong_key_is_refused() -> None:
    session = Session(nonce=NONCE)
    events(session, greeting("wrong"))
    session.to_send()
    session.refuse("No such key.")
    (answer,) = commands(session.to_send())
    assert (answer[0], code(answer)) == ("onStatus", "NetStream.Publish.BadName")
    assert session.is_ended
    assert events(session, media(Kind.VIDEO, KEY_PICTURE)) == []


def test_a_publication_becomes_an_flv_file() -> None:
    session = publishing()
    described = amf0.encode("onMetaData", {"videocodecid": 7.0})
    sent = (
        media(Kind.DATA, amf0.encode("@setDataFrame") + described)
        + media(Kind.VIDEO, VIDEO_HEADER)
        + media(Kind.VIDEO, KEY_PICTURE, 5000)
        + media(Kind.AUDIO, b"")  # some encoders keep the connection alive so
        + media(Kind.VIDEO, KEY_PICTURE, 5040, stream=2)  # another message stream: not ours
        + media(Kind.AGGREGATE, tag(8, 0, SOUND) + tag(8, 21, SOUND), 5040)
    )
    expected = (
        header(audio=False) + tag(18, 0, described) + tag(9, 0, VIDEO_HEADER) + tag(9, 0, KEY_PICTURE)
        + tag(8, 40, SOUND) + tag(8, 61, SOUND)
    )  # fmt: skip
    assert b"".join(event.body for event in events(session, sent) if isinstance(event, Media)) == expected


@pytest.mark.parametrize("farewell", ["FCUnpublish", "deleteStream", "closeStream"])
def test_a_publisher_says_goodbye(farewell: str) -> None:
    session = publishing()
    assert events(session, command(farewell, 6.0, None, 1.0)) == [Ended()]
    assert session.is_ended


def test_pings_and_acknowledgements() -> None:
    session = publishing()
    ping = fragments(control(Control.PING_REQUEST, 77), number=2, size=128)
    events(session, ping)
    assert told(session.to_send()) == [control(Control.PING_RESPONSE, 77)]
    events(session, fragments(number(Kind.WINDOW_SIZE, 5000), number=2, size=128))
    session.to_send()
    events(session, fragments(number(Kind.SET_FRAGMENT_SIZE, 65536), number=2, size=128))
    events(session, media(Kind.VIDEO, KEY_PICTURE + bytes(5000), size=65536))
    (acknowledged,) = told(session.to_send())
    assert acknowledged.kind == Kind.ACKNOWLEDGEMENT
    assert int.from_bytes(acknowledged.body, "big") > 5000


def test_whoever_takes_the_stream_can_end_it() -> None:
    session = publishing()
    session.stop("The channel was stopped.")
    assert code(commands(session.to_send())[0]) == "NetStream.Publish.Failed"
    assert session.is_ended


def test_why_it_is_over_is_told_to_who_understands_it() -> None:
    session = Session(nonce=NONCE)
    events(session, HELLO)
    session.to_send()
    session.stop("This is not RTMP.")
    assert session.to_send() == b""
    session = Session(nonce=NONCE)
    events(session, HELLO + ECHO + connect())
    session.to_send()
    with pytest.raises(ProtocolFault) as found:
        events(session, command("play", 2.0, None, "key"))
    session.stop(found.value.detail)
    (said,) = commands(session.to_send())
    assert isinstance(said[3], dict)
    assert "play" in str(said[3]["description"])


def test_a_key_that_was_forgotten_is_asked_for() -> None:
    assert events(Session(nonce=NONCE), greeting("")) == [AskedToPublish(app="live", name="")]


@pytest.mark.parametrize(
    "body",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x06" + bytes(SIZE),  # encrypted
        HELLO + ECHO + command("publish", 1.0, None, "key", "live", stream=1),  # before connect
        HELLO + ECHO + connect() + command("publish", 1.0, None, "key", "live", stream=1),  # before createStream
        HELLO + ECHO + command("createStream", 1.0, None),
        HELLO + ECHO + connect() + connect(),
        HELLO + ECHO + connect() + command("play", 1.0, None, "key"),
        HELLO + ECHO + command("connect", 1.0, None),
        HELLO + ECHO + command("connect", 1.0, {"app": "x" * 2000}),
        HELLO + ECHO + connect() + command("createStream", 1.0, None) * 5,
        HELLO + ECHO + connect() + command("createStream", 1.0, None) + command("publish", 1.0, None, 5.0, stream=1),
        HELLO + ECHO + connect() + command("createStream", 1.0, None) + publish("key", stream=2),
        HELLO + ECHO + command("noise", 1.0) * 70,
        HELLO + ECHO + media(Kind.COMMAND, amf0.encode(5.0)),
        HELLO + ECHO + media(Kind.VIDEO, bytes(20_000)),  # larger than any command
        HELLO + ECHO + media(Kind.VIDEO, bytes(16_000)) * 5,  # media without a key
    ],
)
def test_who_does_not_greet_as_publishers_do_is_thrown_out(body: bytes) -> None:
    with pytest.raises(ProtocolFault):
        events(Session(nonce=NONCE), body)


@given(cuts=st.lists(st.integers(0, 8000), max_size=8))
def test_it_makes_no_difference_how_the_bytes_arrive(cuts: list[int]) -> None:
    body = greeting("key") + b"".join(media(Kind.VIDEO, KEY_PICTURE, 40 * at) for at in range(5))
    body += command("deleteStream", 6.0, None, 1.0)
    session = Session(nonce=NONCE)
    found: list[Event] = []
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    for start, end in itertools.pairwise(edges):
        for event in events(session, body[start:end]):
            found.append(event)
            if isinstance(event, AskedToPublish):
                session.accept()
                found += list(session.events())
    written = b"".join(event.body for event in found if isinstance(event, Media))
    assert written == header() + b"".join(tag(9, 40 * at, KEY_PICTURE) for at in range(5))
    assert isinstance(found[-1], Ended)
