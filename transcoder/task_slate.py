"""The task "slate": a picture that an editor sent for a channel's slate becomes one of our own, once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from infra.errors import ObjectNotFound
from infra.ports import Level
from manifests import layout
from manifests.layout import ChannelId
from transcoder.errors import OutputBroken, PictureRefused, SandboxError
from transcoder.priority import niceness
from transcoder.publish import put_once
from transcoder.stills.image import code_of, drawn_for_slate

if TYPE_CHECKING:
    from infra.ports import Attempt
    from transcoder.parts import TranscoderParts

log = logging.getLogger(__name__)

PNG = "image/png"


async def slate(parts: TranscoderParts, attempt: Attempt) -> None:
    """Raises what the servers raise. Where nothing is to be read any more, whoever sent it has given up or has it."""
    channel, name = ChannelId(str(attempt.task.arguments["channel"])), str(attempt.task.arguments["image"])
    sent = layout.slate_sent(channel, name)
    try:
        body = await parts.store.read(sent)
    except ObjectNotFound:
        return
    try:
        nice = niceness(Level.FIRST, parts.settings.bulk_nice)
        made = await drawn_for_slate(body, settings=parts.encoder, nice=nice)
    except (SandboxError, OutputBroken, PictureRefused) as exc:
        log.warning("a picture cannot be read", extra={"channel": channel, "cause": str(exc)})
        refused = layout.slate_refused(channel, name)
        await put_once(parts.store, refused, code_of(exc).encode(), content_type="text/plain")
    else:
        await put_once(parts.store, layout.slate(channel, name), made, content_type=PNG)
    await parts.store.delete([sent])
