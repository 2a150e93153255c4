"""The schedule as a whole, simulated: workers are kept busy, and nobody waits behind somebody's hundred windows."""

from __future__ import annotations

import pytest

from benchmarks.simulation import Costs, Upload, simulate
from manifests.layout import RenditionId

RUNGS = {RenditionId(f"v{height}-1"): cost for height, cost in ((720, 1.8), (540, 1.3), (360, 0.5), (234, 0.2))}
COSTS = Costs(start=0.4, fetch=0.1, dispatch=0.02, decode=0.3, encode=RUNGS)


def made(*uploads: Upload, workers: int) -> None:
    simulate(uploads, COSTS, workers=workers)
    assert all(upload.left == [] and upload.open == 0 for upload in uploads)


@pytest.mark.parametrize("workers", [1, 2, 4, 8, 16, 32, 64])
def test_workers_are_busy_until_the_work_runs_out(workers: int) -> None:
    upload = Upload(name="two hours", tenant="anna", segments=1800)
    made(upload, workers=workers)
    assert 0.9 <= 1800 * COSTS.segment / (workers * upload.done) <= 1


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("tenant", ["anna", "ben"])
def test_a_short_clip_is_playable_behind_ten_uploads_of_two_hours(workers: int, tenant: str) -> None:
    long = [Upload(name=f"long {number}", tenant="anna", segments=1800, at=number) for number in range(10)]
    clip = Upload(name="clip", tenant=tenant, segments=8, at=3600)
    alone = Upload(name="clip", tenant=tenant, segments=8)
    made(alone, workers=workers)
    made(*long, clip, workers=workers)
    assert clip.first - clip.at <= 2 * alone.first
    assert clip.done - clip.at <= 2 * alone.done


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize(("segments", "within"), [(300, 2.2), (900, 2.1)])
def test_a_tenant_has_half_the_workers_whatever_another_has_queued(
    workers: int, segments: int, within: float
) -> None:  # fmt: skip
    long = [Upload(name=f"long {number}", tenant="anna", segments=1800) for number in range(10)]
    other = Upload(name="other", tenant="ben", segments=segments, at=600)
    alone = Upload(name="other", tenant="ben", segments=segments)
    made(alone, workers=workers)
    made(*long, other, workers=workers)
    # Twice as long, and the windows that ran or stood in the queue when he came.
    assert other.done - other.at <= within * alone.done
