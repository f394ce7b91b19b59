"""python3 -m sample_app.init_db: makes the database that DATABASE_URL names fit this application.

A fresh one is created from the models and stamped, one that Alembic knows is upgraded. Nothing keeps
two of them from doing so at once: both find a fresh database, and one fails. SAMPLE_LINGER (seconds)
makes sure of that.
"""

import logging
import os
import sys
import time

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect

from sample_app.models import DEFAULT_SETTINGS, Base, Setting

HERE = os.path.dirname(os.path.abspath(__file__))


def init_db(url):
    engine = create_engine(url)
    is_fresh = not inspect(engine).has_table("alembic_version")
    time.sleep(float(os.environ.get("SAMPLE_LINGER", "0")))
    config = Config()
    config.set_main_option("script_location", os.path.join(HERE, "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        if is_fresh:
            print("a fresh database: creating all tables", flush=True)
            Base.metadata.create_all(connection)
            rows = [{"key": key, "value": value} for key, value in DEFAULT_SETTINGS.items()]
            connection.execute(Setting.__table__.insert(), rows)
            command.stamp(config, "head")
        else:
            print("upgrading", flush=True)
            command.upgrade(config, "head")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    init_db(os.environ["DATABASE_URL"])
