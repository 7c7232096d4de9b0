"""How far a target's feed was read, and which issues are still to be looked at for it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the tables; no feed was read yet."""
    op.create_table(
        "fed",
        sa.Column("target", sa.String(), primary_key=True),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("counted", sa.String(), nullable=False),
    )
    op.create_table(
        "fed_issue",
        sa.Column("target", sa.String(), primary_key=True),
        sa.Column("issue", sa.String(), primary_key=True),
        sa.Column("what", sa.String(), primary_key=True),
        sa.Column("at", sa.String(), nullable=False),
    )
    op.create_index("intent_issue", "intent", ["target", "issue"])
