"""The edges as small Protocols, and App, which bundles them for the use cases that cross the network."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from nurture.core.handoff import HandoffNotice
from nurture.core.letter.message import Envelope
from nurture.core.token import Keyring
from nurture.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class Receipt(Protocol):
    """A server's reply to the final dot."""

    @property
    def code(self) -> int: ...
    @property
    def text(self) -> str: ...


class Connection(Protocol):
    """One kept connection to a mail server."""

    def send(self, envelope: Envelope, message: bytes) -> Receipt:
        """Hand over one mail; raises the mailer's Refused, Unsent or Uncertain."""


class Mailer(Protocol):
    """Hands mail to the server of a mailbox."""

    def connect(self, mailbox: str) -> AbstractContextManager[Connection]: ...


class Signer(Protocol):
    """Signs the final bytes of a mail for a domain (DKIM), or leaves them as they are."""

    def sign(self, message: bytes) -> bytes: ...


class Target(Protocol):
    """A way to tell a rep of a handoff; raises NotDelivered."""

    def tell(self, notice: HandoffNotice) -> None: ...


class Routes(Protocol):
    """The DNS, as far as mail goes."""

    def mx(self, domain: str) -> tuple[str, ...]:
        """The host names that take the domain's mail, best first; raises OSError where nobody answers."""


class Queue(Protocol):
    """The wake-up: losing one is harmless, for the row it points at is the truth."""

    def wake(self, job: str, *ids: int) -> None:
        """Let a worker run `job` soon; never raises when the queue is away."""


class Log(Protocol):
    """The durable log of this process: a record is on disk when `append` returns."""

    def append(self, record: dict[str, Any]) -> None: ...


Sessions = Callable[[], AbstractContextManager["Session"]]


@dataclass(frozen=True, slots=True)
class App:
    """Everything a use case may reach. `sessions()` opens one transaction: it commits at the end."""

    settings: Settings
    sessions: Sessions
    queue: Queue
    mailer: Mailer
    signer: Signer
    targets: Mapping[str, Target]
    routes: Routes
    receipts: Log
    keyring: Keyring
    now: Callable[[], datetime]
