-- revision: 005_add_settings
-- down_revision: 004_add_document_status
-- message: Settings of the whole archive.

-- upgrade
CREATE TABLE settings (
    key VARCHAR(100) NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (key)
);

-- downgrade
DROP TABLE settings;
