"""The object store over S3: boto3 in a bounded pool of threads, so that no request ever blocks the event loop.

A thread is held for one request or for one read of a body, never for as long as a slow viewer takes to fetch a segment.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.errors import ObjectExists, ObjectNotFound, ObjectStoreError, RangeUnsatisfiable, UploadNotFound
from infra.ports import ObjectBody, ObjectStat, Part
from infra.s3_errors import VENDOR_ERRORS, code_of, translated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from datetime import timedelta

    from infra.settings import S3Settings

T = TypeVar("T")

_READ: Final = 256 * 1024
_DELETE_BATCH: Final = 1000  # DeleteObjects takes no more
_CONFLICT_TRIES: Final = 5
_READ_TRIES: Final = 3
_THREADS: Final = 32
_FAREWELL_S: Final = 2.0
_TRIES: Final = 4
_SILENCE_S: Final = 15.0
"""A store that says nothing for so long is asked again, four times in all: nobody waits longer than a minute."""
_COMPLETING_S: Final = 300.0
"""The same for the end of a multipart upload: some stores copy all of its parts into one object first."""


def _stat(key: str, answer: dict[str, Any], *, size: int) -> ObjectStat:
    return ObjectStat(
        key=key,
        size=size,
        etag=str(answer["ETag"]).strip('"'),
        modified=answer["LastModified"].astimezone(UTC),
        content_type=answer.get("ContentType") or "application/octet-stream",
        cache_control=answer.get("CacheControl"),
    )


def _client(settings: S3Settings, endpoint_url: str | None, *, tries: int, silence_s: float) -> Any:
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=settings.region,
        aws_access_key_id=settings.access_key_id,
        aws_secret_access_key=settings.secret_access_key,
        config=Config(
            signature_version="s3v4",
            # A bucket as a host name needs wildcard DNS, which few stores beside AWS have.
            s3={"addressing_style": "path"},
            max_pool_connections=2 * _THREADS,
            tcp_keepalive=True,
            connect_timeout=5,
            read_timeout=silence_s,
            retries={"mode": "standard", "total_max_attempts": tries},
            # boto3's default trailing CRCs are chunked bodies that many S3-compatible stores refuse or store verbatim.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


class _Blocks:
    """The body of an answer in blocks, each read in a thread."""

    def __init__(self, threads: ThreadPoolExecutor, body: Any, *, key: str) -> None:
        self._threads = threads
        self._body = body
        self._key = key
        self._reading: asyncio.Future[bytes] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        self._reading = asyncio.get_running_loop().run_in_executor(self._threads, self._body.read, _READ)
        try:
            block = await asyncio.shield(self._reading)
        except VENDOR_ERRORS as exc:
            await self.aclose()
            raise translated(exc, self._key) from exc
        except asyncio.CancelledError:
            await self.aclose()
            raise
        if not block:
            await self.aclose()
            raise StopAsyncIteration
        return block

    async def aclose(self) -> None:
        # A thread may still be reading when a viewer hangs up: the connection is closed after it, never under it.
        if self._reading is not None and not self._reading.done():
            self._reading.add_done_callback(self._close_after)
        else:
            self._body.close()

    def _close_after(self, reading: asyncio.Future[bytes]) -> None:
        if not reading.cancelled():
            reading.exception()  # nobody waits for it any more
        self._body.close()


class S3Store:
    """`ObjectStore` and `MultipartStore` on one bucket of an S3-compatible store.

    `tries`: how often boto3 asks, in all; whoever keeps what failed, and asks again himself, wants one. `silence_s`:
    how long an answer is waited for each time.
    """

    def __init__(self, settings: S3Settings, *, tries: int = _TRIES, silence_s: float = _SILENCE_S) -> None:
        self._bucket = settings.bucket
        self._region = settings.region
        self._connect = partial(_client, settings, tries=tries)
        self._client = self._connect(settings.endpoint_url, silence_s=silence_s)
        public = settings.public_endpoint_url or settings.endpoint_url
        same = public == settings.endpoint_url
        self._public = self._client if same else self._connect(public, silence_s=silence_s)
        self._settings = settings
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="s3")
        self._abandoned: set[asyncio.Future[Any]] = set()

    async def ensure_bucket(self) -> None:
        """Make the bucket if it is not there."""
        try:
            await self._run(self._client.head_bucket, self._bucket, Bucket=self._bucket)
        except ObjectNotFound:
            # us-east-1 is the default and must not be named (CreateBucket, LocationConstraint).
            where = (
                {}
                if self._region == "us-east-1"
                else {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
            )
            with suppress(ObjectExists):
                await self._run(self._create_bucket, self._bucket, **where)

    async def aclose(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        # Who was cancelled left a thread at work, and the connection to be closed after it.
        if self._abandoned:
            await asyncio.wait(self._abandoned, timeout=_FAREWELL_S)
            await asyncio.sleep(0)  # their callbacks
        for client in (self._client, self._public, self.__dict__.get("_patient")):
            if client is not None:
                client.close()

    @cached_property
    def _patient(self) -> Any:
        return self._connect(self._settings.endpoint_url, silence_s=_COMPLETING_S)

    # --- objects ----------------------------------------------------------------------------------------------------

    async def head(self, key: str) -> ObjectStat | None:
        try:
            answer = await self._call("head_object", key)
        except ObjectNotFound:
            return None
        return _stat(key, answer, size=answer["ContentLength"])

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> ObjectBody:
        extra: dict[str, Any] = {}
        ranged = start > 0 or length is not None
        if ranged:
            extra["Range"] = f"bytes={start}-" if length is None else f"bytes={start}-{start + length - 1}"
        loop = asyncio.get_running_loop()
        opening = loop.run_in_executor(
            self._threads, partial(self._client.get_object, Bucket=self._bucket, Key=key, **extra)
        )
        try:
            answer = await asyncio.shield(opening)
        except asyncio.CancelledError:
            self._abandoned.add(opening)
            opening.add_done_callback(self._abandoned.discard)
            opening.add_done_callback(_close_opened)
            raise
        except VENDOR_ERRORS as exc:
            if not (ranged and code_of(exc) == "InvalidArgument"):
                raise translated(exc, key) from exc
            # nanio refuses any range that reaches behind the end; RFC 9110 §14.1.2 cuts it short if it begins before.
            stat = await self.head(key)
            if stat is None or length is None or not start < stat.size < start + length:
                raise RangeUnsatisfiable(f"{key}: {exc}") from exc
            return await self.get(key, start=start, length=stat.size - start)
        size = answer["ContentLength"]
        if ranged:
            if "ContentRange" not in answer:
                answer["Body"].close()
                raise ObjectStoreError(f"{key}: the store ignored the range {extra['Range']}")
            size = int(answer["ContentRange"].rpartition("/")[2])
        return ObjectBody(
            stat=_stat(key, answer, size=size),
            start=start,
            length=answer["ContentLength"],
            stream=_Blocks(self._threads, answer["Body"], key=key),
        )

    async def read(self, key: str) -> bytes:
        for again in reversed(range(_READ_TRIES)):
            body = await self.get(key)
            try:
                return b"".join([block async for block in body.stream])
            except ObjectStoreError:  # it broke off: only the head of an answer is asked for again by boto3
                if not again:
                    raise
        raise AssertionError("unreachable")

    async def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        cache_control: str | None = None,
        only_if_absent: bool = False,
    ) -> ObjectStat:
        extra: dict[str, Any] = {} if cache_control is None else {"CacheControl": cache_control}
        if only_if_absent:
            # Stores that do not know the header ignore it (plain nanio, older Ceph): the caller has looked before.
            extra["IfNoneMatch"] = "*"
        answer = await self._run(
            self._put, key, Bucket=self._bucket, Key=key, Body=body, ContentType=content_type, **extra
        )
        if "ETag" not in answer:  # a proxy's page, a portal that wants somebody to log in
            raise ObjectStoreError(f"{key}: who said yes to a write is no object store")
        return ObjectStat(
            key=key,
            size=len(body),
            etag=str(answer["ETag"]).strip('"'),
            modified=datetime.now(UTC).replace(microsecond=0),
            content_type=content_type,
            cache_control=cache_control,
        )

    async def list(self, prefix: str, *, after: str | None = None) -> AsyncIterator[ObjectStat]:
        more: dict[str, Any] = {} if after is None else {"StartAfter": after}
        while True:
            page = await self._run(self._client.list_objects_v2, prefix, Bucket=self._bucket, Prefix=prefix, **more)
            for entry in page.get("Contents", ()):
                yield _stat(entry["Key"], entry, size=entry["Size"])
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    async def delete(self, keys: Sequence[str]) -> None:
        for first in range(0, len(keys), _DELETE_BATCH):
            batch = [{"Key": key} for key in keys[first : first + _DELETE_BATCH]]
            answer = await self._run(
                self._client.delete_objects,
                keys[first],
                Bucket=self._bucket,
                Delete={"Objects": batch, "Quiet": True},
            )
            for failed in answer.get("Errors", ()):
                if failed.get("Code") not in ("NoSuchKey", "NotFound"):
                    raise ObjectStoreError(f"{failed.get('Key')}: {failed.get('Code')} {failed.get('Message')}")

    # --- multipart --------------------------------------------------------------------------------------------------

    async def begin(self, key: str, *, content_type: str) -> str:
        answer = await self._call("create_multipart_upload", key, ContentType=content_type)
        return str(answer["UploadId"])

    async def put_part(self, key: str, upload_id: str, number: int, body: bytes) -> Part:
        answer = await self._upload_call("upload_part", key, upload_id, PartNumber=number, Body=body)
        return Part(number=number, etag=str(answer["ETag"]).strip('"'), size=len(body))

    async def parts(self, key: str, upload_id: str) -> tuple[Part, ...]:
        found: list[Part] = []
        more: dict[str, Any] = {}
        while True:
            page = await self._call("list_parts", key, UploadId=upload_id, **more)
            found += (
                Part(number=part["PartNumber"], etag=part["ETag"].strip('"'), size=part["Size"])
                for part in page.get("Parts", ())
            )
            if not page.get("IsTruncated"):
                return tuple(found)
            more = {"PartNumberMarker": page["NextPartNumberMarker"]}

    async def complete(self, key: str, upload_id: str, parts: Sequence[Part]) -> ObjectStat:
        listed = [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]
        await self._upload_call("complete_multipart_upload", key, upload_id, MultipartUpload={"Parts": listed})
        stat = await self.head(key)
        if stat is None:
            raise ObjectNotFound(f"{key}: gone right after its upload was completed")
        return stat

    async def abort(self, key: str, upload_id: str) -> None:
        with suppress(UploadNotFound):
            await self._call("abort_multipart_upload", key, UploadId=upload_id)

    def presign_part(self, key: str, upload_id: str, number: int, *, expires: timedelta) -> str:
        return str(
            self._public.generate_presigned_url(
                "upload_part",
                Params={"Bucket": self._bucket, "Key": key, "UploadId": upload_id, "PartNumber": number},
                ExpiresIn=int(expires.total_seconds()),
            )
        )

    # --- calls ------------------------------------------------------------------------------------------------------

    async def _call(self, operation: str, key: str, **parameters: Any) -> dict[str, Any]:
        def call(**asked: Any) -> Any:
            client = self._patient if operation == "complete_multipart_upload" else self._client
            return getattr(client, operation)(**asked)

        answer: dict[str, Any] = await self._run(call, key, Bucket=self._bucket, Key=key, **parameters)
        return answer

    async def _upload_call(self, operation: str, key: str, upload_id: str, **parameters: Any) -> dict[str, Any]:
        try:
            return await self._call(operation, key, UploadId=upload_id, **parameters)
        except UploadNotFound:
            raise
        except ObjectStoreError:
            # Not every store has a clear word for an upload that is gone (nanio: 400, moto: 500); listing tells.
            await self.parts(key, upload_id)
            raise

    async def _run(self, call: Callable[..., T], key: str, *args: Any, **kwargs: Any) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, partial(call, *args, **kwargs))
        except VENDOR_ERRORS as exc:
            raise translated(exc, key) from exc

    def _create_bucket(self, **where: Any) -> None:
        try:
            self._client.create_bucket(Bucket=self._bucket, **where)
        except ClientError as exc:
            # Another process was faster.
            if code_of(exc) not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise

    def _put(self, **parameters: Any) -> dict[str, Any]:
        for _ in range(_CONFLICT_TRIES):
            try:
                answer: dict[str, Any] = self._client.put_object(**parameters)
            except ClientError as exc:
                # Two conditional writes at once: S3 asks to try again, when one of them will have won (PutObject, 409).
                if code_of(exc) != "ConditionalRequestConflict":
                    raise
                lost = exc
            else:
                return answer
        raise lost


def _close_opened(opening: asyncio.Future[dict[str, Any]]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result()["Body"].close()
