"""What both sides of a conflict said, and the elements of lists as they were sent."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns; of what was met before, nobody knows what they would hold."""
    for name in ("theirs", "ours"):
        column = sa.Column(name, sa.String(), nullable=False, server_default="")
        op.add_column("conflict", column)
    op.add_column("object", sa.Column("lists", sa.Text(), nullable=False, server_default="{}"))
