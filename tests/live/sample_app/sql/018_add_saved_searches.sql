-- revision: 018_add_saved_searches
-- down_revision: 017_index_documents_by_owner_and_created
-- message: Searches under a name.

-- upgrade
CREATE TABLE saved_searches (
    id SERIAL NOT NULL,
    user_id INTEGER NOT NULL,
    name VARCHAR(100) NOT NULL,
    filters TEXT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT uq_saved_searches_user_id_name UNIQUE (user_id, name),
    FOREIGN KEY(user_id) REFERENCES users (id)
);

-- downgrade
DROP TABLE saved_searches;
