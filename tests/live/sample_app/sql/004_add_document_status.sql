-- revision: 004_add_document_status
-- down_revision: 003_add_tags
-- message: How far a document has come.

-- upgrade
ALTER TABLE documents ADD COLUMN status VARCHAR(20) DEFAULT 'new' NOT NULL;

-- downgrade
ALTER TABLE documents DROP COLUMN status;
