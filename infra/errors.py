"""Errors of the infrastructure room.

InfraError
├── SettingsError            a setting is missing or malformed; says which and what to write
├── ObjectStoreError         the object store refused or did not answer
│   ├── ObjectNotFound
│   ├── ObjectExists         a conditional write lost: the first writer's object stands
│   ├── StoreForbidden       its credentials are wrong, or have expired
│   ├── BucketMissing        the bucket itself is not there
│   ├── StoreBusy            it is asked too much
│   ├── StoreFull            it has no room left
│   └── RangeUnsatisfiable
├── UploadNotFound           a multipart upload that the store does not know (any more)
├── CacheUnavailable         Redis did not answer, or there is none
│   └── CacheSilent          nothing came back: it may be there for others
├── EngineUnavailable        the job engine did not answer
├── TaskAbandoned            a task that no worker survived
└── DatabaseUnavailable      the SQL engine did not answer
"""


class InfraError(Exception):
    """An infrastructure part failed."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class SettingsError(InfraError):
    """A setting is missing or malformed."""


class ObjectStoreError(InfraError):
    """The object store refused the request or did not answer."""


class ObjectNotFound(ObjectStoreError):
    """There is no object under this key."""


class ObjectExists(ObjectStoreError):
    """An object stands under this key already."""


class StoreForbidden(ObjectStoreError):
    """The object store does not know these credentials, or does not allow them this."""


class BucketMissing(ObjectStoreError):
    """There is no bucket of this name."""


class StoreBusy(ObjectStoreError):
    """The object store asks for fewer requests."""


class StoreFull(ObjectStoreError):
    """The object store has no room left."""


class RangeUnsatisfiable(ObjectStoreError):
    """The range begins behind the end of the object."""


class UploadNotFound(ObjectStoreError):
    """The object store does not know this multipart upload."""


class CacheUnavailable(InfraError):
    """Redis did not answer."""


class CacheSilent(CacheUnavailable):
    """Nothing came back from Redis. It may be there for others, unlike one that refuses connections."""


class EngineUnavailable(InfraError):
    """The job engine did not answer."""


class TaskAbandoned(InfraError):
    """Every worker that ran this task died before it came to an end."""


class DatabaseUnavailable(InfraError):
    """The SQL engine did not answer."""
