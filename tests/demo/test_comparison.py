"""The comparison finds each kind of difference, says it in one line, and says nothing where there is none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nurture.demo import diary as diaries
from nurture.demo.cast import Cast, Member, Rep
from nurture.demo.comparison import Record, compare
from nurture.demo.comparison.speed import percentile, seconds_to_handoff, seconds_to_stop
from nurture.demo.diary import Entry
from nurture.demo.figures import figures
from nurture.services.summarising import (
    Course,
    HandedOff,
    Happened,
    Incoming,
    Known,
    Mailed,
    Moved,
    Summary,
)

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
PRICED, GATE, LEAVER, AWAY = (f"{name}@x.example" for name in ("priced", "gate", "leaver", "away"))
ROLES = {PRICED: "asks-by-reply", GATE: "gateway", LEAVER: "one-click", AWAY: "away"}


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def entry(deed: str, seconds: float, who: str = "", **detail: Any) -> Entry:
    return Entry(deed, at(seconds).timestamp(), who, detail)


def got(who: str, number: int, seconds: float, in_reply_to: str = "") -> Entry:
    detail = {"seq": number, "message_id": f"<m{number}>", "in_reply_to": in_reply_to, "subject": "Hi"}
    return entry(diaries.GOT, seconds, who, **detail)


def course(number: int, who: str, ended: float | None, **changes: Any) -> Course:
    end = None if ended is None else at(ended)
    state = "active" if ended is None else "stopped"
    return replace(Course(number, who, "lead-education", state, START, end, None, None), **changes)


def create_record() -> Record:
    """Four people and what a right program makes of them."""
    cast = Cast(
        tuple(Member(who, "A", "B", "C", "", role) for who, role in ROLES.items()),
        (Rep("tom", "tom@sales.example", "http://127.0.0.1:1/hooks/tom"),),
    )
    diary = (
        *(got(who, number, 1) for number, who in enumerate(ROLES, start=1)),
        entry(diaries.OPENED, 1.2, GATE, message_id="<m2>", verdict="machine"),
        entry(diaries.CLICKED, 1.3, GATE, message_id="<m2>", verdict="machine"),
        entry(diaries.LEFT, 3, LEAVER),
        entry(diaries.WAS_AWAY, 3, AWAY),
        entry(diaries.REPLIED, 4, PRICED, intents=["pricing_request"]),
        entry(diaries.ASKED, 4, PRICED, by="reply"),
        entry(diaries.MAILED, 4.2, PRICED, rep="tom"),
        entry(diaries.HOOKED, 4.3, PRICED, rep="tom", id="handoff-1"),
        entry(diaries.ANSWERED, 6, PRICED, rep="tom", state="accepted"),
    )
    summary = Summary(
        contacts=(
            Known(PRICED, "opportunity", None),
            Known(GATE, "lead", None),
            Known(LEAVER, "lead", "unsubscribed"),
            Known(AWAY, "lead", None),
        ),
        mails=tuple(
            Mailed(who, f"m{number}", "welcome", number, "sent", at(1))
            for number, who in enumerate(ROLES, start=1)
        ),
        courses=(
            course(1, PRICED, 4.05),
            course(2, GATE, None),
            course(3, LEAVER, 3.1),
            course(4, AWAY, None, paused_until=at(99_999)),
        ),
        events=(
            Happened(GATE, "open", "mail", "machine", True, at(1.2)),
            Happened(GATE, "click", "mail", "machine", True, at(1.3)),
            Happened(PRICED, "pricing_request", "reply", "human", True, at(4)),
        ),
        incoming=(
            Incoming(AWAY, "out_of_office", (), "matched", at(3)),
            Incoming(PRICED, "reply", ("pricing_request",), "matched", at(4)),
        ),
        promotions=(
            Moved(PRICED, "lead", "opportunity", "asked-for-pricing", "Asked.", ("by reply",), at(4.1)),
        ),
        handoffs=(
            HandedOff(PRICED, "tom", "accepted", "Asked.", None, at(4), at(4.2), ("email", "webhook")),
        ),
    )
    return Record(cast, diary, summary)


def with_entries(*entries: Entry) -> Record:
    record = create_record()
    return Record(record.cast, (*record.diary, *entries), record.summary)


def without(deed: str) -> Record:
    record = create_record()
    return Record(record.cast, tuple(each for each in record.diary if each.deed != deed), record.summary)


def concluding(**changes: Any) -> Record:
    record = create_record()
    return Record(record.cast, record.diary, replace(record.summary, **changes))


def test_a_right_program_makes_no_difference() -> None:
    assert compare(create_record()) == ()


ADDRESSES = tuple(ROLES)
RIGHT = create_record().summary


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (with_entries(got(GATE, 2, 2)), f"{GATE} got the mail <m2> 2 times"),
        (
            with_entries(got(GATE, 9, 2)),
            f"{GATE} got a mail that is not on record: Hi",
        ),
        (
            with_entries(got(GATE, 9, 2, "<m1>")),
            f"{GATE} got a follow-up to a mail they never got: Hi",
        ),
        (
            concluding(mails=(*RIGHT.mails, Mailed(GATE, "m9", "second", 2, "sent", at(2)))),
            f"{GATE} never got the mail of step second, which is recorded as sent",
        ),
        (
            concluding(mails=(replace(RIGHT.mails[0], state="uncertain"), *RIGHT.mails[1:])),
            f"{PRICED} got the mail of step welcome, which is recorded as uncertain",
        ),
        (with_entries(entry(diaries.FAULT, 5, text="oh")), "the recipients met a fault: oh"),
        (without(diaries.LEFT), f"{LEAVER} (unsubscribes by one click) has not come to this: unsubscribed"),
        (
            concluding(events=(replace(RIGHT.events[0], verdict="human"), *RIGHT.events[1:])),
            f"{GATE} made 0 human opens, and the program concluded 1",
        ),
        (
            concluding(events=(*RIGHT.events[:1], replace(RIGHT.events[1], judged=False), RIGHT.events[2])),
            f"{GATE} made 1 machine click, and the program concluded 0",
        ),
        (
            concluding(incoming=(RIGHT.incoming[0], replace(RIGHT.incoming[1], intents=("positive",)))),
            f"{PRICED} wrote 1 reply (pricing_request), and the program concluded 0",
        ),
        (
            concluding(incoming=(*RIGHT.incoming, Incoming(None, "reply", (), "unmatched", at(5)))),
            "a mail that came in at 12:00:05 UTC matches nobody (reply)",
        ),
        (
            concluding(events=(*RIGHT.events, replace(RIGHT.events[2], source="form"))),
            f"{PRICED} asked for prices 1 time, and the program has 2 requests",
        ),
        (
            concluding(contacts=(*RIGHT.contacts[:2], Known(LEAVER, "lead", None), RIGHT.contacts[3])),
            f"{LEAVER} (unsubscribes by one click) is suppressed for nothing, not for unsubscribed",
        ),
        (
            concluding(contacts=(*RIGHT.contacts, Known("stray@x.example", "lead", None))),
            "stray@x.example is a contact and was not in the contact list",
        ),
        (
            concluding(promotions=(*RIGHT.promotions, replace(RIGHT.promotions[0], email=GATE))),
            f"{GATE} (a mail gateway that follows every link) should move nowhere, "
            "and moved lead → opportunity by asked-for-pricing",
        ),
        (
            concluding(contacts=(Known(PRICED, "lead", None), *RIGHT.contacts[1:])),
            f"{PRICED} (asks for prices by reply) should be opportunity, and is lead",
        ),
        (
            concluding(handoffs=(*RIGHT.handoffs, *RIGHT.handoffs)),
            f"{PRICED} (asks for prices by reply) should have 1, and has 2 handoffs",
        ),
        (
            concluding(handoffs=(replace(RIGHT.handoffs[0], state="notified"),)),
            f"the handoff of {PRICED} is notified, and the rep said accepted",
        ),
        (
            without(diaries.HOOKED),
            f"tom should be told by webhook of {PRICED} once; this came: nothing",
        ),
        (
            with_entries(entry(diaries.MAILED, 5, PRICED, rep="elise")),
            f"tom should be told by mail of {PRICED} once; this came: tom, elise",
        ),
        (
            concluding(courses=(course(1, PRICED, None), *RIGHT.courses[1:])),
            f"{PRICED} replied, and the sequence lead-education goes on",
        ),
        (
            concluding(courses=(course(1, PRICED, 6.5), *RIGHT.courses[1:])),
            "a reply stopped its sequence after 2.50 s (p99), 2 s are promised",
        ),
        (
            concluding(courses=(*RIGHT.courses[:3], course(4, AWAY, None))),
            f"{AWAY} is out of office, and no sequence waits for the return",
        ),
    ],
)
def test_each_difference_is_a_line(record: Record, line: str) -> None:
    assert line in compare(record)


def test_a_mail_after_the_end_of_its_sequence_is_a_difference_and_one_in_the_same_moment_is_none() -> None:
    mails = (*RIGHT.mails, Mailed(LEAVER, "m9", "second", 3, "sent", at(4)))
    late, soon = (
        Record(record.cast, (*record.diary, got(LEAVER, 9, seconds)), replace(RIGHT, mails=mails))
        for record, seconds in ((create_record(), 9), (create_record(), 4))
    )
    assert compare(late) == (
        f"{LEAVER} got step second after the sequence had ended at 12:00:03 UTC",
        f"{LEAVER} got a mail after this: unsubscribed",
    )
    assert compare(soon) == ()


def test_a_sequence_that_a_reply_pauses_has_halted_and_sends_nothing() -> None:
    paused = (course(1, PRICED, None, paused_until=at(99_999)), *RIGHT.courses[1:])
    mails = (*RIGHT.mails, Mailed(PRICED, "m9", "second", 1, "sent", at(9)))
    record = concluding(courses=paused)
    assert compare(record) == ()
    assert seconds_to_stop(record) == [0.0]
    broken = Record(
        record.cast, (*record.diary, got(PRICED, 9, 9)), replace(RIGHT, courses=paused, mails=mails)
    )
    assert compare(broken) == (f"{PRICED} got step second, and waits until 2026-11-22",)


def test_a_step_twice_is_a_duplicate_even_with_another_message_id() -> None:
    mails = (*RIGHT.mails, Mailed(GATE, "m9", "welcome", 2, "sent", at(2)))
    record = create_record()
    twice = Record(record.cast, (*record.diary, got(GATE, 9, 2)), replace(RIGHT, mails=mails))
    assert compare(twice) == (f"{GATE} got step welcome 2 times",)
    assert figures(twice, compare(twice), 1.0)["duplicates"] == 1


def test_who_was_given_back_has_gone_back() -> None:
    record = create_record()
    given_back = tuple(
        replace(each, detail={"rep": "tom", "state": "rejected"}) if each.deed == diaries.ANSWERED else each
        for each in record.diary
    )
    assert record.expected_moves(PRICED)[-1].target == "opportunity"
    assert Record(record.cast, given_back, RIGHT).expected_moves(PRICED)[-1].rule == "handoff rejected"


def test_a_slow_handoff_breaks_the_promise() -> None:
    record = create_record()
    slow = tuple(
        replace(each, at=each.at + 2) if each.deed == diaries.MAILED else each for each in record.diary
    )
    assert compare(Record(record.cast, slow, RIGHT)) == (
        "a rep knew of a pricing request after 2.20 s (p99), 1 s is promised",
    )


def test_speed_is_measured_from_what_people_did() -> None:
    record = create_record()
    assert [round(seconds, 3) for seconds in seconds_to_stop(record)] == [0.05]
    assert [round(seconds, 3) for seconds in seconds_to_handoff(record)] == [0.2]
    assert percentile([1, 2, 3, 4], 50) == 2
    assert percentile([float(number) for number in range(1, 201)], 99) == 198
    assert percentile([], 99) == 0


def test_the_figures_have_what_the_json_file_promises() -> None:
    told = figures(create_record(), (), 12.34)
    assert {name: told[name] for name in ("mails_sent", "duplicates", "opens", "clicks", "replies")} == {
        "mails_sent": 4,
        "duplicates": 0,
        "opens": {"human": 0, "machine": 1, "unknown": 0},
        "clicks": {"human": 0, "machine": 1, "unknown": 0},
        "replies": {"out_of_office": 1, "pricing_request": 1},
    }
    assert set(told["promotions"][0]) == {"address", "from", "to", "rule", "reason", "at"}
    assert told["handoffs"][0]["seconds_from_signal"] == pytest.approx(0.2)
    assert told["differences"] == []
