"""What issues said, and were called, while not everybody could read them, and do no more."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table. What was withdrawn before nobody noted."""
    op.create_table(
        "withdrawn",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("what", sa.String(), primary_key=True),
        sa.Column("at", sa.String(), nullable=False),
    )
