"""Messages of RTMP 1.0 and their numbers (specification of 2012, §5.4 and §7.1)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum


class Kind(IntEnum):
    """What a message is. Numbers that stand here in no line are let by unread."""

    SET_FRAGMENT_SIZE = 1
    ABORT = 2
    ACKNOWLEDGEMENT = 3
    USER_CONTROL = 4
    WINDOW_SIZE = 5
    PEER_BANDWIDTH = 6
    AUDIO = 8
    VIDEO = 9
    DATA_AMF3 = 15
    COMMAND_AMF3 = 17
    DATA = 18
    COMMAND = 20
    AGGREGATE = 22


class Control(IntEnum):
    """User control events (§7.1.7)."""

    STREAM_BEGIN = 0
    PING_REQUEST = 6
    PING_RESPONSE = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One whole message. `timestamp` is in ms, modulo 2³²; `stream` is the message stream's number."""

    kind: int
    body: bytes
    timestamp: int = 0
    stream: int = 0


def number(kind: Kind, value: int) -> Message:
    """A protocol control message that holds one number of 32 bits."""
    return Message(kind=kind, body=value.to_bytes(4, "big"))


def control(event: Control, value: int) -> Message:
    return Message(kind=Kind.USER_CONTROL, body=struct.pack(">HI", event, value))


def peer_bandwidth(size: int) -> Message:
    """Ask the peer to keep at most so much unacknowledged; limit type 2: dynamic (§5.4.5)."""
    return Message(kind=Kind.PEER_BANDWIDTH, body=struct.pack(">IB", size, 2))
