"""Who is told; the other branch."""

import sqlalchemy as sa
from alembic import op

revision = "010_add_webhooks"
down_revision = "006_insert_default_settings"


def upgrade():
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("is_active", sa.Boolean, server_default=sa.text("true"), nullable=False),
    )


def downgrade():
    op.drop_table("webhooks")
