-- revision: 020_add_audit_log_with_actor_and_requests
-- down_revision: 019_rename_theme_to_color_scheme
-- message: Who did what.

-- upgrade
CREATE TABLE audit_log (
    id SERIAL NOT NULL,
    actor VARCHAR(255) NOT NULL,
    action VARCHAR(100) NOT NULL,
    request_id VARCHAR(36),
    created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_audit_log_request_id ON audit_log (request_id);

-- downgrade
DROP TABLE audit_log;
