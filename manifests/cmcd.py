"""Common Media Client Data (CTA-5004, and CTA-5004-A for version 2): what players say about themselves. Pure.

It comes in the query, in headers, or as events in a body. A player whose CMCD is wrong still plays, so reading never
fails: what cannot be read is left out, and what is left out is only that. hls.js and Shaka Player both send version 2
with small faults (numbers as strings, tokens in quotes), so types are taken as they are meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable

Item: TypeAlias = bool | int | float | str
Value: TypeAlias = Item | tuple[Item, ...]

HEADERS: Final = ("cmcd-object", "cmcd-request", "cmcd-session", "cmcd-status")
"""Names of the headers, in lower case (CTA-5004 §3.1)."""

QUERY: Final = "CMCD"
"""The parameter of a query (§3.2). It says nothing about what is asked for: no cache key and no signature has it."""

MAX_TEXT: Final = 8 * 1024
MAX_KEYS: Final = 64
MAX_EVENTS: Final = 100
_MAX_STRING: Final = 1024
_MAX_NUMBER: Final = 10**15

_KEY: Final = re.compile(r"\s*([A-Za-z*][A-Za-z0-9_.*-]{0,63})\s*(=)?\s*")
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\\?$)', re.DOTALL)
_BARE: Final = re.compile(r"[^,;()\s\"]+")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_PARAMETERS: Final = re.compile(r"(?:\s*;[^,;()\s]*)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cmcd:
    """What one request or event said: values by key, as many as could be read."""

    values: Mapping[str, Value] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.values)

    def number(self, key: str) -> float | None:
        """A number; of an inner list (`br=(500)`) its first."""
        for item in self._items(key):
            if isinstance(item, str) and _NUMBER.fullmatch(item):
                return float(item)
            if isinstance(item, int | float) and not isinstance(item, bool):
                return item
        return None

    def text(self, key: str) -> str | None:
        """A string or token."""
        return next((item for item in self._items(key) if isinstance(item, str)), None)

    def flag(self, key: str) -> bool:
        """Whether a boolean key is there and not false."""
        return any(item in (True, "true", 1) for item in self._items(key))

    def _items(self, key: str) -> tuple[Item, ...]:
        value = self.values.get(key, ())
        return value if isinstance(value, tuple) else (value,)

    @property
    def version(self) -> int:
        """1 where it is not said (§3.3, `v`)."""
        return 2 if self.number("v") == 2 else 1

    @property
    def session(self) -> str | None:
        """`sid`, by which a player tells its sessions apart."""
        return self.text("sid")

    @property
    def bitrate(self) -> float | None:
        """`br` of the object that is asked for, in kbit/s."""
        return self.number("br")

    @property
    def buffer(self) -> float | None:
        """`bl`, what is buffered, in ms."""
        return self.number("bl")

    @property
    def latency(self) -> float | None:
        """`ltc`, how far behind live the picture is, in ms (version 2)."""
        return self.number("ltc")

    @property
    def throughput(self) -> float | None:
        """`mtp`, as the player measured it, in kbit/s."""
        return self.number("mtp")

    @property
    def starved(self) -> bool:
        """`bs`: the buffer ran empty since the last request."""
        return self.flag("bs")


def parse(text: str) -> Cmcd:
    """Keys as a header or a decoded query has them: `br=3200,bs,sid="6e2fb550",ot=v`. Of a key the last one counts."""
    text = text[:MAX_TEXT]
    found: dict[str, Value] = {}
    at = 0
    while at < len(text) and len(found) < MAX_KEYS:
        key = _KEY.match(text, at)
        if key is not None and key[2]:
            value, at = _value(text, key.end())
            if value is not None:
                found[key[1]] = value
        elif key is not None:
            found[key[1]] = True
            at = key.end()
        # Whatever stands before the next comma is a parameter, or cannot be read.
        comma = text.find(",", at)
        at = len(text) if comma < 0 else comma + 1
    return Cmcd(values=found)


def from_query(query: str) -> Cmcd:
    """The parameter `CMCD` of a query string, as it stands in the URL."""
    for pair in query[: 4 * MAX_TEXT].split("&"):
        name, _, value = pair.partition("=")
        if name.upper() == QUERY:
            return parse(unquote_plus(value))
    return Cmcd()


def from_headers(headers: Mapping[str, str]) -> Cmcd:
    """The four headers together; `headers` has names in lower case, or does not tell cases apart."""
    return parse(",".join(headers[name][:MAX_TEXT] for name in HEADERS if name in headers))


def from_events(body: bytes) -> tuple[Cmcd, ...]:
    """Events of version 2: one a line, each as in a header or as a JSON object; or a JSON list of such."""
    text = body.decode("utf-8", "replace")
    if text.lstrip().startswith("["):
        listed = _json(text)
        return tuple(_objects(listed if isinstance(listed, list) else ()))
    events = (_event(line) for line in text.splitlines()[:MAX_EVENTS])
    return tuple(event for event in events if event)


def _event(line: str) -> Cmcd:
    if not line.lstrip().startswith("{"):
        return parse(line)
    return next(_objects((_json(line),)), Cmcd())


def _objects(listed: Iterable[object]) -> Iterator[Cmcd]:
    for one in list(listed)[:MAX_EVENTS]:
        if isinstance(one, dict):
            values = {
                key[:64]: value for key, raw in list(one.items())[:MAX_KEYS] if (value := _plain(raw)) is not None
            }
            if values:
                yield Cmcd(values=values)


def _json(text: str) -> object:
    try:
        found: object = json.loads(text[: MAX_EVENTS * MAX_TEXT])
    except (ValueError, RecursionError):
        return None
    return found


def _plain(raw: object) -> Value | None:
    """A value of JSON as a value of ours; None for what CMCD has no use for."""
    if isinstance(raw, list):
        return tuple(
            item for one in raw[:MAX_KEYS] if (item := _plain(one)) is not None and not isinstance(item, tuple)
        )
    if isinstance(raw, str):
        return raw[:_MAX_STRING]
    if isinstance(raw, bool):
        return raw
    return raw if isinstance(raw, int | float) and abs(raw) <= _MAX_NUMBER else None


def _value(text: str, at: int) -> tuple[Value | None, int]:
    """A value that begins at `at`, and where it ends; None if it is none."""
    if text[at : at + 1] != "(":
        return _item(text, at)
    items: list[Item] = []
    at = _past_blanks(text, at + 1)
    while at < len(text) and text[at] != ")":
        item, end = _item(text, at)
        if item is not None:
            items.append(item)
        # Parameters say of which kind a rate is (`(5000;v 128;a)`); what else stands here is skipped.
        behind = _PARAMETERS.match(text, end)
        at = _past_blanks(text, max(behind.end() if behind else end, at + 1))
    return tuple(items), at


def _past_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _item(text: str, at: int) -> tuple[Item | None, int]:
    if quoted := _STRING.match(text, at):
        return re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL)[:_MAX_STRING], quoted.end()
    bare = _BARE.match(text, at)
    if bare is None:
        return None, at
    return _bare(bare[0]), bare.end()


def _bare(word: str) -> Item:
    """A boolean (`?1`), a number, or a token."""
    if word in ("?0", "?1"):
        return word == "?1"
    if _NUMBER.fullmatch(word):
        return float(word) if "." in word else int(word)
    return word[:_MAX_STRING]
