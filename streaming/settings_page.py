"""docs/settings.md, rendered from the settings classes: `python -m streaming.settings_page > docs/settings.md`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from infra.settings import InfraSettings, Setting, fields
from streaming.live.ingest.settings import IngestSettings
from streaming.settings import ServiceSettings
from transcoder.encoder_settings import EncoderSettings
from transcoder.encryption.settings import EncryptionSettings
from transcoder.live.settings import LiveSettings
from transcoder.settings import TranscoderSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECTIONS: Final[tuple[tuple[str, type[Any]], ...]] = (
    ("Every process", InfraSettings),
    ("API and workers alike", EncryptionSettings),
    ("Ways in of live (`channel live`; the API tells publishers of them)", IngestSettings),
    ("API (`channel api`)", ServiceSettings),
    ("Worker (`channel worker`)", TranscoderSettings),
    ("Encodes of a worker", EncoderSettings),
    ("Live encoding", LiveSettings),
)
# Read outside of the settings classes: by the sandbox, by encryption, by `channel up` and by `channel upload` alone.
_OTHERS: Final = tuple(
    Setting(env=env, default=default, unit="", help=meaning, secret=env == "CHANNEL_TOKEN")
    for env, default, meaning in (
        ("CHANNEL_FFMPEG", "the one that comes with the wheel", "the ffmpeg to use"),
        (
            "CHANNEL_PACKAGER",
            "the one that comes with the wheel",
            "the Shaka Packager to use, for `cbcs` and `cenc`: [encryption.md](encryption.md)",
        ),
        (
            "CHANNEL_CAGE",
            "auto",
            "what media is read in: bubblewrap, landlock or plain (docs/security.md); auto: the strongest that works "
            "here, while one that is named and does not work is an error",
        ),
        ("CHANNEL_S3_PORT", "a free port", "port of the embedded S3 server"),
        ("CHANNEL_URL", "http://127.0.0.1:8080", "the server that `channel upload` sends to"),
        ("CHANNEL_TOKEN", "what is in $CHANNEL_HOME/admin.token", "the token of `channel upload`"),
    )
)


def _rows() -> Iterator[tuple[str, list[Setting]]]:
    seen: set[str] = set()
    for title, cls in _SECTIONS:
        fresh = [item for item in fields(cls) if item.env not in seen]
        seen |= {item.env for item in fresh}
        yield title, fresh
    yield "ffmpeg, `channel up`, `channel upload`", list(_OTHERS)


def render() -> str:
    """The whole page."""
    lines = [
        "# Settings",
        "",
        "Everything is set by environment variables; an unset or empty one means the default.",
        "`channel doctor` says what is configured and whether it can be reached.",
    ]
    for title, items in _rows():
        lines += ["", f"## {title}", "", "| variable | default | unit | what it is |", "|---|---|---|---|"]
        for item in items:
            default = f"`{item.default}`" if item.default else "–"
            secret = " (secret)" if item.secret else ""
            lines.append(f"| `{item.env}` | {default} | {item.unit or '–'} | {item.help}{secret} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())
