"""What is done to a document; here one of two branches begins."""

import sqlalchemy as sa
from alembic import op

revision = "007_add_processing_steps"
down_revision = "006_insert_default_settings"


def upgrade():
    op.create_table(
        "processing_steps",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("document_id", sa.Integer, sa.ForeignKey("documents.id"), nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("started_at", sa.DateTime),
    )


def downgrade():
    op.drop_table("processing_steps")
