-- revision: 014_add_user_preferences
-- down_revision: 013_add_document_comments
-- message: What each user likes.

-- upgrade
CREATE TABLE user_preferences (
    user_id INTEGER NOT NULL,
    preferences JSON NOT NULL,
    PRIMARY KEY (user_id),
    FOREIGN KEY(user_id) REFERENCES users (id)
);

-- downgrade
DROP TABLE user_preferences;
