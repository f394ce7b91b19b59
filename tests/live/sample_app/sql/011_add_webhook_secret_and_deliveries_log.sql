-- revision: 011_add_webhook_secret_and_deliveries_log
-- down_revision: 010_add_webhooks
-- depends_on: 008_add_processing_step_detail
-- message: What was sent, and about which step: that table comes from the first branch.

-- upgrade
ALTER TABLE webhooks ADD COLUMN secret VARCHAR(100);
CREATE TABLE webhook_deliveries (
    id SERIAL NOT NULL,
    webhook_id INTEGER NOT NULL,
    step_id INTEGER,
    http_status INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY(webhook_id) REFERENCES webhooks (id),
    FOREIGN KEY(step_id) REFERENCES processing_steps (id)
);

-- downgrade
DROP TABLE webhook_deliveries;
ALTER TABLE webhooks DROP COLUMN secret;
