"""What was read from a scan."""

import sqlalchemy as sa
from alembic import op

revision = "015_add_ocr_text_language_and_quality"
down_revision = "014_add_user_preferences"


def upgrade():
    op.add_column("documents", sa.Column("ocr_text", sa.Text))
    op.add_column("documents", sa.Column("ocr_language", sa.String(8)))
    op.add_column("documents", sa.Column("ocr_quality", sa.Integer))


def downgrade():
    op.drop_column("documents", "ocr_quality")
    op.drop_column("documents", "ocr_language")
    op.drop_column("documents", "ocr_text")
