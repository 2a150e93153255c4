"""Captions: any usual file in, safe WebVTT out (docs/captions.md)."""

from __future__ import annotations

from manifests.captions.cue_text import clean, plain
from manifests.captions.model import CaptionTrack, Cue, Format
from manifests.captions.read import read
from manifests.captions.write import segments, webvtt
from manifests.errors import CaptionError

__all__ = ["CaptionError", "CaptionTrack", "Cue", "Format", "clean", "plain", "read", "segments", "webvtt"]
