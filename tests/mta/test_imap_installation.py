"""An installation that reads a mailbox of a real Dovecot: a reply there stops the sequence, once."""

import os
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from tests.installation import Installation, new_folder, wait_until, write_workspace
from tests.mta.dovecot import VERSION, Dovecot, is_there, running_dovecot

pytestmark = [
    pytest.mark.skipif(not is_there(), reason=f"Dovecot {VERSION} is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can start Dovecot"),
]
JANE = "jane@acme.example"


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Installation, Dovecot]]:
    with new_folder() as folder:
        (folder / "dovecot").mkdir()
        with running_dovecot(folder / "dovecot") as dovecot:
            with dovecot.client() as client:
                client.create_folder("Done")
            url = f"imap://sales:it%25is%2Fsecret@127.0.0.1:{dovecot.port}/INBOX?after=move:Done&poll=600"
            nurture = Installation(folder, IMAP_URL=url)
            try:
                nurture.start()
                nurture.do("workspace", "apply", str(write_workspace(folder)))
                nurture.import_contacts(f"{JANE},Jane,Doe,Acme")
                yield nurture, dovecot
            finally:
                nurture.end()


def test_a_reply_in_the_mailbox_stops_the_sequence_and_is_put_away(
    world: tuple[Installation, Dovecot],
) -> None:
    nurture, dovecot = world
    wait_until(
        lambda: rows(nurture, "SELECT rfc_id FROM messages WHERE sent_at IS NOT NULL"), 20, nurture.log
    )
    [(rfc_id,)] = rows(nurture, "SELECT rfc_id FROM messages WHERE sent_at IS NOT NULL LIMIT 1")
    reply = EmailMessage()
    reply["From"], reply["To"], reply["Subject"] = f"Jane Doe <{JANE}>", "sales@meridian.example", "Re: Hello"
    reply["Message-ID"], reply["In-Reply-To"] = "<r1@acme.example>", f"<{rfc_id}>"
    reply.set_content("Could you send me your prices for 40 people?")
    dovecot.put(reply.as_bytes(), reply.as_bytes())
    wait_until(
        lambda: rows(nurture, "SELECT 1 FROM enrollments WHERE state = 'stopped' LIMIT 1"), 20, nurture.log
    )
    wait_until(lambda: len(in_folder(dovecot, "Done")) == 2, 20, nurture.log)
    assert in_folder(dovecot, "INBOX") == []
    assert rows(nurture, "SELECT kind, source FROM inbound_mails") == [("reply", "imap:main")]
    kinds = [
        kind for (kind,) in rows(nurture, "SELECT kind FROM events WHERE source = 'reply' ORDER BY kind")
    ]
    assert kinds == ["pricing_request", "reply"]


def rows(nurture: Installation, query: str) -> list[tuple[Any, ...]]:
    return nurture.rows(query)


def in_folder(dovecot: Dovecot, folder: str) -> list[int]:
    with dovecot.client() as client:
        client.select_folder(folder, readonly=True)
        return list(client.search())
