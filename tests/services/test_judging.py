"""Verdicts on hits: when they are given, what is written, and what they do to a contact."""

from datetime import datetime, timedelta

import pytest

from nurture.core.traffic.verdict import JUDGE_VERSION
from nurture.services import judging, qualifying
from nurture.store import agenda, contacts, events
from nurture.store.tables import Event
from tests.conftest import Sessions
from tests.make import NOON, create_lead, create_mail, create_workspace, run_together

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
SETTLE = timedelta(seconds=60)


@pytest.fixture
def mailed(sessions: Sessions) -> tuple[int, int]:
    """A lead who got a mail at noon: ids of both."""
    with sessions() as session:
        create_workspace(session)
        jane = create_lead(session)
        return jane, create_mail(session, jane)


def test_b01_a_click_seconds_after_the_250_is_a_machine_and_ten_minutes_later_a_person(
    sessions: Sessions, mailed: tuple[int, int]
) -> None:
    hit(sessions, mailed, after(seconds=3), link=1)
    assert judge(sessions, after(seconds=63)) == [mailed[0]]
    assert verdicts(sessions, mailed) == ["machine"]
    hit(sessions, mailed, after(minutes=10), link=2)
    assert judge(sessions, after(minutes=11)) == [mailed[0]]
    assert verdicts(sessions, mailed) == ["machine", "human"]
    with sessions() as session:
        first, second = events.list_for_contact(session, mailed[0])
        assert first.reasons == ["clicked 3.0 s after the mail was accepted"]
        assert "came by" in second.reasons[0]
        assert (first.judge_version, first.judged_at) == (JUDGE_VERSION, after(seconds=63))
        assert second.judged_at == after(minutes=11)


def test_b02_five_links_within_a_second_and_a_half_are_all_machine(
    sessions: Sessions, mailed: tuple[int, int]
) -> None:
    for number in range(5):
        moment = after(hours=1) + timedelta(milliseconds=375 * number)
        hit(sessions, mailed, moment, link=number + 1, address=f"192.0.2.{number}")
    judge(sessions, after(hours=2))
    assert verdicts(sessions, mailed) == ["machine"] * 5
    with sessions() as session:
        assert "5 links were fetched within 1.5 s" in events.list_for_contact(session, mailed[0])[0].reasons


def test_b02_a_verdict_falls_when_later_hits_show_a_burst(
    sessions: Sessions, mailed: tuple[int, int]
) -> None:
    hit(sessions, mailed, after(minutes=20), link=1)
    judge(sessions, after(minutes=21))
    assert verdicts(sessions, mailed) == ["human"]
    for link in (2, 3, 4):  # another shipper brings the rest of the sweep late
        hit(sessions, mailed, after(minutes=20) + timedelta(milliseconds=200 * link), link=link)
    assert judge(sessions, after(minutes=22)) == [mailed[0]]
    assert verdicts(sessions, mailed) == ["machine"] * 4


def test_b03_b05_opens_by_gmails_proxy_are_human_and_hits_without_an_agent_are_not(
    sessions: Sessions, mailed: tuple[int, int]
) -> None:
    hit(sessions, mailed, after(hours=3), kind="open", agent=GMAIL)
    hit(sessions, mailed, after(hours=4), link=1, agent="")
    judge(sessions, after(hours=5))
    assert verdicts(sessions, mailed) == ["human", "machine"]


def test_hits_wait_until_they_have_settled(sessions: Sessions, mailed: tuple[int, int]) -> None:
    hit(sessions, mailed, after(minutes=10), link=1)
    hit(sessions, mailed, after(minutes=10, seconds=30), link=2)
    assert judge(sessions, after(minutes=11)) == []
    assert verdicts(sessions, mailed) == ["unknown", "unknown"]
    assert judge(sessions, after(minutes=11, seconds=30)) == [mailed[0]]
    assert judge(sessions, after(minutes=20)) == []


