"""Who did what."""

import sqlalchemy as sa
from alembic import op

revision = "020_add_audit_log_with_actor_and_requests"
down_revision = "019_rename_theme_to_color_scheme"


def upgrade():
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("action", sa.String(100), nullable=False),
        sa.Column("request_id", sa.String(36)),
        sa.Column("created_at", sa.DateTime, server_default=sa.func.now(), nullable=False),
    )
    op.create_index("ix_audit_log_request_id", "audit_log", ["request_id"])


def downgrade():
    op.drop_table("audit_log")
