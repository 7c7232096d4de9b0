"""Which account the target shows as an object's author."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the column; all was written as the importer before."""
    op.add_column("object", sa.Column("by", sa.String(), nullable=False, server_default=""))
