"""First tables.

Revision 0001, the first, of 2026-11-21.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from streaming.catalog.tables import create_search_index, drop_search_index

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assets",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("editorial", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last_version", sa.Integer(), nullable=False),
        sa.Column("growing", sa.Integer(), nullable=True),
        sa.Column("captions", sa.Integer(), nullable=False),
        sa.Column("listed", sa.Integer(), nullable=True),
        sa.Column("next_version", sa.Integer(), nullable=True),
        sa.Column("next_state", sa.String(length=16), nullable=True),
        sa.Column("next_filename", sa.Text(), nullable=True),
        sa.Column("next_size", sa.BigInteger(), nullable=True),
        sa.Column("next_failure_code", sa.String(length=64), nullable=True),
        sa.Column("next_failure_message", sa.Text(), nullable=True),
        sa.Column("next_failure_cause", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("titles", sa.JSON(), nullable=False),
        sa.Column("default_language", sa.String(length=35), nullable=False),
        sa.Column("descriptions", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("sport", sa.String(length=64), nullable=True),
        sa.Column("discipline", sa.String(length=64), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("encryption", sa.String(length=16), nullable=False),
        sa.Column("source_filename", sa.Text(), nullable=True),
        sa.Column("source_size", sa.BigInteger(), nullable=True),
        sa.Column("failure_code", sa.String(length=64), nullable=True),
        sa.Column("failure_message", sa.Text(), nullable=True),
        sa.Column("failure_cause", sa.Text(), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("profile", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_assets"),
        sa.UniqueConstraint("id", name="uq_assets_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_assets_deleted_at", "assets", ["deleted_at"], unique=False)
    op.create_index("ix_assets_editorial_number", "assets", ["editorial", "number"], unique=False)
    op.create_index("ix_assets_next_state", "assets", ["next_state"], unique=False)
    op.create_index("ix_assets_sport_number", "assets", ["sport", "number"], unique=False)
    op.create_index("ix_assets_state_number", "assets", ["state", "number"], unique=False)
    op.create_table(
        "channels",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("event", sa.Integer(), nullable=False),
        sa.Column("profile", sa.String(length=64), nullable=False),
        sa.Column("latency", sa.String(length=16), nullable=False),
        sa.Column("dvr_s", sa.Integer(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("record", sa.Boolean(), nullable=False),
        sa.Column("slate", sa.String(length=32), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_channels"),
    )
    op.create_table(
        "live_events",
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("event", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("profile", sa.String(length=64), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("asset", sa.String(length=64), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=True),
        sa.Column("missing_s", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("channel", "event", name="pk_live_events"),
    )
    op.create_index("ix_live_events_parts", "live_events", ["parts"], unique=False)
    op.create_table(
        "resume_positions",
        sa.Column("viewer", sa.String(length=32), nullable=False),
        sa.Column("asset", sa.String(length=64), nullable=False),
        sa.Column("position_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("viewer", "asset", name="pk_resume_positions"),
    )
    op.create_index("ix_resume_positions_seen_at", "resume_positions", ["seen_at"], unique=False)
    op.create_table(
        "session_ledger",
        sa.Column("session", sa.String(length=32), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("asset", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("event", sa.Integer(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("views", sa.BigInteger(), nullable=False),
        sa.Column("exits_before_start", sa.BigInteger(), nullable=False),
        sa.Column("failures_technical", sa.BigInteger(), nullable=False),
        sa.Column("failures_business", sa.BigInteger(), nullable=False),
        sa.Column("played_ms", sa.BigInteger(), nullable=False),
        sa.Column("rebuffer_ms", sa.BigInteger(), nullable=False),
        sa.Column("rebuffers", sa.BigInteger(), nullable=False),
        sa.Column("startup_ms", sa.BigInteger(), nullable=False),
        sa.Column("played_kbit", sa.BigInteger(), nullable=False),
        sa.Column("content_ms", sa.BigInteger(), nullable=False),
        sa.Column("latency_ms_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session", "entry", name="pk_session_ledger"),
    )
    op.create_index("ix_session_ledger_asset_hour", "session_ledger", ["asset", "hour"], unique=False)
    op.create_index(
        "ix_session_ledger_channel_event_hour", "session_ledger", ["channel", "event", "hour"], unique=False
    )
    op.create_index("ix_session_ledger_recorded_at", "session_ledger", ["recorded_at"], unique=False)
    op.create_table(
        "session_rollup",
        sa.Column("asset", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("event", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("views", sa.BigInteger(), nullable=False),
        sa.Column("exits_before_start", sa.BigInteger(), nullable=False),
        sa.Column("failures_technical", sa.BigInteger(), nullable=False),
        sa.Column("failures_business", sa.BigInteger(), nullable=False),
        sa.Column("played_ms", sa.BigInteger(), nullable=False),
        sa.Column("rebuffer_ms", sa.BigInteger(), nullable=False),
        sa.Column("rebuffers", sa.BigInteger(), nullable=False),
        sa.Column("startup_ms", sa.BigInteger(), nullable=False),
        sa.Column("played_kbit", sa.BigInteger(), nullable=False),
        sa.Column("content_ms", sa.BigInteger(), nullable=False),
        sa.Column("latency_ms_s", sa.BigInteger(), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("asset", "channel", "event", "hour", name="pk_session_rollup"),
    )
    op.create_table(
        "stream_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=16), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("srt_port", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel"], ["channels.id"], name="fk_stream_keys_channel_channels", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_stream_keys"),
        sa.UniqueConstraint("hash", name="uq_stream_keys_hash"),
        sa.UniqueConstraint("srt_port", name="uq_stream_keys_srt_port"),
    )
    op.create_index("ix_stream_keys_channel", "stream_keys", ["channel"], unique=False)
    op.create_table(
        "timeline_tags",
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("event", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added_ms", sa.BigInteger(), nullable=True),
        sa.Column("msn", sa.BigInteger(), nullable=True),
        sa.Column("part", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel"], ["channels.id"], name="fk_timeline_tags_channel_channels", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel", "event", "number", name="pk_timeline_tags"),
    )
    op.create_index("ix_timeline_tags_channel_mark", "timeline_tags", ["channel", "mark"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("hash", name="uq_tokens_hash"),
    )
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asset", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=True),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("writing", sa.Boolean(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("part_bytes", sa.BigInteger(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("publish", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_asset", "uploads", ["asset"], unique=False)
    op.create_index("ix_uploads_state_updated_at", "uploads", ["state", "updated_at"], unique=False)
    op.create_table(
        "asset_terms",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("term", sa.String(length=64), nullable=False),
        sa.Column("asset", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["asset"], ["assets.number"], name="fk_asset_terms_asset_assets", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("kind", "term", "asset", name="pk_asset_terms"),
    )
    op.create_index("ix_asset_terms_asset", "asset_terms", ["asset"], unique=False)
    op.create_table(
        "former_versions",
        sa.Column("asset", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("played", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset"], ["assets.number"], name="fk_former_versions_asset_assets", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset", "version", name="pk_former_versions"),
    )
    op.create_table(
        "former_sound",
        sa.Column("asset", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["asset"], ["assets.number"], name="fk_former_sound_asset_assets", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("asset", "version", name="pk_former_sound"),
    )
    op.create_table(
        "studio_logins",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["token"], ["tokens.id"], name="fk_studio_logins_token_tokens", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("hash", name="pk_studio_logins"),
    )
    op.create_index("ix_studio_logins_expires_at", "studio_logins", ["expires_at"], unique=False)
    op.create_index("ix_studio_logins_token", "studio_logins", ["token"], unique=False)
    op.create_table(
        "upload_pieces",
        sa.Column("upload", sa.String(length=64), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["upload"], ["uploads.id"], name="fk_upload_pieces_upload_uploads", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("upload", "start", name="pk_upload_pieces"),
    )
    op.create_table(
        "caption_lists",
        sa.Column("asset", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("last_track", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["asset"], ["assets.id"], name="fk_caption_lists_asset_assets", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("asset", name="pk_caption_lists"),
    )
    op.create_table(
        "caption_leftovers",
        sa.Column("asset", sa.String(length=64), nullable=False),
        sa.Column("rendition", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset"], ["caption_lists.asset"], name="fk_caption_leftovers_asset_caption_lists", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset", "rendition", name="pk_caption_leftovers"),
    )
    op.create_index("ix_caption_leftovers_since", "caption_leftovers", ["since"], unique=False)
    op.create_table(
        "caption_tracks",
        sa.Column("asset", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("rendition", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("timed", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("filename", sa.Text(), nullable=True),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.Column("cue_count", sa.Integer(), nullable=False),
        sa.Column("cues", sa.Text(), nullable=False),
        sa.Column("edited_by", sa.String(length=100), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset"], ["caption_lists.asset"], name="fk_caption_tracks_asset_caption_lists", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset", "number", name="pk_caption_tracks"),
    )
    create_search_index(op.get_bind())


def downgrade() -> None:
    drop_search_index(op.get_bind())
    op.drop_table("caption_tracks")
    op.drop_index("ix_caption_leftovers_since", table_name="caption_leftovers")
    op.drop_table("caption_leftovers")
    op.drop_table("caption_lists")
    op.drop_table("upload_pieces")
    op.drop_index("ix_studio_logins_token", table_name="studio_logins")
    op.drop_index("ix_studio_logins_expires_at", table_name="studio_logins")
    op.drop_table("studio_logins")
    op.drop_table("former_sound")
    op.drop_table("former_versions")
    op.drop_index("ix_asset_terms_asset", table_name="asset_terms")
    op.drop_table("asset_terms")
    op.drop_index("ix_uploads_state_updated_at", table_name="uploads")
    op.drop_index("ix_uploads_asset", table_name="uploads")
    op.drop_table("uploads")
    op.drop_table("tokens")
    op.drop_index("ix_timeline_tags_channel_mark", table_name="timeline_tags")
    op.drop_table("timeline_tags")
    op.drop_index("ix_stream_keys_channel", table_name="stream_keys")
    op.drop_table("stream_keys")
    op.drop_table("session_rollup")
    op.drop_index("ix_session_ledger_recorded_at", table_name="session_ledger")
    op.drop_index("ix_session_ledger_channel_event_hour", table_name="session_ledger")
    op.drop_index("ix_session_ledger_asset_hour", table_name="session_ledger")
    op.drop_table("session_ledger")
    op.drop_index("ix_resume_positions_seen_at", table_name="resume_positions")
    op.drop_table("resume_positions")
    op.drop_index("ix_live_events_parts", table_name="live_events")
    op.drop_table("live_events")
    op.drop_table("channels")
    op.drop_index("ix_assets_state_number", table_name="assets")
    op.drop_index("ix_assets_sport_number", table_name="assets")
    op.drop_index("ix_assets_next_state", table_name="assets")
    op.drop_index("ix_assets_editorial_number", table_name="assets")
    op.drop_index("ix_assets_deleted_at", table_name="assets")
    op.drop_table("assets")
