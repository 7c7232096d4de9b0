"""What stands in another object at a target, and in which."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the column; nothing stood in anything else before."""
    op.add_column("object", sa.Column("within", sa.String()))
