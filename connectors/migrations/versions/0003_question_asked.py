"""What an instruction was written from, so that it is written anew when the mail's text has changed since."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the digest of the question; of those that are there nobody knows it."""
    op.add_column("instruction", sa.Column("asked", sa.String(32), server_default="", nullable=False))
