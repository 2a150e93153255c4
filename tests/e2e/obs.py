"""OBS Studio without a screen: a scene, a profile and a service as files, as its windows would write them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WIDTH, HEIGHT, RATE = 320, 180, 30
_GLOBAL = """[General]
FirstRun=true
LastVersion=486539266
EnableAutoUpdates=false

[Basic]
Profile=Live
ProfileDir=Live
SceneCollection=Live
SceneCollectionFile=Live

[BasicWindow]
SysTrayEnabled=false

[OBSWebSocket]
FirstLoad=false
ServerEnabled=false
"""
_PROFILE = f"""[General]
Name=Live

[Output]
Mode=Simple

[SimpleOutput]
VBitrate=600
ABitrate=96
StreamEncoder=x264
UseAdvanced=true
Preset=ultrafast

[Video]
BaseCX={WIDTH}
BaseCY={HEIGHT}
OutputCX={WIDTH}
OutputCY={HEIGHT}
FPSCommon={RATE}

[Audio]
SampleRate=48000
ChannelSetup=Stereo
"""
_COLOUR = {
    "id": "color_source", "versioned_id": "color_source_v3", "name": "Colour",
    "settings": {"color": 0xFF00A000, "width": WIDTH, "height": HEIGHT},
}  # fmt: skip
_SCENE = {
    "id": "scene", "versioned_id": "scene", "name": "Scene",
    "settings": {"id_counter": 1, "items": [{"name": "Colour", "id": 1, "visible": True}]},
}  # fmt: skip
_SCENES = {
    "name": "Live", "current_scene": "Scene", "current_program_scene": "Scene", "scene_order": [{"name": "Scene"}],
    "sources": [_COLOUR, _SCENE],
}  # fmt: skip


def settings(server: str, key: str) -> dict[str, str]:
    """The files of its folder, by their paths: what somebody types under Settings, Stream is the service."""
    service = {"type": "rtmp_custom", "settings": {"server": server, "key": key, "use_auth": False}}
    return {
        "global.ini": _GLOBAL,
        "basic/profiles/Live/basic.ini": _PROFILE,
        "basic/profiles/Live/service.json": json.dumps(service),
        "basic/scenes/Live.json": json.dumps(_SCENES),
    }


@asynccontextmanager
async def streaming(home: Path, server: str, key: str) -> AsyncIterator[None]:
    """OBS on a screen that nobody sees; it streams until the body is left. `home` is its own, and empty."""
    for name, text in settings(server, key).items():
        file = home / ".config/obs-studio" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    async with _process("Xvfb", "-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp") as screen:
        assert screen.stdout is not None
        display = (await screen.stdout.readline()).decode().strip()
        (home / "run").mkdir(mode=0o700)
        environment = {
            **os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "DISPLAY": f":{display}",
            "XDG_RUNTIME_DIR": str(home / "run"), "LIBGL_ALWAYS_SOFTWARE": "1", "QT_QPA_PLATFORM": "xcb",
        }  # fmt: skip
        argv = ("obs", "--multi", "--startstreaming", "--minimize-to-tray", "--profile", "Live", "--collection", "Live")
        async with _process(*argv, environment=environment, log=home / "obs.log"):
            yield


@asynccontextmanager
async def _process(
    *argv: str, environment: dict[str, str] | None = None, log: Path | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    output = subprocess.PIPE if log is None else log.open("wb")
    process = await asyncio.create_subprocess_exec(
        *argv, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        if not isinstance(output, int):
            output.close()
