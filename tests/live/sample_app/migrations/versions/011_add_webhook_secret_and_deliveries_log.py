"""What was sent, and about which step: that table comes from the first branch."""

import sqlalchemy as sa
from alembic import op

revision = "011_add_webhook_secret_and_deliveries_log"
down_revision = "010_add_webhooks"
depends_on = "008_add_processing_step_detail"


def upgrade():
    op.add_column("webhooks", sa.Column("secret", sa.String(100)))
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("webhook_id", sa.Integer, sa.ForeignKey("webhooks.id"), nullable=False),
        sa.Column("step_id", sa.Integer, sa.ForeignKey("processing_steps.id")),
        sa.Column("http_status", sa.Integer),
    )


def downgrade():
    op.drop_table("webhook_deliveries")
    op.drop_column("webhooks", "secret")
