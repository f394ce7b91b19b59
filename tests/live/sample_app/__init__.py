"""A document archive, as applications are: SQLAlchemy models, Alembic revisions and an init_db().

It knows nothing of weir. The tests have weir bring its database up, by its own command and by the
same revisions as SQL files (sql/).
"""
