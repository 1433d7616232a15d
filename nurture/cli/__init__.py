"""The command line: one group, errors as one sentence that says what to change."""

import sys

import click
from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError

from nurture.cli.asking import api_keys, explain, mails
from nurture.cli.loading import contacts, workspace
from nurture.cli.running import clock, inbound, migrate, up, web, worker
from nurture.embedded.errors import EmbeddedError
from nurture.settings import SettingsError
from nurture.store.workspaces import NoWorkspace

UNMIGRATED = ("42P01", "42703")  # undefined_table, undefined_column


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="nurture")
def nurture() -> None:
    """Turn an email audience into sales conversations: track, sequence, promote, hand off."""


for command in (up, web, worker, clock, inbound, migrate, workspace, contacts, explain, mails, api_keys):
    nurture.add_command(command)


def main() -> None:
    """The entry point: known errors end with status 2 and a sentence, unknown ones with a traceback."""
    # The demonstration runs the parts of this room, so it cannot be imported before it.
    from nurture.demo.command import demo

    nurture.add_command(demo)
    try:
        nurture()
    except (SettingsError, EmbeddedError, NoWorkspace) as error:
        sys.exit(_said(str(error)))
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else "no reason given"
        sys.exit(_said(f"the database cannot be reached: start `nurture up`, or set DATABASE_URL ({reason})"))
    except ArgumentError:
        sys.exit(_said("DATABASE_URL must look like postgresql://user:password@host:5432/name"))
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) not in UNMIGRATED:
            raise
        sys.exit(_said("the database is not at this version: run `nurture migrate`"))


def _said(sentence: str) -> int:
    click.echo(f"nurture: {sentence}", err=True)
    return 2


if __name__ == "__main__":
    main()
