"""Alembic's entry: runs the migrations on the database that models/schema.py hands over."""

from __future__ import annotations

from alembic import context

from models import Base, Database

database: Database | None = context.config.attributes.get("database")
if database is None:
    raise SystemExit("Run migrations with `python app.py migrate`.")

with database.writer.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
