"""What the worker's tasks work with."""

from __future__ import annotations

from dataclasses import dataclass

from infra.ports import Cache, JobEngine, ObjectStore
from transcoder.encoder_settings import EncoderSettings
from transcoder.encryption.key_store import KeyStore
from transcoder.processor import Processor
from transcoder.progress import ProgressBoard
from transcoder.schedule.front import Front
from transcoder.settings import TranscoderSettings
from transcoder.sources.source import Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscoderParts:
    """One of each, shared by all tasks of a worker process."""

    settings: TranscoderSettings
    encoder: EncoderSettings
    store: ObjectStore
    cache: Cache
    jobs: JobEngine
    sources: Sources
    board: ProgressBoard
    processor: Processor
    keys: KeyStore

    @property
    def front(self) -> Front:
        """What fills the queue; it holds nothing."""
        return Front(store=self.store, cache=self.cache, jobs=self.jobs, board=self.board)
