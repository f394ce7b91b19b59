"""Older documents: their language is whatever the archive's is."""

from alembic import op

revision = "016_guess_ocr_language"
down_revision = "015_add_ocr_text_language_and_quality"


def upgrade():
    op.execute("INSERT INTO settings (key, value) VALUES ('language', 'en')")
    op.execute(
        """
        UPDATE documents SET ocr_language = (SELECT value FROM settings WHERE key = 'language')
        WHERE ocr_language IS NULL AND status <> 'new; or failed'
    """
    )


def downgrade():
    op.execute("DELETE FROM settings WHERE key = 'language'")
