"""What a client says about a file when its upload begins: tus metadata, JSON fields, headers of a PUT. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Final

from manifests.layout import AssetId, is_name
from streaming.upload.errors import MalformedHeader
from streaming.upload.model import NewUpload

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_FILENAME: Final = 255
_TRUE: Final = frozenset({"1", "true", "yes"})
_FALSE: Final = frozenset({"", "0", "false", "no"})


def file_name(text: str) -> str:
    """The last element of whatever path a client sent, printable and of bounded length."""
    name = PurePosixPath(PureWindowsPath(text).as_posix()).name
    return "".join(char for char in name if char.isprintable()).strip()[:_MOST_FILENAME]


def title_of(filename: str) -> str:
    """A first title out of a file name: without its suffix, underscores as spaces."""
    return PurePosixPath(filename).stem.replace("_", " ").strip() or "Untitled"


def media_type(text: str) -> str:
    """A stored Content-Type; what does not look like one is bytes. The sniffer decides what a file is, not this."""
    clean = text.strip().lower()
    kind, _, sub = clean.partition(";")[0].partition("/")
    plain = kind.isascii() and sub and len(clean) <= 127 and clean.isprintable() and clean.isascii()
    return clean if plain and " " not in kind + sub else "application/octet-stream"


def new_upload(
    *,
    length: int | None,
    filename: str = "",
    filetype: str = "",
    title: str = "",
    language: str = "",
    asset: str = "",
    publish: bool = False,
    profile: str = "",
    metadata: str = "",
) -> NewUpload:
    """Put together what was said; a title is made from the file name if none was given. Raises MalformedHeader."""
    if asset and not is_name(asset):
        raise MalformedHeader(f"asset: {asset[:64]!r} is not the id of an asset.")
    name = file_name(filename)
    spoken = language or "en"
    return NewUpload(
        length=length,
        filename=name,
        content_type=media_type(filetype),
        titles={spoken: title.strip() or title_of(name)},
        language=spoken,
        asset=AssetId(asset) if asset else None,
        publish=publish,
        profile=profile,
        metadata=metadata,
    )


def from_metadata(values: Mapping[str, str], *, length: int | None, raw: str) -> NewUpload:
    """From tus metadata: filename, filetype, title, language, asset, publish, profile; `name` and `type` as Uppy sends
    them.

    Further keys are kept, and come back with HEAD, but mean nothing here. Raises MalformedHeader.
    """
    publish = values.get("publish", "").lower()
    if publish not in _TRUE | _FALSE:
        raise MalformedHeader("Upload-Metadata: publish is true or false.")
    return new_upload(
        length=length,
        filename=values.get("filename") or values.get("name", ""),
        filetype=values.get("filetype") or values.get("type", ""),
        title=values.get("title", ""),
        language=values.get("language", ""),
        asset=values.get("asset", ""),
        publish=publish in _TRUE,
        profile=values.get("profile", ""),
        metadata=raw,
    )
