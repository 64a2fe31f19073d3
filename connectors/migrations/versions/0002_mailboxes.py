"""What a mailbox of every day needs: where drafts are, how they fared, what is forgotten, how each account does."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Widen archive and ledger, and add the tables beside them."""
    _archive()
    _ledger()
    _accounts()


def _account_column() -> sa.Column[str]:
    return sa.Column("account", sa.String(64), nullable=False)


def _account_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account"], ["account.name"], name=f"fk_{table}_account_account", ondelete="CASCADE"
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, server_default="", nullable=False)


def _archive() -> None:
    op.add_column("message", sa.Column("is_received", sa.Boolean, server_default="0", nullable=False))
    op.add_column("message", _text("server_id"))
    op.create_index("ix_message_account_server_id", "message", ["account", "server_id"])
    op.create_table(
        "unfound",
        _account_column(),
        sa.Column("message_id", sa.Text, nullable=False),
        _account_key("unfound"),
        sa.PrimaryKeyConstraint("account", "message_id", name="pk_unfound"),
    )
    op.create_table(
        "forgotten",
        _account_column(),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=False),
        _account_key("forgotten"),
        sa.PrimaryKeyConstraint("account", "kind", "value", name="pk_forgotten"),
    )


def _ledger() -> None:
    op.add_column("draft", sa.Column("kind", sa.String(16), server_default="request", nullable=False))
    op.execute("UPDATE draft SET kind = 'answer' WHERE answers IS NOT NULL")
    for name in ("thread_id", "replaces", "ref"):
        op.add_column("draft", _text(name))
    op.add_column("draft", sa.Column("seal", sa.String(64), server_default="", nullable=False))
    for name in ("missed_at", "begun_at"):
        op.add_column("draft", sa.Column(name, sa.DateTime(timezone=True)))
    op.add_column("draft", sa.Column("original", sa.LargeBinary))
    op.add_column("draft", sa.Column("recipients", sa.JSON, server_default="[]", nullable=False))
    op.create_index("ix_draft_account_thread_id", "draft", ["account", "thread_id"])
    op.create_table(
        "outcome",
        sa.Column("draft_id", sa.String(32), nullable=False),
        _account_column(),
        sa.Column("sent_id", sa.Text, nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("distance", sa.Float, nullable=False),
        sa.Column("edits", sa.JSON, nullable=False),
        sa.Column("adapter", sa.Text, nullable=False),
        _account_key("outcome"),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.draft_id"], name="fk_outcome_draft_id_draft", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("draft_id", name="pk_outcome"),
    )
    op.create_index("ix_outcome_account_sent_at", "outcome", ["account", "sent_at"])


def _accounts() -> None:
    op.create_table(
        "arrival",
        _account_column(),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        _account_key("arrival"),
        sa.PrimaryKeyConstraint("account", name="pk_arrival"),
    )
    op.create_table(
        "health",
        _account_column(),
        sa.Column("part", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("waiting", sa.Integer, server_default="0", nullable=False),
        _text("report"),
        _text("error"),
        _text("hint"),
        _account_key("health"),
        sa.PrimaryKeyConstraint("account", "part", name="pk_health"),
    )
