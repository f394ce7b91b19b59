-- revision: 007_add_processing_steps
-- down_revision: 006_insert_default_settings
-- message: What is done to a document; here one of two branches begins.

-- upgrade
CREATE TABLE processing_steps (
    id SERIAL NOT NULL,
    document_id INTEGER NOT NULL,
    name VARCHAR(50) NOT NULL,
    status VARCHAR(20) NOT NULL,
    started_at TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(document_id) REFERENCES documents (id)
);

-- downgrade
DROP TABLE processing_steps;
