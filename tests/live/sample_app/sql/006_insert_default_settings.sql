-- revision: 006_insert_default_settings
-- down_revision: 005_add_settings
-- message: The settings that nobody has made yet.

-- upgrade
INSERT INTO settings (key, value) VALUES ('retention_days', '365');
INSERT INTO settings (key, value) VALUES ('theme', 'light');

-- downgrade
DELETE FROM settings WHERE key IN ('retention_days', 'theme');