def test_b09_machine_and_unknown_never_promote(sessions: Sessions, mailed: tuple[int, int]) -> None:
    for number, link in enumerate((1, 2, 3)):
        hit(sessions, mailed, after(seconds=number), link=link)
    hit(sessions, mailed, after(hours=1), link=1, agent="Reader/1.0 (Linux)")
    hit(sessions, mailed, after(hours=2), link=1, agent="Reader/1.0 (Linux)")
    assert judge(sessions, after(hours=3)) == [mailed[0]]
    with sessions() as session:
        assert qualifying.qualify(session, mailed[0], now=after(hours=3)) == []
        assert contacts.get(session, mailed[0]).stage == "lead"
    assert set(verdicts(sessions, mailed)) == {"machine", "unknown"}


def test_a_new_verdict_asks_for_qualification_even_if_its_wake_up_is_lost(
    sessions: Sessions, mailed: tuple[int, int]
) -> None:
    hit(sessions, mailed, after(minutes=10), link=1)
    judge(sessions, after(minutes=11))
    with sessions() as session:
        patience = timedelta(seconds=2)
        early = agenda.read(session, after(minutes=11), settle=SETTLE, patience=patience)
        late = agenda.read(session, after(minutes=11, seconds=2), settle=SETTLE, patience=patience)
        assert (list(early.contacts), list(late.contacts)) == ([], [mailed[0]])
        qualifying.qualify(session, mailed[0], now=after(minutes=12))
        done = agenda.read(session, after(minutes=12, seconds=2), settle=SETTLE, patience=patience)
        assert list(done.contacts) == []


def test_a_link_fetched_without_end_delays_nobody_else(sessions: Sessions, mailed: tuple[int, int]) -> None:
    with sessions() as session:
        omar = create_lead(session, "omar@acme.example")
        other = (omar, create_mail(session, omar))
        template = session.get_one(Event, hit(sessions, mailed, after(minutes=5), link=1))
        copied = ("contact_id", "message_id", "kind", "source", "verdict", "reasons", "detail", "received_at")
        values = {name: getattr(template, name) for name in copied}
        session.add_all(
            Event(**values, at=after(minutes=5, seconds=number / 10), key=f"again-{number}")
            for number in range(6_000)
        )
    hit(sessions, other, after(minutes=30), link=1)
    for _ in range(3):
        judge(sessions, after(minutes=40))
    assert verdicts(sessions, other) == ["human"]
    with sessions() as session:
        assert not agenda.read(session, after(minutes=40), settle=SETTLE, patience=SETTLE).hits


def test_judges_at_once_judge_each_hit_once(sessions: Sessions, mailed: tuple[int, int]) -> None:
    with sessions() as session:
        others = [create_lead(session, f"p{number}@acme.example") for number in range(5)]
        everyone = [mailed, *((person, create_mail(session, person)) for person in others)]
    for pair in everyone:
        hit(sessions, pair, after(minutes=10), link=1)
        hit(sessions, pair, after(minutes=12), link=2)
    told = run_together(4, lambda: judge(sessions, after(minutes=20)))
    assert sorted(sum(told, [])) == sorted(person for person, _ in everyone)


def hit(
    sessions: Sessions,
    mailed: tuple[int, int],
    at: datetime,
    *,
    kind: str = "click",
    link: int = 0,
    agent: str = BROWSER,
    address: str = "192.0.2.1",
) -> int:
    """A hit as the shipper stores it; its id."""
    contact_id, message_id = mailed
    detail = {"link": link, "agent": agent, "address": address, "method": "GET", "headers": {}}
    with sessions() as session:
        event = Event(
            contact_id=contact_id,
            message_id=message_id,
            kind=kind,
            source="mail",
            at=at,
            received_at=at,
            verdict="unknown",
            detail=detail,
            key=f"{message_id}:{kind}:{link}:{at.isoformat()}",
        )
        session.add(event)
        session.flush()
        return event.id


def judge(sessions: Sessions, now: datetime) -> list[int]:
    with sessions() as session:
        return judging.judge_settled(session, now=now, settle=SETTLE)


def verdicts(sessions: Sessions, mailed: tuple[int, int]) -> list[str]:
    with sessions() as session:
        return [row.verdict for row in events.list_for_contact(session, mailed[0])]


def after(**length: float) -> datetime:
    return NOON + timedelta(**length)
