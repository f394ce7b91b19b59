"""Documents and who owns them."""

import sqlalchemy as sa
from alembic import op

revision = "002_add_documents"
down_revision = "001_add_users"


def upgrade():
    op.create_table(
        "documents",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("owner_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime, server_default=sa.func.now(), nullable=False),
    )
    op.create_index("ix_documents_sha256", "documents", ["sha256"])


def downgrade():
    op.drop_table("documents")
