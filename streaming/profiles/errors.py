"""Errors of the profiles."""

from __future__ import annotations

from streaming.http.problem import Conflict, Unprocessable


class UnknownProfile(Unprocessable):
    """There is no profile of this name: GET /api/profiles lists them."""

    code, title = "unknown_profile", "Unknown profile"


class BrokenProfile(Conflict):
    """The profile's file has mistakes: whoever runs the service has to mend it, or choose another profile."""

    code, title = "broken_profile", "Profile not usable"
