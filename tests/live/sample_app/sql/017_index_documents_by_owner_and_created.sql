-- revision: 017_index_documents_by_owner_and_created
-- down_revision: 016_guess_ocr_language
-- message: The list that everybody sees first.
-- no transaction

-- upgrade
CREATE INDEX CONCURRENTLY ix_documents_owner_id_created_at ON documents (owner_id, created_at);

-- downgrade
DROP INDEX CONCURRENTLY ix_documents_owner_id_created_at;
