-- revision: 002_add_documents
-- down_revision: 001_add_users
-- message: Documents and who owns them.

-- upgrade
CREATE TABLE documents (
    id SERIAL NOT NULL,
    owner_id INTEGER NOT NULL,
    title VARCHAR(255) NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(owner_id) REFERENCES users (id)
);
CREATE INDEX ix_documents_sha256 ON documents (sha256);

-- downgrade
DROP TABLE documents;
