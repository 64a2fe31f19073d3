"""Browsers that ask: what tokens may do and who may show them, pairing, the audit, and what was done with drafts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add scopes and origin to tokens, and the tables of pairings, the audit and feedback."""
    everything = '["draft", "read", "manage"]'
    op.add_column("token", sa.Column("scopes", sa.JSON(), server_default=everything, nullable=False))
    op.add_column("token", sa.Column("origin", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "pairing",
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("accounts", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name="pk_pairing"),
    )
    op.create_table(
        "audit",
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hour", "account", "label", "action", "outcome", "origin", name="pk_audit"),
    )
    op.create_table(
        "feedback",
        sa.Column("draft_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name="fk_feedback_account_account", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.draft_id"], name="fk_feedback_draft_id_draft", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("draft_id", "kind", name="pk_feedback"),
    )
