"""What somebody closed by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of hidden issues."""
    op.create_table(
        "hidden",
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("issue", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("target", "issue"),
    )
