-- revision: 010_add_webhooks
-- down_revision: 006_insert_default_settings
-- message: Who is told; the other branch.

-- upgrade
CREATE TABLE webhooks (
    id SERIAL NOT NULL,
    url VARCHAR(500) NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL,
    PRIMARY KEY (id)
);

-- downgrade
DROP TABLE webhooks;
