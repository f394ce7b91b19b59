"""python3 -m sample_app.schema: prints a schema.sql, in PostgreSQL's words."""

from sqlalchemy import create_mock_engine

from sample_app.models import DEFAULT_SETTINGS, Base


def print_statement(ddl, *_):
    print(str(ddl.compile(dialect=ENGINE.dialect)).strip() + ";")


ENGINE = create_mock_engine("postgresql://", print_statement)

if __name__ == "__main__":
    Base.metadata.create_all(ENGINE, checkfirst=False)
    for key, value in DEFAULT_SETTINGS.items():
        print(f"INSERT INTO settings (key, value) VALUES ('{key}', '{value}');")
