"""What an installation is told: a wrong or missing value is refused, by name and with the cure."""

from datetime import timedelta
from pathlib import Path

import pytest

from nurture.settings import Settings, SettingsError, from_env

PASSWORD = "hunter2-and-more"
LEAST = {
    "BASE_URL": "https://go.meridian.example/",
    "DATABASE_URL": f"postgres://nurture:{PASSWORD}@db.example/nurture",
    "REDIS_URL": f"redis://:{PASSWORD}@queue.example",
    "SECRET_KEY": PASSWORD * 3,
    "SMTP_URL": f"smtps://nurture:{PASSWORD}@mail.example",
}


def test_the_least_that_must_be_told() -> None:
    settings = from_env(LEAST)
    assert settings == Settings(
        data_dir=Path("data").absolute(),
        base_url="https://go.meridian.example",
        database_url=f"postgresql+psycopg://nurture:{PASSWORD}@db.example/nurture",
        redis_url=LEAST["REDIS_URL"],
        secret_keys=(LEAST["SECRET_KEY"],),
        smtp_urls={"": LEAST["SMTP_URL"]},
        webhook_secret="",
    )
    assert settings.journal_dir == Path("data/journal").absolute()


def test_everything_that_can_be_told(tmp_path: Path) -> None:
    key = tmp_path / "dkim.pem"
    key.touch()
    settings = from_env(
        LEAST
        | {
            "DATA_DIR": str(tmp_path),
            "SECRET_KEYS_OLD": "one, two,,",
            "SMTP_URL_SALES": "smtp://127.0.0.1:2525",
            "WEBHOOK_SECRET": "whsec",
            "BOUNCE_DOMAIN": "bounces.example",
            "WEB_LISTEN": "[::1]:80",
            "LMTP_LISTEN": "0.0.0.0:24",
            "TRUSTED_PROXIES": "2",
            "TRUSTED_AUTHSERV_IDS": "mx.meridian.example, mx2",
            "WEBHOOK_ALLOW_PRIVATE": "yes",
            "DKIM_KEY_FILE": str(key),
            "DKIM_SELECTOR": "s1",
            "DKIM_DOMAIN": "meridian.example",
            "JUDGE_SETTLE_SECONDS": "0",
            "LOG_LEVEL": "DEBUG",
        }
    )
    assert settings.data_dir == tmp_path
    assert settings.secret_keys[1:] == ("one", "two")
    assert settings.trusted_authserv_ids == ("mx.meridian.example", "mx2")
    assert settings.smtp_urls["sales"] == "smtp://127.0.0.1:2525"
    assert (settings.webhook_secret, settings.bounce_domain) == ("whsec", "bounces.example")
    assert (settings.web_listen, settings.lmtp_listen) == (("::1", 80), ("0.0.0.0", 24))
    assert (settings.trusted_proxies, settings.webhook_allow_private) == (2, True)
    assert (settings.dkim_key_file, settings.dkim_selector) == (key, "s1")
    assert (settings.dkim_domain, settings.judge_settle) == ("meridian.example", timedelta(0))
    assert settings.log_level == "DEBUG"


@pytest.mark.parametrize("name", LEAST)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_x17_what_is_missing_is_named(name: str, value: str | None) -> None:
    environ = {key: told for key, told in LEAST.items() if key != name}
    if value is not None:
        environ[name] = value
    with pytest.raises(SettingsError, match=f"^{name} "):
        from_env(environ)


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("BASE_URL", "go.meridian.example", "https://go.example.com"),
        ("BASE_URL", "ftp://go.meridian.example", "https://go.example.com"),
        ("BASE_URL", "https://go.meridian.example/?a=1", "https://go.example.com"),
        ("BASE_URL", "https://[go", "https://go.example.com"),
        ("DATABASE_URL", "mysql://db.example/nurture", "postgresql://"),
        ("DATABASE_URL", "sqlite:///nurture.db", "postgresql://"),
        ("WEB_LISTEN", "8000", "HOST:PORT"),
        ("WEB_LISTEN", "127.0.0.1:http", "HOST:PORT"),
        ("LMTP_LISTEN", "127.0.0.1:70000", "HOST:PORT"),
        ("LMTP_LISTEN", "127.0.0.1:²", "HOST:PORT"),
        ("TRUSTED_PROXIES", "-1", "0 to 10"),
        ("TRUSTED_PROXIES", "²", "0 to 10"),
        ("JUDGE_SETTLE_SECONDS", "90000", "0 to 3600"),
        ("WEBHOOK_ALLOW_PRIVATE", "true", "yes, no"),
        ("LOG_LEVEL", "debug", "DEBUG, INFO, WARNING, ERROR"),
        ("DKIM_KEY_FILE", "/nowhere/dkim.pem", "existing one"),
    ],
)
def test_what_is_wrong_is_named_with_the_cure(name: str, value: str, cure: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} ") as refused:
        from_env(LEAST | {name: value})
    assert cure in str(refused.value)


def test_x21_no_secret_shows() -> None:
    assert PASSWORD not in repr(from_env(LEAST))
    with pytest.raises(SettingsError) as refused:
        from_env(LEAST | {"DATABASE_URL": f"mysql://nurture:{PASSWORD}@db.example"})
    assert PASSWORD not in str(refused.value)
