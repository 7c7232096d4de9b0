"""The names that things of the source had and have."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table; nothing was known by another name before."""
    op.create_table(
        "alias",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
    )
