"""An installation on a real database with a real mail server that answers by script."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nurture.ports import App
from tests.conftest import Sessions
from tests.mail_server import MailServer
from tests.make import Clock, create_workspace, make_app


@dataclass
class Site:
    """The App of one worker, the server it sends to, and the clock of both."""

    app: App
    server: MailServer
    clock: Clock


@pytest.fixture
def site(sessions: Sessions, tmp_path: Path) -> Iterator[Site]:
    """With the workspace of `make.workspace`."""
    clock = Clock()
    with MailServer() as server:
        app = make_app(sessions, tmp_path, server.port, clock)
        with sessions() as session:
            create_workspace(session)
        yield Site(app, server, clock)
