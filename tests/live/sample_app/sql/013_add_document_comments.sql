-- revision: 013_add_document_comments
-- down_revision: 012_merge_processing_and_webhooks
-- message: Comments on documents.

-- upgrade
CREATE TABLE document_comments (
    id SERIAL NOT NULL,
    document_id INTEGER NOT NULL,
    author_id INTEGER NOT NULL,
    body TEXT NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(document_id) REFERENCES documents (id),
    FOREIGN KEY(author_id) REFERENCES users (id)
);
CREATE INDEX ix_document_comments_document_id ON document_comments (document_id);

-- downgrade
DROP TABLE document_comments;
