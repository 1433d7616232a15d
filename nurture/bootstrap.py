"""Builds App with the real adapters; only entry points import this."""

from datetime import UTC, datetime

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from nurture.core.token import Keyring
from nurture.journal import Journal
from nurture.mail.smtp import SmtpMailer, parse_smtp_url
from nurture.places import templates
from nurture.ports import App, Signer, Target
from nurture.sales.email import EmailTarget
from nurture.sales.webhook import WebhookTarget
from nurture.services.collecting import RECEIPTS
from nurture.settings import Settings, SettingsError
from nurture.store.session import open_sessions
from nurture.telling import set_up_logs
from nurture.wakeups import RqQueue


def build_app(settings: Settings) -> App:
    """The App of this process; raises ValueError, naming the setting, for one that cannot be used."""
    set_up_logs(settings.log_level)
    keyring = Keyring(settings.secret_keys)
    servers = {name: parse_smtp_url(url) for name, url in settings.smtp_urls.items()}
    mailer = SmtpMailer(servers=servers, default=servers[""])
    signer = _signer(settings)
    return App(
        settings=settings,
        sessions=open_sessions(settings.database_url),
        queue=RqQueue(settings.redis_url),
        mailer=mailer,
        signer=signer,
        targets=_targets(settings, mailer, signer, keyring),
        receipts=Journal(settings.journal_dir, RECEIPTS),
        keyring=keyring,
        now=_now,
    )


def _targets(settings: Settings, mailer: SmtpMailer, signer: Signer, keyring: Keyring) -> dict[str, Target]:
    """The ways to tell a rep; webhooks only where there is a secret to sign them with."""
    key = keyring.derive("message-id")
    targets: dict[str, Target] = {"email": EmailTarget(mailer, signer.sign, key, handoff_templates(), _now)}
    if settings.webhook_secret:
        allow = settings.webhook_allow_private
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

    return DkimSigner(settings.dkim_domain, settings.dkim_selector, settings.dkim_key_file.read_bytes())


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
