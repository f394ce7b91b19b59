"""The list that everybody sees first."""

from alembic import op

revision = "017_index_documents_by_owner_and_created"
down_revision = "016_guess_ocr_language"


def upgrade():
    op.create_index("ix_documents_owner_id_created_at", "documents", ["owner_id", "created_at"])


def downgrade():
    op.drop_index("ix_documents_owner_id_created_at", "documents")
