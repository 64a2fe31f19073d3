"""The first tables: archive, playback cache, ledger and tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    _accounts()
    _archive()
    _instructions()
    _ledger()
    _tokens()


def _account_column() -> sa.Column[str]:
    return sa.Column("account", sa.String(64), nullable=False)


def _account_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account"], ["account.name"], name=f"fk_{table}_account_account", ondelete="CASCADE"
    )


def _accounts() -> None:
    op.create_table(
        "account",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("owner_name", sa.Text, nullable=False),
        sa.Column("owner_addr", sa.Text, nullable=False),
        sa.Column("addresses", sa.JSON, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("signature", sa.Text, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_account"),
    )


def _archive() -> None:
    op.create_table(
        "message",
        _account_column(),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("in_reply_to", sa.Text, nullable=False),
        sa.Column("references", sa.JSON, nullable=False),
        sa.Column("thread_id", sa.Text, nullable=False),
        sa.Column("sender", sa.JSON, nullable=False),
        sa.Column("recipients", sa.JSON, nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("text_hash", sa.String(32), nullable=False),
        sa.Column("quoted", sa.Text, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("attachments", sa.JSON, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("kept", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("is_excluded", sa.Boolean, server_default="0", nullable=False),
        sa.Column("is_indexed", sa.Boolean, server_default="0", nullable=False),
        _account_key("message"),
        sa.PrimaryKeyConstraint("account", "message_id", name="pk_message"),
    )
    for column in ("sent_at", "text_hash", "thread_id"):
        op.create_index(f"ix_message_account_{column}", "message", ["account", column])
    op.create_table(
        "quarantine",
        _account_column(),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        _account_key("quarantine"),
        sa.PrimaryKeyConstraint("account", "ref", name="pk_quarantine"),
    )
    op.create_table(
        "cursor",
        _account_column(),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        _account_key("cursor"),
        sa.PrimaryKeyConstraint("account", name="pk_cursor"),
    )


def _instructions() -> None:
    op.create_table(
        "instruction",
        _account_column(),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("prompt_version", sa.String(16), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        _account_key("instruction"),
        sa.PrimaryKeyConstraint("account", "message_id", "prompt_version", "model", name="pk_instruction"),
    )


def _ledger() -> None:
    op.create_table(
        "draft",
        sa.Column("draft_id", sa.String(32), nullable=False),
        _account_column(),
        sa.Column("answers", sa.Text),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, server_default="", nullable=False),
        sa.Column("message_id", sa.Text, server_default="", nullable=False),
        sa.Column("instruction", sa.Text, server_default="", nullable=False),
        sa.Column("subject", sa.Text, server_default="", nullable=False),
        sa.Column("text", sa.Text, server_default="", nullable=False),
        sa.Column("language", sa.String(8), server_default="", nullable=False),
        sa.Column("adapter", sa.Text, server_default="", nullable=False),
        sa.Column("prompt_version", sa.String(16), server_default="", nullable=False),
        sa.Column("source_ids", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_token_s", sa.Float),
        sa.Column("tokens", sa.Integer),
        _account_key("draft"),
        sa.PrimaryKeyConstraint("draft_id", name="pk_draft"),
    )
    op.create_index("ix_draft_account_answers", "draft", ["account", "answers"], unique=True)


def _tokens() -> None:
    op.create_table(
        "token",
        sa.Column("token_hash", sa.String(64), nullable=False),
        _account_column(),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        _account_key("token"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_token"),
    )
