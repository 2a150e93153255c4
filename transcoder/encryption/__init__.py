"""Encryption of what is published: keys, who may read them, and what they do to a segment (docs/encryption.md)."""
