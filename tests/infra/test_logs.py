from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest

from infra.logs import configure

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    yield
    logging.captureWarnings(False)
    root.level, root.handlers[:] = before


def _logged(style: str, *, level: str = "info") -> tuple[io.StringIO, logging.Logger]:
    stream = io.StringIO()
    configure(level=level, style=style, stream=stream)
    return stream, logging.getLogger("channel.test")


def test_json_has_one_object_a_line_with_extra_fields() -> None:
    stream, log = _logged("json")
    log.info("encoded %d\nlines", 2, extra={"asset": "a1", "window": object})
    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert found["time"].endswith("Z")
    assert (found["level"], found["logger"], found["message"]) == ("info", "channel.test", "encoded 2\nlines")
    assert found["asset"] == "a1"


def test_json_keeps_an_exception_in_its_line() -> None:
    stream, log = _logged("json")
    try:
        raise KeyError("gone")
    except KeyError:
        log.exception("failed")
    (line,) = stream.getvalue().splitlines()
    assert "KeyError: 'gone'" in json.loads(line)["exception"]


def test_console_cannot_be_made_to_print_a_line_of_its_own() -> None:
    stream, log = _logged("console")
    log.warning("file %s", "a\n12:00:00.000 info channel: all is well", extra={"asset": "a1", "cause": "b\r\nc"})
    (line,) = stream.getvalue().splitlines()
    assert " warning channel.test: file a\\n12:00" in line
    assert line.endswith(" asset=a1 cause=b\\r\\nc")


def test_the_level_holds_and_libraries_stay_quiet() -> None:
    stream, log = _logged("console", level="warning")
    log.info("no")
    logging.getLogger("coredis.connection").error("no")
    logging.getLogger("botocore.credentials").info("no")
    assert stream.getvalue() == ""
