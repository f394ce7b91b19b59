"""Settings of the whole archive."""

import sqlalchemy as sa
from alembic import op

revision = "005_add_settings"
down_revision = "004_add_document_status"


def upgrade():
    op.create_table(
        "settings",
        sa.Column("key", sa.String(100), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def downgrade():
    op.drop_table("settings")
