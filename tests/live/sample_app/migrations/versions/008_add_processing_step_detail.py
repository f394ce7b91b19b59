"""Why a step failed, and how often."""

import sqlalchemy as sa
from alembic import op

revision = "008_add_processing_step_detail"
down_revision = "007_add_processing_steps"


def upgrade():
    op.add_column("processing_steps", sa.Column("detail", sa.Text))
    op.add_column(
        "processing_steps",
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
    )


def downgrade():
    op.drop_column("processing_steps", "attempts")
    op.drop_column("processing_steps", "detail")
