"""Errors of viewing sessions, as the HTTP interface answers them.

ApiError
├── SessionNotFound        404   no such session: the id was not given out here
├── SessionOver            410   the session has ended: stop, or make a new one
└── NotPlayable            409   the asset has no timeline yet, or cannot be played at all; the channel has sent nothing

Who may watch is the rule of `streaming/catalog/policy.py`, and of `streaming/live/watching/policy.py`.
"""

from __future__ import annotations

from streaming.http.problem import Conflict, Gone, NotFound


class SessionNotFound(NotFound):
    """There is no such viewing session. Make one with POST /api/sessions and use its heartbeat_url as it is."""

    code, title = "session_not_found", "Session not found"


class SessionOver(Gone):
    """This session is over: stop its heartbeats. If playback goes on, make a new one with POST /api/sessions."""

    code, title = "session_over", "Session over"


class NotPlayable(Conflict):
    """This asset cannot be played yet. Ask again once its state is playable or ready (GET /api/assets/{id}/events)."""

    code, title = "not_playable", "Not playable"
