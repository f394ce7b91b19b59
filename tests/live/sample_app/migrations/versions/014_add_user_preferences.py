"""What each user likes."""

import sqlalchemy as sa
from alembic import op

revision = "014_add_user_preferences"
down_revision = "013_add_document_comments"


def upgrade():
    op.create_table(
        "user_preferences",
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("preferences", sa.JSON, nullable=False),
    )


def downgrade():
    op.drop_table("user_preferences")
