"""Comments on documents."""

import sqlalchemy as sa
from alembic import op

revision = "013_add_document_comments"
down_revision = "012_merge_processing_and_webhooks"


def upgrade():
    op.create_table(
        "document_comments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("document_id", sa.Integer, sa.ForeignKey("documents.id"), nullable=False),
        sa.Column("author_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, server_default=sa.func.now(), nullable=False),
    )
    op.create_index("ix_document_comments_document_id", "document_comments", ["document_id"])


def downgrade():
    op.drop_table("document_comments")
