"""The entry point of the web process: opens what it needs after it has become a process of its own."""

import signal
from typing import TYPE_CHECKING

from nurture.embedded.child import die_with_parent
from nurture.journal import Journal
from nurture.services.collecting import HITS
from nurture.settings import Settings
from nurture.web.app import assemble

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def build(settings: Settings, master: int) -> "WSGIApplication":
    """What the server's worker process serves; it ends with the process `master`.

    Called in the worker: pools of connections and locked files do not survive a fork.
    """
    die_with_parent(master, signal.SIGKILL)
    from nurture.bootstrap import build_app

    return assemble(build_app(settings), Journal(settings.journal_dir, HITS))
