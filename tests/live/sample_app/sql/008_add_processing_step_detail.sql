-- revision: 008_add_processing_step_detail
-- down_revision: 007_add_processing_steps
-- message: Why a step failed, and how often.

-- upgrade
ALTER TABLE processing_steps ADD COLUMN detail TEXT;
ALTER TABLE processing_steps ADD COLUMN attempts INTEGER DEFAULT 0 NOT NULL;

-- downgrade
ALTER TABLE processing_steps DROP COLUMN attempts;
ALTER TABLE processing_steps DROP COLUMN detail;
