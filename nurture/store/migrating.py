"""Brings a database to the newest migration; two hosts may do so at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import NullPool, create_engine, text

_FOLDER = Path(__file__).parent / "migrations"


def migrate(url: str) -> None:
    """Run the migrations that are still to run, one host at a time."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('nurture.migrate'))"))
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def alembic_config() -> Config:
    """Alembic's configuration; set `attributes["connection"]` before a command."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config
