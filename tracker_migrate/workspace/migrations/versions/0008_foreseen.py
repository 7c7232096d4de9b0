"""What was found of an issue before anything of it is written, and from what."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables; nothing is foreseen yet."""
    op.create_table(
        "foreseen",
        sa.Column("target", sa.String(), primary_key=True),
        sa.Column("issue", sa.String(), primary_key=True),
        sa.Column("inputs", sa.String(), nullable=False),
        sa.Column("refused", sa.Text(), nullable=False),
        sa.Column("fates", sa.LargeBinary()),
    )
    op.create_table(
        "fate",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
