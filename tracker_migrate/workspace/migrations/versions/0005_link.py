"""Which issue names which."""

import sqlalchemy as sa
from alembic import op

from tracker_migrate.workspace import links

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table, and fill it from what was read."""
    names = ("viewer", "issue", "kind", "to")
    columns = [sa.Column(name, sa.String(), primary_key=True) for name in names]
    text = [sa.Column(name, sa.Text(), nullable=False) for name in ("label", "url")]
    op.create_table("link", *columns, *text)
    op.create_index("link_to", "link", ["viewer", "to"])
    links.fill(op.get_bind())
