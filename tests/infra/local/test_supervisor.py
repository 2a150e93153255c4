from __future__ import annotations

from typing import TYPE_CHECKING

from infra.local.supervisor import Part, Supervisor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import pytest


async def _at_once() -> bool:
    return True


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)


async def test_a_part_that_cannot_be_started_is_tried_again(
    tmp_path: Path, eventually: Callable[..., Awaitable[None]], capsys: pytest.CaptureFixture[str]
) -> None:
    program, told, said = tmp_path / "program", tmp_path / "told", ""

    def failed() -> bool:
        nonlocal said
        said += capsys.readouterr().err
        return "part cannot be started" in said

    supervisor = Supervisor(tmp_path / "logs")
    _program(program, f'rm "{program}"')
    await supervisor.start(Part(name="part", argv=(str(program),), environment={}, ready=_at_once))
    try:
        await eventually(failed)
        _program(program, f'touch "{told}"; exec sleep 60')
        await eventually(told.exists)
    finally:
        await supervisor.stop()
