"""Adapters that live in one process: for unit tests and for trying things out. They keep the ports' contracts."""

from infra.memory.cache import MemoryCache
from infra.memory.jobs import MemoryEngine, MemoryWorker
from infra.memory.store import MemoryStore

__all__ = ["MemoryCache", "MemoryEngine", "MemoryStore", "MemoryWorker"]
