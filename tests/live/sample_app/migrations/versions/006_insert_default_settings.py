"""The settings that nobody has made yet."""

from alembic import op

revision = "006_insert_default_settings"
down_revision = "005_add_settings"


def upgrade():
    op.execute("INSERT INTO settings (key, value) VALUES ('retention_days', '365')")
    op.execute("INSERT INTO settings (key, value) VALUES ('theme', 'light')")


def downgrade():
    op.execute("DELETE FROM settings WHERE key IN ('retention_days', 'theme')")
