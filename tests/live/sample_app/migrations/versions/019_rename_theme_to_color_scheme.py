"""A setting's better name."""

from alembic import op

revision = "019_rename_theme_to_color_scheme"
down_revision = "018_add_saved_searches"


def upgrade():
    op.execute("UPDATE settings SET key = 'color_scheme' WHERE key = 'theme'")


def downgrade():
    op.execute("UPDATE settings SET key = 'theme' WHERE key = 'color_scheme'")
