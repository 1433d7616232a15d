"""A mailbox that rests sends nothing, and says why; refusals at the door are learned from."""

from datetime import timedelta

import pytest

from nurture.services import resting
from nurture.store import contacts, events, suppressions
from tests.make import create_lead, list_touches, plan_and_send
from tests.services.conftest import Site


def test_d12_a_resting_mailbox_puts_its_mails_off_and_says_why(site: Site) -> None:
    jane = create_jane(site)
    with site.app.sessions() as session:
        assert resting.rest(session, "hello", why="a new server", by="mia", now=site.clock())
    plan_and_send(site.app)
    touch = list_touches(site.app, jane)["first"]
    assert (touch.state, touch.note) == ("planned", "its mailbox rests: a new server (said mia)")
    assert site.server.delivered == []
    with site.app.sessions() as session:
        assert resting.resume(session, "hello", by="mia", now=site.clock())
    site.clock.forward(minutes=11)
    plan_and_send(site.app)
    assert site.server.delivered == ["jane@acme.example"]


def test_a_mailbox_nobody_has_cannot_rest(site: Site) -> None:
    with site.app.sessions() as session, pytest.raises(resting.UnknownMailbox, match="there is no mailbox"):
        resting.rest(session, "nobody", why="", by="mia", now=site.clock())


@pytest.mark.parametrize(
    ("command", "reply", "length"),
    [
        ("MAIL", "550 5.7.515 Access denied, sending domain does not meet the authentication level", None),
        ("RCPT", "550 5.7.26 unauthenticated mail is prohibited", None),
        ("RCPT", "554 5.7.1 client host blocked using a blocklist", timedelta(hours=4)),
    ],
)
def test_d09_a_refusal_of_the_sender_lets_the_mailbox_rest_and_leaves_the_contact(
    site: Site, command: str, reply: str, length: timedelta | None
) -> None:
    jane = create_jane(site)
    site.server.script = lambda said: reply if said.startswith(command) else None
    plan_and_send(site.app)
    assert list_touches(site.app, jane)["first"].state == "planned"
    with site.app.sessions() as session:
        [mailbox] = resting.list_mailboxes(session, now=site.clock())
        assert mailbox.rests is not None
        assert mailbox.until == (site.clock() + length if length else None)
        assert suppressions.find(session, contacts.get(session, jane).email_hash) is None
        assert events.list_for_contact(session, jane) == []


def test_d09_a_refusal_of_the_size_or_the_like_lets_nothing_rest(site: Site) -> None:
    create_jane(site)
    site.server.script = lambda said: "552 5.3.4 message too big" if said == "." else None
    plan_and_send(site.app)
    with site.app.sessions() as session:
        [mailbox] = resting.list_mailboxes(session, now=site.clock())
        assert mailbox.rests is None


def test_d12_addresses_refused_at_the_door_count_as_bounces(site: Site) -> None:
    with site.app.sessions() as session:
        people = [create_lead(session, f"p{number}@acme.example") for number in range(8)]
    site.server.script = lambda said: "550 5.1.1 no such user" if said.startswith("RCPT") else None
    plan_and_send(site.app)
    with site.app.sessions() as session:
        bounces = [event for person in people for event in events.list_for_contact(session, person)]
        [mailbox] = resting.list_mailboxes(session, now=site.clock())
    assert [(event.kind, event.detail["hard"]) for event in bounces] == [("bounce", True)] * 5
    assert mailbox.rests == "5 of 5 mails in 7 days bounced: 100.0%, more than 5.0%"
    assert (
        len(
            [
                touch
                for person in people
                if (touch := list_touches(site.app, person)["first"]).state == "planned"
            ]
        )
        == 3
    )


def create_jane(site: Site) -> int:
    with site.app.sessions() as session:
        return create_lead(session)
