"""What several commands take, and the App they get from it."""

import os
from pathlib import Path

import click

from nurture.bootstrap import build_app
from nurture.embedded.defaults import fill_in
from nurture.ports import App
from nurture.settings import from_env
from nurture.store.session import close_sessions

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=lambda: Path(os.environ.get("DATA_DIR") or "data"),
    show_default="./data",
    help="The data folder of the embedded servers and of this host's journals.",
)


NUMBER = click.IntRange(1, 2**63 - 1)
"""A number of something on record."""


class _Name(click.ParamType[str]):
    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Somebody's name, which is kept with what they decide: not nothing."""
        return value.strip() or self.fail("write who says so", param, ctx)


NAME = _Name()


def open_app(data: Path) -> App:
    """The App for a command that talks to a running installation."""
    filled = fill_in(os.environ, data)
    app = build_app(from_env(filled.environ))
    click.get_current_context().call_on_close(lambda: close_sessions(app.sessions))
    return app
