-- revision: 016_guess_ocr_language
-- down_revision: 015_add_ocr_text_language_and_quality
-- message: Older documents: their language is whatever the archive's is.

-- upgrade
INSERT INTO settings (key, value) VALUES ('language', 'en');
UPDATE documents SET ocr_language = (SELECT value FROM settings WHERE key = 'language')
WHERE ocr_language IS NULL AND status <> 'new; or failed'; -- the text's semicolon ends nothing

-- downgrade
DELETE FROM settings WHERE key = 'language';
