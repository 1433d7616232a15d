"""The command line: one group, errors as one sentence that says what to change."""

import sys
from importlib import import_module

import click

_COMMANDS = {
    "nurture.cli.running": ("up", "web", "worker", "clock", "inbound", "migrate"),
    "nurture.cli.loading": ("workspace", "contacts"),
    "nurture.cli.asking": ("explain", "mails", "api-keys"),
    "nurture.cli.inspecting": ("inspect",),
    "nurture.cli.reviewing": ("replies",),
    "nurture.cli.disowning": ("disown",),
    "nurture.cli.mailboxes": ("mailboxes",),
    "nurture.cli.updating": ("update-lists",),
    "nurture.demo.command": ("demo",),
}


class _Commands(click.Group):
    """Loads a command when it is asked for: who inspects a mail need not wait for the database's modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(name for names in _COMMANDS.values() for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = next((module for module, names in _COMMANDS.items() if cmd_name in names), None)
        if module is None:
            return None
        command: click.Command = getattr(import_module(module), cmd_name.replace("-", "_"))
        return command


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="nurture")
def nurture() -> None:
    """Turn an email audience into sales conversations: track, sequence, promote, hand off."""


def main() -> None:
    """The entry point: known errors end with status 2 and a sentence, unknown ones with a traceback."""
    try:
        nurture()
    except Exception as error:
        # The errors are those of the database too, whose modules a good end does not need.
        from nurture.cli.refusing import sentence_for

        sentence = sentence_for(error)
        if sentence is None:
            raise
        click.echo(f"nurture: {sentence}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
