"""An IMAP folder from a URL: what is read, and what is refused without telling the password."""

from datetime import timedelta

import pytest

from nurture.mail.imap_account import ImapAccount, parse_imap_url


def test_everything_has_its_place() -> None:
    url = "imaps://sales%40acme.example:p%40ss%2Fword@mail.acme.example:1993/In%20here/Sales?after=move:Done&poll=30&days=2"
    assert parse_imap_url("sales", url) == ImapAccount(
        name="sales",
        host="mail.acme.example",
        port=1993,
        security="tls",
        user="sales@acme.example",
        password="p@ss/word",
        folder="In here/Sales",
        move_to="Done",
        poll=timedelta(seconds=30),
        days=2,
    )


def test_little_is_enough() -> None:
    account = parse_imap_url("main", "imap+starttls://jane:secret@mail.acme.example")
    assert (account.port, account.folder, account.move_to, account.mark_seen) == (143, "INBOX", None, False)
    assert account.tls().check_hostname
    assert "secret" not in repr(account)


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("pop3://jane:secret@mail.acme.example", "begins with imaps://"),
        ("imaps://mail.acme.example", "user:password@host"),
        ("imaps://jane@mail.acme.example", "user:password@host"),
        ("imaps://jane:sec#ret@mail.acme.example", "percent-encoded"),
        ("imaps://jane:secret@mail.acme.example:99999", "percent-encoded"),
        ("imap://jane:secret@mail.acme.example", "unencrypted"),
        ("imaps://jane:secret@mail.acme.example?verify=no", "only for encrypted connections to this machine"),
        ("imaps://jane:secret@127.0.0.1?verify=perhaps", "yes or no"),
        ("imaps://jane:secret@mail.acme.example?after=burn", "leave, seen or move:FOLDER"),
        ("imaps://jane:secret@mail.acme.example?after=move:", "leave, seen or move:FOLDER"),
        ("imaps://jane:secret@mail.acme.example?poll=0", "poll in the IMAP URL"),
        ("imaps://jane:secret@mail.acme.example?poll=99999999999", "poll in the IMAP URL"),
        ("imaps://jane:secret@mail.acme.example?days=-1", "days in the IMAP URL"),
        ("imaps://jane:secret@mail.acme.example?colour=red", "unknown option 'colour'"),
        ("imaps://jane:secret@mail.acme.example/IN%0d%0aBOX", "printable"),
        ("imaps://jane:sec%00ret@mail.acme.example", "printable"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_cure(url: str, cure: str) -> None:
    with pytest.raises(ValueError, match=cure) as refusal:
        parse_imap_url("main", url)
    assert "secret" not in str(refusal.value)
