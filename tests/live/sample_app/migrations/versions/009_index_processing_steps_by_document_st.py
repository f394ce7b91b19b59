"""An index for the queue's question; the slug is as long as Alembic lets it be."""

from alembic import op

revision = "009_index_processing_steps_by_document_st"
down_revision = "008_add_processing_step_detail"


def upgrade():
    op.create_index(
        "ix_processing_steps_document_id_status", "processing_steps", ["document_id", "status"]
    )


def downgrade():
    op.drop_index("ix_processing_steps_document_id_status", "processing_steps")
