"""Of which server the ledger of each target is."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the table; the next run that opens a target says where that is."""
    op.create_table(
        "home",
        sa.Column("target", sa.String(), primary_key=True),
        sa.Column("tracker", sa.String(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
    )
