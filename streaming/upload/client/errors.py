"""Errors of `channel upload`.

UploadFailed          one line for whoever typed the command
└── Unreachable       the server does not answer
"""

from __future__ import annotations


class UploadFailed(Exception):
    """The file could not be uploaded."""


class Unreachable(UploadFailed):
    """The server does not answer."""
