"""What encryption costs: processor time, and the wait of a viewer for a segment that is not there yet."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.clips import looped
from benchmarks.just_in_time import CLIP, Bucket, wait_for_segment
from benchmarks.report import Result
from infra.local.preflight import free_port
from manifests import layout
from manifests.layout import AssetId
from tests.e2e.stack import Stack, running
from transcoder import plan as plans
from transcoder.encryption.content_keys import ContentKey
from transcoder.encryption.key_ids import KeyId
from transcoder.encryption.whole_segments import decrypt, encrypt

TIMES: Final = 5
SEEKS: Final = 24
_LADDER: Final = "per_title = false\nloudness = 'source'\nladder = [{ height = 720, average_kbps = 3000 }]\n"
PROFILES: Final = {
    "clear": _LADDER,
    "aes-128": f'encryption = "aes-128"\nkey_rotation = 4\n{_LADDER}',
    "cbcs": f'encryption = "cbcs"\n{_LADDER}',
}
_SEGMENT: Final = 3 << 20
_ROUNDS: Final = 40


def _cpu() -> tuple[float, float]:
    """Milliseconds to encrypt, and to decrypt, three megabytes."""
    key, body = ContentKey(id=KeyId(bytes(16)), key=os.urandom(16)), os.urandom(_SEGMENT)
    made = encrypt(key, 0, body)
    spent = []
    for work, given in ((encrypt, body), (decrypt, made)):
        begun = time.process_time()
        for _ in range(_ROUNDS):
            work(key, 0, given)
        spent.append((time.process_time() - begun) * 1000 / _ROUNDS)
    return spent[0], spent[1]


def run() -> Result:
    """An asset of one clip for each profile, on an idle stack: each loses a segment in turn, and a viewer wants it."""
    waits: dict[str, list[float]] = {name: [] for name in PROFILES}
    # A run makes the one segment that is asked for.
    environment = {"CHANNEL_SEGMENT_WAIT_S": "20", "CHANNEL_WORKER_AHEAD": "1"}
    with tempfile.TemporaryDirectory() as name:
        source = looped(CLIP, Path(name), times=TIMES)
        made = Stack(home=Path(name) / "home", port=free_port(), environment=environment, profiles=PROFILES)
        with running(made) as stack:
            assets = {profile: stack.upload(source, profile=profile) for profile in PROFILES}
            for asset in assets.values():
                stack.wait_for(asset, "ready", within=600)
            bucket = Bucket(stack)
            plan = plans.load(bucket.read(layout.plan(AssetId(assets["clear"]), 1)))
            assert plan.video is not None
            rung = plan.video.rungs[0].id
            for seek in range(SEEKS):
                # Far from each other: what was made two seconds ago counts as being made.
                number = 3 * seek % (plan.video.segments - 1)
                for profile, asset in assets.items():
                    bucket.delete(layout.segment(AssetId(asset), rung, number))
                    waits[profile].append(wait_for_segment(stack, asset, rung, number))
    encrypting, decrypting = _cpu()
    more = {
        profile: statistics.median(b - a for a, b in zip(waits["clear"], found, strict=True))
        for profile, found in waits.items()
        if profile != "clear"
    }
    return Result(
        name="Encryption",
        question=f"{CLIP} × {TIMES} at 720p, clear, with AES-128 and in cbcs, in turn: a segment is taken away, and a "
        "viewer asks for it; from request to last byte.",
        columns=("", "seeks", "p50", "p90"),
        rows=tuple(
            (profile, f"{len(found)}", f"{statistics.median(found):.3f} s", f"{sorted(found)[int(0.9 * SEEKS)]:.3f} s")
            for profile, found in waits.items()
        ),
        verdict="Median of the differences: "
        + ", ".join(f"{profile} {found * 1000:+.0f} ms" for profile, found in more.items())
        + f" (target: within 100 ms). With AES-128 a segment of 3 MiB takes {encrypting:.1f} ms of a core to encrypt, "
        f"{decrypting:.1f} ms to decrypt.",
        numbers={"waits": waits, "more_s": more, "encrypt_ms": encrypting, "decrypt_ms": decrypting},
    )
