"""Errors of the uploads, with the statuses that tus 1.0.0 asks for.

ApiError
├── BadRequest
│   ├── MalformedHeader      400   a header of the protocol cannot be read
│   ├── UnknownChecksum      400   an algorithm that Tus-Checksum-Algorithm does not name
│   ├── PartialPut           400   Content-Range with PUT
│   └── DigestMismatch       400   the body is not what Repr-Digest or Content-MD5 says
├── Interrupted                    the body ended early; what had arrived is stored
│   ├── BodyCut              400   the connection was cut
│   ├── BodyStalled          408   no byte for too long
│   └── WriterReplaced       409   the client came back on another connection while this one was silent
├── UploadNotFound           404
├── Conflict
│   ├── WrongOffset          409
│   ├── PartsMissing         409   a presigned upload is not whole
│   └── NotThisWay           409   another protocol began this upload
├── UploadGone               410   expired or terminated
├── WrongTusVersion          412
├── TooLarge
│   ├── UploadTooLarge       413   more than Tus-Max-Size
│   └── LongerThanDeclared   413   more than Upload-Length
├── EmptyUpload              422   a source of no bytes
├── NoSuchPart               422   a presigned upload has no part of this number
├── SomebodyIsWriting        423
└── ChecksumMismatch         460   the bytes of the request have been thrown away
"""

from __future__ import annotations

from streaming.http.problem import (
    ApiError,
    BadRequest,
    Conflict,
    Gone,
    Locked,
    NotFound,
    PreconditionFailed,
    TooLarge,
    Unprocessable,
)


class MalformedHeader(BadRequest):
    """A header cannot be read."""

    code, title = "malformed_header", "Malformed header"


class UnknownChecksum(BadRequest):
    """This checksum algorithm is not known here: take one that Tus-Checksum-Algorithm names."""

    code, title = "unknown_checksum", "Unknown checksum algorithm"


class PartialPut(BadRequest):
    """A source is PUT whole: Content-Range is not taken (RFC 9110 §14.5). To resume, use tus at /api/uploads."""

    code, title = "partial_put", "PUT the whole source"


class DigestMismatch(BadRequest):
    """The body that arrived is not what its digest says: nothing was stored, send it again."""

    code, title = "digest_mismatch", "Digest does not match"


class Interrupted(ApiError):
    """The body ended before its end."""


class BodyCut(Interrupted):
    """The connection was cut before the end of the body."""

    status, code, title = 400, "body_cut", "Body cut short"


class BodyStalled(Interrupted):
    """No byte arrived for too long: ask for the offset (HEAD) and go on from there."""

    status, code, title = 408, "body_stalled", "Body stalled"


class WriterReplaced(Interrupted):
    """Another connection goes on with this upload: this one had been silent."""

    status, code, title = 409, "writer_replaced", "Writer replaced"


class UploadNotFound(NotFound):
    """There is no upload with this id: create one with POST /api/uploads."""

    code, title = "upload_not_found", "No such upload"


class WrongOffset(Conflict):
    """Upload-Offset is not where the upload stands: ask with HEAD and go on from its Upload-Offset."""

    code, title = "wrong_offset", "Wrong offset"


class PartsMissing(Conflict):
    """The store does not hold all parts yet: PUT the ones in `missing`, then complete again."""

    code, title = "parts_missing", "Parts are missing"


class NotThisWay(Conflict):
    """This upload was begun with another protocol: go on with that one."""

    code, title = "not_this_way", "Another protocol's upload"


class UploadGone(Gone):
    """This upload is over: it expired or was terminated. Create a new one with POST /api/uploads."""

    code, title = "upload_gone", "Upload gone"


class WrongTusVersion(PreconditionFailed):
    """This server speaks tus 1.0.0: send Tus-Resumable: 1.0.0."""

    code, title = "wrong_tus_version", "Unsupported tus version"


class UploadTooLarge(TooLarge):
    """The file is larger than this server takes."""

    code, title = "upload_too_large", "File too large"


class LongerThanDeclared(TooLarge):
    """The body goes beyond Upload-Length. What was acknowledged before stands: send the rest and no more."""

    code, title = "longer_than_declared", "Longer than declared"


class EmptyUpload(Unprocessable):
    """The file has no bytes: there is nothing to play. Choose the file again; an export may have failed."""

    code, title = "empty", "Empty file"


class NoSuchPart(Unprocessable):
    """The upload has no part of this number: they go from 1 to `part_count`."""

    code, title = "no_such_part", "No such part"


class SomebodyIsWriting(Locked):
    """Another connection is sending bytes of this upload: wait for it, or try again in a moment."""

    code, title = "somebody_is_writing", "Upload busy"


class ChecksumMismatch(ApiError):
    """The bytes of this request do not match Upload-Checksum and were thrown away: send them again."""

    status, code, title = 460, "checksum_mismatch", "Checksum mismatch"
