"""The installation's settings, from the environment; a wrong or missing value is refused, loudly."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit


class SettingsError(ValueError):
    """A setting that cannot be used; the message says which and what to change."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one installation is told. URLs and keys are secrets: `repr` leaves them out.

    `smtp_urls` maps a mailbox name to its server, "" to the one for all others. `imap_urls` maps names to
    the folders whose mails are read.
    `trusted_proxies` is how many proxies in front may be believed about the client's address;
    `trusted_authserv_ids` names the mail servers believed about who sent a mail (RFC 8601 §2.5).
    """

    data_dir: Path
    base_url: str
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    secret_keys: tuple[str, ...] = field(repr=False)
    smtp_urls: Mapping[str, str] = field(repr=False)
    webhook_secret: str = field(repr=False)
    imap_urls: Mapping[str, str] = field(default_factory=dict, repr=False)
    bounce_domain: str | None = None
    web_listen: tuple[str, int] = ("127.0.0.1", 8000)
    lmtp_listen: tuple[str, int] = ("127.0.0.1", 2400)
    trusted_proxies: int = 0
    trusted_authserv_ids: tuple[str, ...] = ()
    webhook_allow_private: bool = False
    dkim_key_file: Path | None = None
    dkim_selector: str = "nurture"
    dkim_domain: str | None = None
    judge_settle: timedelta = timedelta(seconds=60)
    log_level: str = "INFO"

    @property
    def journal_dir(self) -> Path:
        """Where the hits and receipts of this host are kept until they are shipped."""
        return self.data_dir / "journal"


def from_env(environ: Mapping[str, str]) -> Settings:
    """Settings from environment variables; raises SettingsError naming the variable and the cure."""
    return Settings(
        data_dir=Path(environ.get("DATA_DIR") or "data").absolute(),
        base_url=_base_url(_required(environ, "BASE_URL")),
        database_url=_database_url(_required(environ, "DATABASE_URL")),
        redis_url=_required(environ, "REDIS_URL"),
        secret_keys=(_required(environ, "SECRET_KEY"), *_split(environ.get("SECRET_KEYS_OLD", ""))),
        smtp_urls=_smtp_urls(environ),
        imap_urls={name or "main": url for name, url in _urls(environ, "IMAP_URL").items()},
        webhook_secret=environ.get("WEBHOOK_SECRET", ""),
        bounce_domain=environ.get("BOUNCE_DOMAIN") or None,
        web_listen=_address(environ, "WEB_LISTEN", "127.0.0.1:8000"),
        lmtp_listen=_address(environ, "LMTP_LISTEN", "127.0.0.1:2400"),
        trusted_proxies=_number(environ, "TRUSTED_PROXIES", 0, 10),
        trusted_authserv_ids=_split(environ.get("TRUSTED_AUTHSERV_IDS", "")),
        webhook_allow_private=_switch(environ, "WEBHOOK_ALLOW_PRIVATE"),
        dkim_key_file=_file(environ, "DKIM_KEY_FILE"),
        dkim_selector=environ.get("DKIM_SELECTOR") or "nurture",
        dkim_domain=environ.get("DKIM_DOMAIN") or None,
        judge_settle=timedelta(seconds=_number(environ, "JUDGE_SETTLE_SECONDS", 60, 3600)),
        log_level=_one_of(environ, "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
    )


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set: set it, or use `nurture up`, which fills it in")
    return value


def _base_url(value: str) -> str:
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise SettingsError("BASE_URL must look like https://go.example.com, the address recipients reach")
    return value.rstrip("/")


def _database_url(value: str) -> str:
    for scheme in ("postgresql+psycopg://", "postgresql://", "postgres://"):
        if value.startswith(scheme):
            return "postgresql+psycopg://" + value.removeprefix(scheme)
    raise SettingsError("DATABASE_URL must start with postgresql://; PostgreSQL is the only database")


def _smtp_urls(environ: Mapping[str, str]) -> dict[str, str]:
    urls = _urls(environ, "SMTP_URL")
    if "" not in urls:
        raise SettingsError("SMTP_URL is not set: smtp+starttls://user:password@host:587, for example")
    return urls


def _urls(environ: Mapping[str, str], setting: str) -> dict[str, str]:
    """By the rest of the variable's name in lower case: "" for `setting` itself, "sales" for its _SALES."""
    return {
        name.removeprefix(setting).removeprefix("_").lower(): value.strip()
        for name, value in environ.items()
        if (name == setting or name.startswith(f"{setting}_")) and value.strip()
    }


def _address(environ: Mapping[str, str], name: str, default: str) -> tuple[str, int]:
    host, _, port = (environ.get(name) or default).rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise SettingsError(f"{name} must be HOST:PORT, {default} for example")
    return host.strip("[]"), int(port)


def _number(environ: Mapping[str, str], name: str, default: int, most: int) -> int:
    value = environ.get(name) or str(default)
    if not value.isdecimal() or int(value) > most:
        raise SettingsError(f"{name} must be a whole number from 0 to {most}")
    return int(value)


def _switch(environ: Mapping[str, str], name: str) -> bool:
    return _one_of(environ, name, "no", ("yes", "no")) == "yes"


def _one_of(environ: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = environ.get(name) or default
    if value not in allowed:
        raise SettingsError(f"{name} must be one of {', '.join(allowed)}")
    return value


def _file(environ: Mapping[str, str], name: str) -> Path | None:
    if not environ.get(name):
        return None
    path = Path(environ[name])
    if not path.is_file():
        raise SettingsError(f"{name} names no file: give the path of an existing one")
    return path


def _split(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())
