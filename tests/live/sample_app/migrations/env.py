"""Alembic's environment.

Alembic's own version table has room for 32 characters, and PostgreSQL means it: an id of 41 is a
22001 at the end of its revision. So it is made wider here, as applications with long ids do.
"""

import os
import sys

from alembic import context
from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, String, Table, create_engine, pool

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))

from sample_app.models import Base  # noqa: E402

VERSION_TABLE = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(255), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def url():
    return context.config.get_main_option("sqlalchemy.url") or os.environ["DATABASE_URL"]


def run_offline():
    context.configure(url=url(), target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run_on(connection):
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        VERSION_TABLE.create(connection, checkfirst=True)
        context.run_migrations()


def run_online():
    given = context.config.attributes.get("connection")
    if given is not None:
        run_on(given)
        return
    engine = create_engine(url(), poolclass=pool.NullPool)
    with engine.begin() as connection:
        run_on(connection)


if context.is_offline_mode():
    run_offline()
else:
    run_online()
