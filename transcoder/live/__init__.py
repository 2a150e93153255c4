"""Live: from the bytes of a publisher to parts and segments (docs/live.md)."""
