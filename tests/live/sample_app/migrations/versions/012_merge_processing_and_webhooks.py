"""The branches meet."""

revision = "012_merge_processing_and_webhooks"
down_revision = (
    "009_index_processing_steps_by_document_st",
    "011_add_webhook_secret_and_deliveries_log",
)


def upgrade():
    pass


def downgrade():
    pass
