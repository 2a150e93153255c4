"""How our levels map onto the engine: queues of at most two priorities each, and what their keys are called.

    queue    priority        slots of a worker
    urgent   live            urgent_slots: other work can never take them
             just_in_time
    arriving arriving        arriving_slots: their tasks live as long as an upload, and mostly wait
    index    index           index_slots: a new asset waits for no window of another
    first    first           first_slots: nor do its first segments for another's bulk
    bulk     bulk            bulk_slots

Two is the engine's limit: with three priorities in a queue its producer was seen to crash (anyio.WouldBlock).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import msgspec
from streaq.constants import (
    REDIS_ABORT,
    REDIS_GROUP,
    REDIS_PREFIX,
    REDIS_QUEUE,
    REDIS_RETRY,
    REDIS_RUNNING_SET,
    REDIS_STREAM,
    REDIS_TASK,
)

from infra.ports import Level, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

RUN: Final = "run"
"""The one function that is registered with the engine: it looks up the handler by `Task.kind`."""
GROUPS: Final = "channel:jobs:group:"
WORKERS: Final = "channel:jobs:workers:"
TRIES: Final = "channel:jobs:tries:"
KEPT_S: Final = 86_400
"""How long our own bookkeeping outlives the last touch; it is an index, and prunes itself when it is read."""


class Queue(StrEnum):
    URGENT = "urgent"
    ARRIVING = "arriving"
    INDEX = "index"
    FIRST = "first"
    BULK = "bulk"

    @property
    def engine_name(self) -> str:
        return f"channel:{self.value}"

    @property
    def levels(self) -> tuple[Level, ...]:
        """Most urgent first."""
        return tuple(level for level in Level if queue_of(level) is self)


def queue_of(level: Level) -> Queue:
    return _QUEUES[level]


_QUEUES: Final = {
    Level.LIVE: Queue.URGENT,
    Level.JUST_IN_TIME: Queue.URGENT,
    Level.ARRIVING: Queue.ARRIVING,
    Level.INDEX: Queue.INDEX,
    Level.FIRST: Queue.FIRST,
    Level.BULK: Queue.BULK,
}


def priority(level: Level) -> str:
    return level.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The engine's keys for one level, as our Lua scripts need them. An id is the task's name and the suffix."""

    suffix: str
    stream: str
    delayed: str
    task: str
    retry: str
    running: str
    abort: str
    workers: str = REDIS_GROUP


def lane(level: Level) -> Lane:
    prefix = REDIS_PREFIX + queue_of(level).engine_name
    return Lane(
        suffix=f"@{priority(level)}",
        stream=prefix + REDIS_STREAM + priority(level),
        delayed=prefix + REDIS_QUEUE + priority(level),
        task=prefix + REDIS_TASK,
        retry=prefix + REDIS_RETRY,
        running=prefix + REDIS_RUNNING_SET,
        abort=prefix + REDIS_ABORT,
    )


LANES: Final = tuple(lane(level) for level in Level)


def task_id(task: Task) -> str:
    """The engine's id. It is made from the name, so that the engine itself refuses a second one of the same level."""
    return f"{task.name}@{priority(task.level)}"


def name_of(engine_id: str) -> str:
    return engine_id.rpartition("@")[0]


def dump(body: Any) -> bytes:
    """The engine's serialiser: JSON, so that whoever can write to Redis cannot run code. Exceptions become text."""
    return msgspec.json.encode(body, enc_hook=repr)


def load(body: str | bytes) -> Any:
    return msgspec.json.decode(body)


def task_from(body: Mapping[str, Any]) -> Task:
    return msgspec.convert(body, Task)
