"""Searches under a name."""

import sqlalchemy as sa
from alembic import op

revision = "018_add_saved_searches"
down_revision = "017_index_documents_by_owner_and_created"


def upgrade():
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("filters", sa.Text, nullable=False),
        sa.UniqueConstraint("user_id", "name", name="uq_saved_searches_user_id_name"),
    )


def downgrade():
    op.drop_table("saved_searches")
