"""Bringing a database to this version of Spoonful, and refusing one from a later version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DatabaseError

from stages.errors import ConfigError
from store.engine import Database, take_turns

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def migrate(db: Database) -> str:
    """Upgrade to the newest version and return its name.

    Raises ConfigError when the database is from a later Spoonful or cannot be reached.
    """
    check_version(db)
    with db.engine.execution_options(writes=True).connect() as connection:
        take_turns(connection, "migrate")
        config = make_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    return get_version(db)


def check_version(db: Database) -> bool:
    """True when the database is at this version, False when `migrate` has work to do.

    Raises ConfigError when the database is from a later Spoonful or cannot be reached.
    """
    version = get_version(db)
    script = ScriptDirectory.from_config(make_config())
    known = {revision.revision for revision in script.walk_revisions()}
    if version and version not in known:
        raise ConfigError(
            f"The database is at version {version}, which this Spoonful does not know: it was "
            "migrated by a later one. Update Spoonful, or restore the backup made before."
        )
    return version == script.get_current_head()


def get_version(db: Database) -> str:
    """The database's version, '' for an empty one. Raises ConfigError when it cannot be reached."""
    try:
        with db.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() or ""
    except DatabaseError as error:  # also a file that is something else
        reason = str(error.orig).strip().splitlines()[0]
        raise ConfigError(
            f"The database {db.engine.url.render_as_string(hide_password=True)} cannot be opened "
            f"({reason}). Check SPOONFUL_DATABASE_URL and SPOONFUL_HOME."
        ) from error


def make_config() -> Config:
    """Alembic's configuration; the connection goes into its attributes."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
