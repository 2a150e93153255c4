"""Errors of the transcoder.

TranscodeError                 retryable: may the same task succeed later?
├── SourceRefused              not retryable: the input cannot be made into an asset; says why, to an editor
├── SandboxError               a child process could not be started or broke a limit
│   ├── ChildFailed            it ended with an error; keeps argv, exit code and the tail of stderr
│   └── ChildTimedOut          it ran past its wall clock and its process group was killed
├── OutputBroken               what an encoder wrote is damaged, too short, or not where the plan puts it
├── PictureRefused             not retryable: a picture that an editor sent cannot be used; says why, to him
├── PlanMissing                the plan of this asset version is gone (deleted while the task was queued)
├── DiskFull                   the worker's disk has no room for the source
├── KeysUnreadable             the content keys of this asset version cannot be unwrapped
│   └── KeysMissing            there are none: never made, or deleted with the version
├── NotProtected               nobody can tell what of a segment may be encrypted: Shaka Packager is missing, or fails
└── LeaseLost                  somebody else may make the same thing by now
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class TranscodeError(Exception):
    """Something went wrong while transcoding."""

    retryable = True

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class SourceRefused(TranscodeError):
    """This file cannot be turned into a playable asset.

    `code` is stable and short (`not_media`, `no_streams`, `truncated`, `encrypted`, `unsupported_codec`, `too_large`,
    `empty`, …); the message tells an editor what is wrong and what to do; `cause` is for the operator.
    """

    retryable = False

    def __init__(self, code: str, message: str, *, cause: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.cause = cause


class SandboxError(TranscodeError):
    """A child process could not do its work."""

    def __init__(
        self, message: str, *, argv: Sequence[str] = (), exit_code: int | None = None, stderr: str = ""
    ) -> None:
        super().__init__(message)
        self.argv = tuple(argv)
        self.exit_code = exit_code
        self.stderr = stderr


class ChildFailed(SandboxError):
    """A child process ended with an error."""


class ChildTimedOut(SandboxError):
    """A child process ran past its wall clock."""


class OutputBroken(TranscodeError):
    """What an encoder wrote is damaged, too short, or not where the plan puts it."""


class PictureRefused(TranscodeError):
    """This picture cannot be used. `code`: `unknown`, `unreadable`, `animated` or `too_large`; the message tells an
    editor what to do."""

    retryable = False

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class PlanMissing(TranscodeError):
    """There is no plan for this asset version (any more)."""

    retryable = False


class DiskFull(TranscodeError):
    """The worker's disk has no room for the source."""


class KeysUnreadable(TranscodeError):
    """The content keys of this asset version cannot be read."""


class KeysMissing(KeysUnreadable):
    """There are no content keys of this asset version."""


class NotProtected(TranscodeError):
    """Nobody can tell what of a segment may be encrypted."""


class LeaseLost(TranscodeError):
    """The lease of this piece of work is lost: somebody else may do it by now."""
