"""A person's word on mail and tracking: what it stops, what it keeps, what it takes up again."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from nurture.core.people.contact import normalise_address
from nurture.services import consenting
from nurture.store import contacts, enrollments, events, suppressions, tasks
from nurture.store.tables import Enrollment, Touch, WorkspaceVersion

Sessions = Callable[[], AbstractContextManager[Session]]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=400)


@pytest.fixture
def contact_id(sessions: Sessions) -> int:
    with sessions() as session:
        return create_contact(session, "ada@corp.example")


def test_unsubscribing_stops_the_sequence_its_touches_and_its_tasks(
    sessions: Sessions, contact_id: int
) -> None:
    with sessions() as session:
        touch_ids = create_running_sequence(session, contact_id)
        assert consenting.unsubscribe(session, contact_id, source="page", now=NOW)
    with sessions() as session:
        (enrollment,) = enrollments.list_for_contact(session, contact_id)
        assert (enrollment.state, enrollment.end_reason, enrollment.unplanned_since) == (
            "stopped",
            "unsubscribed",
            None,
        )
        states = {touch_id: session.get_one(Touch, touch_id).state for touch_id in touch_ids}
        assert list(states.values()) == ["sent", "cancelled", "done"]
        assert [task.state for task in tasks.list_for_contact(session, contact_id)] == ["cancelled"]
        (event,) = events.list_for_contact(session, contact_id)
        assert (event.kind, event.source, event.verdict) == ("unsubscribe", "page", "human")
        found = suppressions.find(session, contacts.get(session, contact_id).email_hash)
        assert found is not None
        assert (found.reason, found.source) == ("unsubscribed", "page")


def test_unsubscribing_again_changes_nothing(sessions: Sessions, contact_id: int) -> None:
    with sessions() as session:
        assert consenting.unsubscribe(session, contact_id, source="one_click", now=NOW)
    with sessions() as session:
        assert not consenting.unsubscribe(session, contact_id, source="one_click", now=LATER)
    with sessions() as session:
        assert told(session, contact_id) == [("marketing", False, "one_click", NOW)]
        assert len(events.list_for_contact(session, contact_id)) == 1


def test_x25_twenty_at_once_are_one_unsubscribe(sessions: Sessions, contact_id: int) -> None:
    done: list[bool] = []

    def leave() -> None:
        with sessions() as session:
            done.append(consenting.unsubscribe(session, contact_id, source="one_click", now=NOW))

    threads = [Thread(target=leave) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False] * 19 + [True]
    with sessions() as session:
        assert len(told(session, contact_id)) == len(events.list_for_contact(session, contact_id)) == 1


def test_who_bounced_may_still_take_consent_back(sessions: Sessions, contact_id: int) -> None:
    with sessions() as session:
        email_hash = contacts.get(session, contact_id).email_hash
        suppressions.suppress(session, email_hash, reason="bounced", source="dsn", now=NOW)
        assert consenting.unsubscribe(session, contact_id, source="page", now=NOW)
        assert not consenting.unsubscribe(session, contact_id, source="page", now=NOW)
        found = suppressions.find(session, email_hash)
        assert found is not None
        assert found.reason == "bounced"
        assert told(session, contact_id) == [("marketing", False, "page", NOW)]


def test_a_contact_that_is_gone_is_no_error(sessions: Sessions) -> None:
    with sessions() as session:
        assert not consenting.unsubscribe(session, 987654, source="one_click", now=NOW)
        with pytest.raises(LookupError):
            consenting.change_preferences(session, 987654, mail=True, tracking=True, now=NOW)


def test_l09_leaving_and_coming_back_is_kept_word_for_word(sessions: Sessions, contact_id: int) -> None:
    choices = ((True, True), (False, True), (True, True), (True, False), (True, False), (False, False))
    for day, (mail, tracking) in enumerate(choices):
        moment = NOW + timedelta(days=day)
        with sessions() as session:
            consenting.change_preferences(session, contact_id, mail=mail, tracking=tracking, now=moment)
    with sessions() as session:
        assert [(purpose, given, (at - NOW).days) for purpose, given, _, at in told(session, contact_id)] == [
            ("marketing", False, 1),
            ("marketing", True, 2),
            ("tracking", False, 3),
            ("marketing", False, 5),
        ]
        rows = suppressions.list_consents(session, contact_id)
        assert [row.wording for row in rows] == [consenting.WORDING[row.purpose, row.given] for row in rows]
        assert contacts.get(session, contact_id).tracking is False
        kinds = [event.kind for event in events.list_for_contact(session, contact_id)]
        assert kinds == ["unsubscribe", "unsubscribe"]


@pytest.mark.parametrize("reason", ["bounced", "complained"])
def test_asking_for_mail_does_not_lift_a_bounce_or_a_complaint(
    sessions: Sessions, contact_id: int, reason: str
) -> None:
    with sessions() as session:
        email_hash = contacts.get(session, contact_id).email_hash
        suppressions.suppress(session, email_hash, reason=reason, source="dsn", now=NOW)
        consenting.change_preferences(session, contact_id, mail=True, tracking=True, now=NOW)
        assert suppressions.find(session, email_hash) is not None
        assert told(session, contact_id) == []


def test_coming_back_enters_no_sequence_again(sessions: Sessions, contact_id: int) -> None:
    with sessions() as session:
        create_running_sequence(session, contact_id)
        consenting.change_preferences(session, contact_id, mail=False, tracking=True, now=NOW)
        consenting.change_preferences(session, contact_id, mail=True, tracking=True, now=LATER)
    with sessions() as session:
        assert suppressions.find(session, contacts.get(session, contact_id).email_hash) is None
        assert [row.state for row in enrollments.list_for_contact(session, contact_id)] == ["stopped"]


def told(session: Session, contact_id: int) -> list[tuple[str, bool, str, datetime]]:
    rows = suppressions.list_consents(session, contact_id)
    return [(row.purpose, row.given, row.source, row.at) for row in rows]


def create_contact(session: Session, email: str) -> int:
    return contacts.create(session, normalise_address(email), stage="lead", now=NOW).id


def create_running_sequence(session: Session, contact_id: int) -> list[int]:
    """An enrollment with a mail sent, a mail planned and a call on a rep's list; ids of its touches."""
    version = WorkspaceVersion(digest="d", definition={}, current=True, published_at=NOW)
    session.add(version)
    session.flush()
    enrollments.enter(
        session, contact_id, version_id=version.id, sequence="lead-education", stage="lead", now=NOW
    )
    enrollment_id = session.scalars(select(Enrollment.id)).one()
    steps = (("hello", "email", "sent"), ("more", "email", "planned"), ("call", "task", "done"))
    touches = [
        Touch(
            enrollment_id=enrollment_id,
            contact_id=contact_id,
            step=step,
            kind=kind,
            priority=0,
            state=state,
            due_at=NOW,
        )
        for step, kind, state in steps
    ]
    session.add_all(touches)
    session.flush()
    tasks.add(session, touches[2], rep="kim", kind="call", subject="Call", note="", now=NOW)
    return [touch.id for touch in touches]
