-- revision: 015_add_ocr_text_language_and_quality
-- down_revision: 014_add_user_preferences
-- message: What was read from a scan.

-- upgrade
ALTER TABLE documents ADD COLUMN ocr_text TEXT;
ALTER TABLE documents ADD COLUMN ocr_language VARCHAR(8);
ALTER TABLE documents ADD COLUMN ocr_quality INTEGER;

-- downgrade
ALTER TABLE documents DROP COLUMN ocr_quality;
ALTER TABLE documents DROP COLUMN ocr_language;
ALTER TABLE documents DROP COLUMN ocr_text;
