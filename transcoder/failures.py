"""Every reason why an asset version fails: a stable code, and in a sentence or two what it means and what to do.

The words are for an editor; the operator's cause stands beside them. `docs/failures.md` lists them all.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from infra.errors import TaskAbandoned
from transcoder.errors import ChildTimedOut, KeysUnreadable, SandboxError
from transcoder.facts import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.ports import Attempt

MESSAGES: Final[Mapping[str, str]] = {
    # the file
    "empty": "The file is empty (0 bytes). Upload it again.",
    "not_media": "This file is {what}, not a video or audio file. Upload the media file itself, for example MP4, MOV, "
    "MXF, MKV or WAV.",
    "unreadable": "The file begins like a media file but cannot be read: it is damaged. Export it again and upload the "
    "new file.",
    "truncated": "The file is cut off: its index or all of its media is missing, usually because a recording or a copy "
    "did not finish. Upload the whole file.",
    "encrypted": "The file is protected (encrypted), so it cannot be decoded. Upload a file without copy protection.",
    "unsupported_codec": "The picture or the sound of the file cannot be decoded here (codec: {codec}). Export it as "
    "H.264, HEVC or ProRes with AAC or PCM sound.",
    "no_streams": "The file holds no picture or sound. Upload the file that does; a caption file is added to its "
    "video.",
    "too_large": "The picture has more pixels than the limit of {max_pixels}. Export it smaller.",
    "too_many_streams": "The file has more than {max_streams} streams. Export it with the tracks that viewers need.",
    "too_many_frames": "The file has more pictures or packets than the limit of {max_frames}. Cut it into parts.",
    "too_long": "The file claims to last longer than the limit of {max_duration} s. Cut it into parts, or rewrite its "
    "time stamps.",
    "broken_timeline": "The clock of the recording jumps: time stamps go back, or by more than {max_gap} s. Export the "
    "file from an editor and upload it.",
    "too_complex": "The file takes more work or memory to read than it may. Export it again in a common format.",
    # the work
    "index_failed": "The file could not be read. Export it again, then upload the new file.",
    "index_too_slow": "Reading the file took longer than it may. Upload it again; if that does not help, export it in "
    "a common format.",
    "encode_failed": "The file could not be encoded. It may be damaged: check it, or export it again.",
    "encode_too_slow": "Encoding a part of the file took longer than it may. Export it with a smaller picture or a "
    "lower frame rate, or ask your operator for more time or a faster machine.",
    "finish_failed": "The encode could not be completed. Ask your operator: the log says why.",
    # the house
    "abandoned": "Every worker that took on a part of this file stopped in the middle of it. Upload it again; if that "
    "does not help, export it anew, and ask your operator: the log says which part.",
    "cancelled": "An editor stopped the encode. Upload the file again to have it made after all.",
    "source_missing": "The uploaded file is not there any more. Upload it again.",
    "keys_unreadable": "The encryption keys of this file cannot be read. Ask your operator: the log says why.",
    "stuck": "The encode makes no progress. Ask your operator: the workers' logs say why.",
}

_TASKS: Final[Mapping[str, tuple[str, str]]] = {
    "index": ("index_failed", "index_too_slow"),
    "window": ("encode_failed", "encode_too_slow"),
    "run": ("encode_failed", "encode_too_slow"),
    "finish": ("finish_failed", "finish_failed"),
}
"""By kind of task: the code of a failure, and of one whose child ran past its wall clock."""


def failure(code: str, *, cause: str = "") -> Failure:
    """Raises KeyError for a code that has no words, or whose words want a name."""
    return Failure(code=code, message=MESSAGES[code].format_map({}), cause=cause)


def of_task(attempt: Attempt, exc: BaseException) -> Failure:
    """The failure of a task that was tried for the last time."""
    code, too_slow = _TASKS[attempt.task.kind]
    cause = f"{attempt.task.name}, try {attempt.number}: {type(exc).__name__}: {exc}"
    if isinstance(exc, SandboxError):
        cause += f"\n{shlex.join(exc.argv)}\n{exc.stderr}"
    if isinstance(exc, TaskAbandoned):
        return failure("abandoned", cause=cause)
    if isinstance(exc, KeysUnreadable):
        return failure("keys_unreadable", cause=cause)
    return failure(too_slow if isinstance(exc, ChildTimedOut) else code, cause=cause)
