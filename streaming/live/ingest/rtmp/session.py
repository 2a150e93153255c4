"""RTMP as a publisher's server speaks it, without a socket: bytes in, events and bytes out.

    session = Session(nonce=os.urandom(NONCE))
    session.receive(bytes that came)
    for event in session.events():        # AskedToPublish → accept() or refuse(), before which nothing more is read
        …
    bytes to send = session.to_send()

Specification: Adobe RTMP 1.0 (2012); Enhanced RTMP v2 (Veovera, 2024), of which only the greeting concerns a server.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, TypeAlias

from streaming.live.ingest.errors import ProtocolFault
from streaming.live.ingest.rtmp import amf0, handshake
from streaming.live.ingest.rtmp.flv import FlvWriter, unpacked
from streaming.live.ingest.rtmp.fragments import FragmentReader, Limits, fragments
from streaming.live.ingest.rtmp.messages import Control, Kind, Message, control, number, peer_bandwidth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streaming.live.ingest.rtmp.amf0 import Value

BEFORE: Final = Limits(streams=8, message=16 << 10, unfinished=32 << 10)
"""Until a key was found good: room for commands only."""

_BEFORE_BYTES: Final = 64 << 10
_COMMANDS: Final = 64
_WINDOW: Final = 2_500_000
_OURS: Final = 4096
_STREAMS: Final = 4
_NAME: Final = 1024

# Enhanced RTMP v2, "connect": what the server can take, by FourCC. It is passed on as it is: whatever FLV can hold.
_FOURCC: Final[list[Value]] = ["av01", "hvc1", "avc1", "vp09", "vp08", "mp4a", "Opus", "fLaC", "ac-3", "ec-3", ".mp3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedToPublish:
    """Somebody wants to publish. `app` and `name` as in rtmp://host/{app}/{name}."""

    app: str
    name: str

    def __repr__(self) -> str:  # the name is the key
        return f"AskedToPublish(app={self.app!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """The next piece of the publication's FLV stream."""

    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The publisher said that it is done: the connection may be closed."""


Event: TypeAlias = AskedToPublish | Media | Ended


_SET_DATA_FRAME: Final = amf0.encode("@setDataFrame")


class _State(Enum):
    HELLO = auto()
    ECHO = auto()
    COMMANDS = auto()
    ASKED = auto()
    PUBLISHING = auto()
    ENDED = auto()


class Session:
    """One connection. `receive` and `events` raise ProtocolFault: then the connection is to be closed."""

    def __init__(self, *, nonce: bytes, limits: Limits | None = None) -> None:
        self._nonce = nonce
        self._limits = limits or Limits()
        self._state = _State.HELLO
        self._reader = FragmentReader(BEFORE)
        self._handshake = bytearray()
        self._out = bytearray()
        self._received = 0
        self._acknowledged = 0
        self._window = _WINDOW
        self._app: str | None = None
        self._commands = 0
        self._streams = 0
        self._stream = 0
        self._flv = FlvWriter()

    @property
    def is_ended(self) -> bool:
        return self._state is _State.ENDED

    def to_send(self) -> bytes:
        """What is to go to the peer now; each byte is given once."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def receive(self, body: bytes) -> None:
        """Bytes that came from the peer. What they mean is told by `events`."""
        if self._state is _State.ENDED:
            return
        self._received += len(body)
        if self._state is not _State.PUBLISHING and self._received > _BEFORE_BYTES + 2 * handshake.SIZE:
            raise ProtocolFault("Too much was sent before a publication was asked for.")
        if self._state in (_State.HELLO, _State.ECHO):
            body = self._shake(body)
        self._reader.feed(body)
        if self._received - self._acknowledged >= self._window:
            self._acknowledged = self._received
            self._send(number(Kind.ACKNOWLEDGEMENT, self._received % (1 << 32)))  # §5.4.3

    def _shake(self, body: bytes) -> bytes:
        """Go on with the handshake; returns what lies behind it."""
        self._handshake += body
        if self._state is _State.HELLO and len(self._handshake) >= handshake.HELLO:
            self._out += handshake.answer(bytes(self._handshake[: handshake.HELLO]), nonce=self._nonce)
            del self._handshake[: handshake.HELLO]
            self._state = _State.ECHO
        if self._state is _State.ECHO and len(self._handshake) >= handshake.SIZE:
            # C2 should repeat S1; clients that send something else are common, and nothing hangs on it.
            rest = bytes(self._handshake[handshake.SIZE :])
            self._handshake.clear()
            self._state = _State.COMMANDS
            return rest
        if self._state is _State.HELLO and self._handshake[:1] not in (b"", bytes([handshake.VERSION])):
            raise ProtocolFault("This is not RTMP.")
        return b""

    def events(self) -> Iterator[Event]:
        """What the bytes received so far mean. Stands still after AskedToPublish until that is answered."""
        if self._state is _State.ASKED:
            return
        for message in self._reader.messages():
            yield from self._understood(message)
            if self._state in (_State.ASKED, _State.ENDED):
                return

    def accept(self) -> None:
        """The key was good: the publication begins."""
        self._state = _State.PUBLISHING
        self._reader.limit(self._limits)
        self._send(control(Control.STREAM_BEGIN, self._stream))
        self._status("NetStream.Publish.Start", "status", "The stream is being received.")

    def refuse(self, reason: str) -> None:
        """The key was not good: the peer is told so, and the connection is to be closed."""
        self._status("NetStream.Publish.BadName", "error", reason)
        self._state = _State.ENDED

    def stop(self, reason: str) -> None:
        """Nothing more is read, since nobody wants it or nobody can: the peer is told why, if it has come so far as to
        understand it, and the connection is to be closed."""
        if self._state not in (_State.HELLO, _State.ECHO):
            self._status("NetStream.Publish.Failed", "error", reason)
        self._state = _State.ENDED

    def _understood(self, message: Message) -> Iterator[Event]:
        match message.kind:
            case Kind.COMMAND:
                yield from self._command(message.body, message.stream)
            case Kind.COMMAND_AMF3:  # the first byte says that AMF0 follows, and it does: nobody sends AMF3 here
                yield from self._command(message.body[1:], message.stream)
            case Kind.WINDOW_SIZE:
                self._window = min(_WINDOW, max(1, int.from_bytes(message.body[:4], "big")))
            case Kind.USER_CONTROL:
                if message.body[:2] == Control.PING_REQUEST.to_bytes(2, "big"):
                    self._send(control(Control.PING_RESPONSE, int.from_bytes(message.body[2:6], "big")))
            case Kind.AGGREGATE if self._state is _State.PUBLISHING:
                for part in unpacked(message):
                    yield from self._media(part)
            case _:
                yield from self._media(message)

    def _media(self, message: Message) -> Iterator[Media]:
        wanted = message.kind in (Kind.AUDIO, Kind.VIDEO, Kind.DATA) and message.stream == self._stream
        if self._state is not _State.PUBLISHING or not wanted or not message.body:
            return
        if message.kind == Kind.DATA:
            # "@setDataFrame" is an order to servers that relay (§7.1.2); what follows it belongs into the file.
            message = Message(kind=Kind.DATA, body=message.body.removeprefix(_SET_DATA_FRAME))
            if not message.body:
                return
        yield Media(body=self._flv.written(message))

    def _command(self, body: bytes, stream: int) -> Iterator[Event]:
        self._commands += 1
        values = amf0.decode(body)
        if self._state is _State.COMMANDS and self._commands > _COMMANDS:
            raise ProtocolFault("Too many commands were sent before a publication was asked for.")
        name, transaction = (*values, None, None)[:2]
        if not isinstance(name, str):
            raise ProtocolFault("A command without a name.")
        call = float(transaction) if isinstance(transaction, int | float) else 0.0
        arguments = values[2:]
        match name:
            case "connect" if self._app is None:
                self._connect(call, arguments)
            case "createStream" if self._app is not None and self._streams < _STREAMS:
                self._streams += 1
                self._call("_result", call, None, float(self._streams))
            case "publish" if 0 < stream <= self._streams and self._state is _State.COMMANDS:
                self._stream = stream
                yield self._asked(arguments)
            case "releaseStream" | "FCPublish" | "getStreamLength" | "_checkbw":
                if call:
                    self._call("_result", call, None, None)
            case "FCUnpublish" | "closeStream" | "deleteStream":
                if self._state is _State.PUBLISHING:
                    self._state = _State.ENDED
                    yield Ended()
            case "connect" | "createStream" | "publish" | "play":
                raise ProtocolFault(f"The command {name} cannot be obeyed here.")
            case _:  # answers to what we never asked, and what other servers understand
                pass

    def _connect(self, call: float, arguments: list[Value]) -> None:
        asked = arguments[0] if arguments and isinstance(arguments[0], dict) else {}
        app = asked.get("app")
        if not isinstance(app, str) or len(app) > _NAME:
            raise ProtocolFault("connect names no app.")
        self._app = app.strip("/")
        self._send(number(Kind.WINDOW_SIZE, _WINDOW))
        self._send(peer_bandwidth(_WINDOW))
        self._send(number(Kind.SET_FRAGMENT_SIZE, _OURS))
        self._call(
            "_result",
            call,
            {"fmsVer": "FMS/3,0,1,123", "capabilities": 31.0, "fourCcList": _FOURCC},
            {
                "level": "status", "code": "NetConnection.Connect.Success", "description": "Connected.",
                "objectEncoding": 0.0,
            },
        )  # fmt: skip

    def _asked(self, arguments: list[Value]) -> AskedToPublish:
        name = arguments[1] if len(arguments) > 1 else None
        if not isinstance(name, str) or len(name) > _NAME:
            raise ProtocolFault("publish names no stream.")
        self._state = _State.ASKED
        return AskedToPublish(app=self._app or "", name=name)

    def _status(self, code: str, level: str, description: str) -> None:
        told: Value = {"level": level, "code": code, "description": description}
        body = amf0.encode("onStatus", 0.0, None, told)
        self._out += fragments(Message(kind=Kind.COMMAND, body=body, stream=self._stream), number=5, size=_OURS)

    def _call(self, name: str, call: float, *values: Value) -> None:
        body = amf0.encode(name, call, *values)
        self._out += fragments(Message(kind=Kind.COMMAND, body=body), number=3, size=_OURS)

    def _send(self, message: Message) -> None:
        self._out += fragments(message, number=2, size=_OURS)
