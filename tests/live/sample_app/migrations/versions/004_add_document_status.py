"""How far a document has come."""

import sqlalchemy as sa
from alembic import op

revision = "004_add_document_status"
down_revision = "003_add_tags"


def upgrade():
    op.add_column(
        "documents", sa.Column("status", sa.String(20), server_default="new", nullable=False)
    )


def downgrade():
    op.drop_column("documents", "status")
