"""Errors of the HTTP interface, and how every one of them becomes `application/problem+json` (RFC 9457).

ApiError                         status, code and title are on the class; the detail says what to do
├── BadRequest             400   the request cannot be read
├── Unauthorized           401   no token, or one that is not known (WWW-Authenticate)
├── Forbidden              403   the token's role may not do this
├── NotFound               404
├── MethodNotAllowed       405   (Allow)
├── Conflict               409   the thing is in a state that does not allow this
├── Gone                   410
├── PreconditionFailed     412   If-Match named another version
├── TooLarge               413
├── UnsupportedMediaType   415
├── RangeNotSatisfiable    416   (Content-Range: bytes */size)
├── Unprocessable          422   readable, but a field is wrong: `errors` says which
├── Locked                 423
├── TooEarly               425   what is asked for is going to be there (Retry-After)
├── InternalError          500   a fault of ours; the log has the rest
├── Unavailable            503   (Retry-After)
└── InsufficientStorage    507   the object store is full

Each capability's `errors.py` subclasses these with its own `code`. Errors of the infrastructure become `Unavailable`
or `InsufficientStorage`.
"""

from __future__ import annotations

from http.client import responses
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE: Final = "application/problem+json"


class ApiError(Exception):
    """A request that cannot be answered as asked.

    `detail` is for people: what is wrong and what to do. `extensions` are further members of the problem object
    (RFC 9457 §3.2); `headers` go into the response as they are. Without a detail, the class's docstring is the detail.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Error"

    def __init__(self, detail: str = "", *, headers: Mapping[str, str] | None = None, **extensions: Any) -> None:
        self.detail = detail or " ".join((type(self).__doc__ or self.title).split())
        self.headers: dict[str, str] = dict(headers or {})
        self.extensions = extensions
        super().__init__(self.detail)


class BadRequest(ApiError):
    """The request cannot be read."""

    status, code, title = 400, "bad_request", "Bad request"


class Unauthorized(ApiError):
    """Send a token in `Authorization: Bearer TOKEN`, or sign in at /studio."""

    status, code, title = 401, "unauthorized", "A token is needed"

    def __init__(self, detail: str = "", *, headers: Mapping[str, str] | None = None, **extensions: Any) -> None:
        # RFC 9110 §11.6.1: a 401 always carries a challenge.
        super().__init__(
            detail, headers={"WWW-Authenticate": 'Bearer realm="channel"', **(headers or {})}, **extensions
        )


class Forbidden(ApiError):
    """The token's role does not allow this."""

    status, code, title = 403, "forbidden", "Not allowed"


class NotFound(ApiError):
    """There is nothing at this address."""

    status, code, title = 404, "not_found", "Not found"


class MethodNotAllowed(ApiError):
    """This address does not know the method."""

    status, code, title = 405, "method_not_allowed", "Method not allowed"


class Conflict(ApiError):
    """The present state does not allow this."""

    status, code, title = 409, "conflict", "Conflict"


class Gone(ApiError):
    """This was here and is gone."""

    status, code, title = 410, "gone", "Gone"


class PreconditionFailed(ApiError):
    """It has been changed since you read it: read it again and send its new ETag in If-Match."""

    status, code, title = 412, "precondition_failed", "Changed meanwhile"


class TooLarge(ApiError):
    """The body is larger than allowed."""

    status, code, title = 413, "too_large", "Body too large"


class UnsupportedMediaType(ApiError):
    """This Content-Type is not understood here."""

    status, code, title = 415, "unsupported_media_type", "Unsupported media type"


class RangeNotSatisfiable(ApiError):
    """The range begins behind the end."""

    status, code, title = 416, "range_not_satisfiable", "Range not satisfiable"


class Unprocessable(ApiError):
    """A value is not acceptable."""

    status, code, title = 422, "unprocessable", "Value not acceptable"


class Locked(ApiError):
    """Somebody else is writing this at the moment."""

    status, code, title = 423, "locked", "Locked"


class TooEarly(ApiError):
    """What is asked for is going to be there: ask again then."""

    status, code, title = 425, "too_early", "Too early"

    def __init__(
        self, detail: str = "", *, retry_after: int = 1, headers: Mapping[str, str] | None = None, **extensions: Any
    ) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after), **(headers or {})}, **extensions)


class InternalError(ApiError):
    """The server made a mistake. It has been logged; trying again later may help."""

    status, code, title = 500, "internal_error", "Internal error"


class Unavailable(ApiError):
    """A part of the service does not answer: try again shortly."""

    status, code, title = 503, "unavailable", "Unavailable for the moment"

    def __init__(
        self, detail: str = "", *, retry_after: int = 2, headers: Mapping[str, str] | None = None, **extensions: Any
    ) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after), **(headers or {})}, **extensions)


class InsufficientStorage(ApiError):
    """The object store has no room left. Free some, by deleting assets or enlarging its disk, and go on: what was
    acknowledged is kept."""

    status, code, title = 507, "insufficient_storage", "No room left"


def problem_response(error: ApiError) -> Response:
    """The response of an error: RFC 9457 with `code` (stable, for programs) beside `detail` (for people)."""
    body = {
        "type": "about:blank" if error.code == "error" else f"urn:channel:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        **error.extensions,
    }
    headers = {"Cache-Control": "no-store", **error.headers}
    return Response(msgspec.json.encode(body), status_code=error.status, headers=headers, media_type=MEDIA_TYPE)


def from_status(status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> ApiError:
    """The error of a bare HTTP status, as the router raises them."""
    known: dict[int, type[ApiError]] = {
        kind.status: kind
        for kind in (BadRequest, Unauthorized, Forbidden, NotFound, MethodNotAllowed, TooLarge, UnsupportedMediaType)
    }
    kind = known.get(status, BadRequest if 400 <= status < 500 else InternalError)
    return kind("" if detail == responses.get(status) else detail, headers=headers)
