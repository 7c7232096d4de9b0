"""What was said at the source about where issues are by now, and what came there afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the tables; nothing was said yet."""
    op.create_table(
        "told",
        sa.Column("issue", sa.String(), primary_key=True),
        sa.Column("what", sa.String(), primary_key=True),
        sa.Column("of", sa.String(), primary_key=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
    )
    op.create_index("told_state", "told", ["state"])
    op.create_table(
        "afterwards",
        sa.Column("issue", sa.String(), primary_key=True),
        sa.Column("new", sa.Boolean(), nullable=False),
        sa.Column("comments", sa.Integer(), nullable=False),
        sa.Column("followed", sa.Boolean(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
    )
