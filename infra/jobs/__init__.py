"""The job engine: streaQ over Redis Streams (≥ Redis 7.0, Valkey), behind `infra.ports.JobEngine` and `JobWorker`."""

from infra.jobs.engine import StreaqEngine
from infra.jobs.worker import StreaqWorker

__all__ = ["StreaqEngine", "StreaqWorker"]
