-- revision: 019_rename_theme_to_color_scheme
-- down_revision: 018_add_saved_searches
-- message: A setting's better name.

-- upgrade
UPDATE settings SET key = 'color_scheme' WHERE key = 'theme';

-- downgrade
UPDATE settings SET key = 'theme' WHERE key = 'color_scheme';
