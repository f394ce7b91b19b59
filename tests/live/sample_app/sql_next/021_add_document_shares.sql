-- revision: 021_add_document_shares
-- down_revision: 020_add_audit_log_with_actor_and_requests
-- message: Links for those who have no account; the first revision that Alembic never saw.

-- upgrade
CREATE TABLE document_shares (
    id SERIAL PRIMARY KEY,
    document_id INTEGER NOT NULL REFERENCES documents (id),
    token VARCHAR(64) NOT NULL UNIQUE,
    expires_at TIMESTAMP
);
ALTER TABLE documents ADD COLUMN comment_count INTEGER DEFAULT 0 NOT NULL;

-- downgrade
ALTER TABLE documents DROP COLUMN comment_count;
DROP TABLE document_shares;
