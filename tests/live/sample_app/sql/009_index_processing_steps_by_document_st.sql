-- revision: 009_index_processing_steps_by_document_st
-- down_revision: 008_add_processing_step_detail
-- message: An index for the queue's question; the slug is as long as Alembic lets it be.

-- upgrade
CREATE INDEX ix_processing_steps_document_id_status ON processing_steps (document_id, status);

-- downgrade
DROP INDEX ix_processing_steps_document_id_status;
