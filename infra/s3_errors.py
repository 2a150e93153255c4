"""What goes wrong with an S3 store, in our words."""

from __future__ import annotations

from typing import Final

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from infra.errors import (
    BucketMissing,
    ObjectExists,
    ObjectNotFound,
    ObjectStoreError,
    RangeUnsatisfiable,
    StoreBusy,
    StoreForbidden,
    StoreFull,
    UploadNotFound,
)

VENDOR_ERRORS: Final = (ClientError, BotoCoreError, ResponseParserError, HTTPError)
"""All that boto3 raises. A refusal to a GET whose text breaks off comes through as urllib3's (botocore 1.43)."""

_ERRORS: Final[dict[str, type[ObjectStoreError]]] = {
    "NoSuchKey": ObjectNotFound,
    "NotFound": ObjectNotFound,
    "404": ObjectNotFound,
    "InvalidRange": RangeUnsatisfiable,
    "416": RangeUnsatisfiable,
    "PreconditionFailed": ObjectExists,
    "412": ObjectExists,
    "NoSuchUpload": UploadNotFound,
    "NoSuchBucket": BucketMissing,
    **dict.fromkeys(
        ("AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch", "403", "401"),
        StoreForbidden,
    ),
    **dict.fromkeys(
        ("SlowDown", "ServiceUnavailable", "RequestLimitExceeded", "TooManyRequests", "429", "503"), StoreBusy
    ),
    "XMinioStorageFull": StoreFull,
    "QuotaExceeded": StoreFull,  # Ceph
}


def code_of(exc: Exception) -> str:
    """The store's own word for it; empty where the store said nothing."""
    return str(exc.response.get("Error", {}).get("Code", "")) if isinstance(exc, ClientError) else ""


def translated(exc: Exception, key: str) -> ObjectStoreError:
    return _ERRORS.get(code_of(exc), ObjectStoreError)(f"{key}: {exc}")
