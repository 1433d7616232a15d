"""Builds App with the real adapters; only entry points import this."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from nurture.core.token import Keyring
from nurture.journal import Journal
from nurture.mail.imap_account import parse_imap_url
from nurture.mail.mx import MailRoutes
from nurture.mail.smtp import SmtpMailer, SmtpServer, SmtpTimeouts, parse_smtp_url
from nurture.places import templates
from nurture.ports import App, Queue, Sessions, Signer, Target
from nurture.sales.email import EmailTarget
from nurture.sales.webhook import WebhookTarget
from nurture.services.collecting import RECEIPTS
from nurture.settings import Settings, SettingsError
from nurture.store.session import open_sessions
from nurture.telling import set_up_logs
from nurture.wakeups import RqQueue

# What cannot wait is behind a handoff's mail, which is tried again soon: it does not wait ten minutes.
HANDOFF_TIMEOUTS = SmtpTimeouts(connect=10, command=20, final=60)


def build_app(settings: Settings) -> App:
    """The App of this process; raises SettingsError, naming the setting, for one that cannot be used."""
    set_up_logs(settings.log_level)
    keyring = _keyring(settings)
    signer = _signer(settings)
    return App(
        settings=settings,
        sessions=_sessions(settings),
        queue=_queue(settings),
        mailer=_mailer(settings),
        signer=signer,
        targets=_targets(settings, signer, keyring),
        routes=MailRoutes(),
        receipts=Journal(settings.journal_dir, RECEIPTS),
        keyring=keyring,
        now=_now,
    )


def check_settings(settings: Settings) -> None:
    """Build what needs no connection; raises what `build_app` raises."""
    _targets(settings, _signer(settings), _keyring(settings))
    _sessions(settings)
    _queue(settings)
    for name, url in settings.imap_urls.items():
        with _named("IMAP_URL" if name == "main" else f"IMAP_URL_{name}".upper()):
            parse_imap_url(name, url)


def _keyring(settings: Settings) -> Keyring:
    with _named("SECRET_KEY"):
        Keyring(settings.secret_keys[:1])
    with _named("SECRET_KEYS_OLD"):
        return Keyring(settings.secret_keys)


def _sessions(settings: Settings) -> Sessions:
    try:
        return open_sessions(settings.database_url)
    except ValueError:  # which may quote the password
        raise SettingsError("DATABASE_URL must look like postgresql://user:password@host:5432/name") from None


def _queue(settings: Settings) -> Queue:
    try:
        return RqQueue(settings.redis_url)
    except ValueError:  # which may quote the password
        raise SettingsError("REDIS_URL must look like redis://host:6379/0, rediss:// or unix://") from None


def _mailer(settings: Settings, timeouts: SmtpTimeouts | None = None) -> SmtpMailer:
    servers = {name: _server(name, url) for name, url in settings.smtp_urls.items()}
    return SmtpMailer(servers, servers[""], timeouts)


def _server(mailbox: str, url: str) -> SmtpServer:
    with _named(f"SMTP_URL_{mailbox}".rstrip("_").upper()):
        return parse_smtp_url(url)


def _targets(settings: Settings, signer: Signer, keyring: Keyring) -> dict[str, Target]:
    """The ways to tell a rep; webhooks only where there is a secret to sign them with."""
    mailer = _mailer(settings, HANDOFF_TIMEOUTS)
    key = keyring.derive("message-id")
    targets: dict[str, Target] = {"email": EmailTarget(mailer, signer.sign, key, handoff_templates(), _now)}
    if settings.webhook_secret:
        allow = settings.webhook_allow_private
        with _named("WEBHOOK_SECRET"):
            targets["webhook"] = WebhookTarget(settings.webhook_secret, allow_private=allow, now=_now)
    return targets


class Unsigned:
    """Leaves mails as they are, where no DKIM key is set."""

    def sign(self, message: bytes) -> bytes:
        return message


def _signer(settings: Settings) -> Signer:
    if settings.dkim_key_file is None:
        return Unsigned()
    if settings.dkim_domain is None:
        raise SettingsError("DKIM_DOMAIN is not set: name the domain that the key of DKIM_KEY_FILE signs for")
    from nurture.mail.dkim import DkimSigner  # its DNS library takes 0.15 s to load, most never need it

    with _named("DKIM_KEY_FILE, DKIM_SELECTOR or DKIM_DOMAIN"):
        return DkimSigner(settings.dkim_domain, settings.dkim_selector, settings.dkim_key_file.read_bytes())


@contextmanager
def _named(setting: str) -> Iterator[None]:
    """Whoever refuses a value knows not where it came from."""
    try:
        yield
    except OSError as error:
        raise SettingsError(f"{setting}: {error.strerror}") from None
    except ValueError as error:
        raise SettingsError(str(error) if setting in str(error) else f"{setting}: {error}") from None


def handoff_templates() -> Environment:
    """The templates of the mails to reps."""
    return Environment(
        loader=FileSystemLoader(templates()),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"]),
        trim_blocks=False,
    )


def _now() -> datetime:
    return datetime.now(UTC)
