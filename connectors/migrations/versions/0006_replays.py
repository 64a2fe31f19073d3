"""What the add-on answered: so that no request is answered twice, not after a restart either."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table of what was answered."""
    op.create_table(
        "replay",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_replay"),
    )
    op.create_index("ix_replay_ends_at", "replay", ["ends_at"])
