"""Errors of tokens and logins.

ApiError
└── NotFound
    └── TokenNotFound          no token has this id
"""

from __future__ import annotations

from streaming.http.problem import NotFound


class TokenNotFound(NotFound):
    """There is no token with this id."""

    code, title = "token_not_found", "No such token"
