"""The connections of one batch: one kept a mailbox, opened at its first mail, and tried no more once down."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from nurture.core.outcome import Unsent
from nurture.ports import App, Connection, Receipt
from nurture.services.delivering.letter import Prepared


class Connections:
    """Sends a batch's mails. A server that cannot be connected costs its time once, not once a mail."""

    def __init__(self, app: App, stack: ExitStack) -> None:
        self._app, self._stack = app, stack
        self._open: dict[str, Connection] = {}
        self._down: dict[str, str] = {}

    def fault(self, mailbox: str) -> str | None:
        """Why a mailbox's server could not be connected in this batch; None where nothing is known."""
        return self._down.get(mailbox)

    def send(self, prepared: Prepared) -> Receipt:
        """Hand over a mail to the server of its mailbox; raises Refused, Unsent or Uncertain."""
        connection = self._to(prepared.mailbox)
        try:
            return connection.send(prepared.envelope, prepared.raw)
        except Unsent:
            # The next mail connects anew, which tells a lost connection from a server that is gone.
            del self._open[prepared.mailbox]
            raise

    def _to(self, mailbox: str) -> Connection:
        if mailbox not in self._open:
            try:
                self._open[mailbox] = self._stack.enter_context(self._app.mailer.connect(mailbox))
            except Unsent as error:
                self._down[mailbox] = str(error)
                raise
        return self._open[mailbox]


@contextmanager
def open_connections(app: App) -> Iterator[Connections]:
    """Closes them all at the end."""
    with ExitStack() as stack:
        yield Connections(app, stack)
