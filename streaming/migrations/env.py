"""Alembic's entry: runs the migrations on the connection that `streaming.migrate` hands over."""

from __future__ import annotations

from alembic import context

from streaming.migrate import is_ours, written
from streaming.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_object=is_ours,
    render_item=written,
    # SQLite alters a table by making it anew.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
