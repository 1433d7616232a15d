"""A contact list on its way in: what is taken, what is refused, and what an import never does."""

import io
import os
import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, time, timedelta
from typing import Any, BinaryIO

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from nurture.core.people.column import BadColumns
from nurture.core.people.contact import normalise_address
from nurture.core.people.csv_reader import BadFile
from nurture.core.score import GradeModel, ScoreModel
from nurture.core.sequence import EmailStep, Sequence
from nurture.core.workspace import Mail, Mailbox, Stage, Window, Workspace
from nurture.services import importing
from nurture.services.importing import ImportReport, RefusedRow, import_contacts
from nurture.store import enrollments, suppressions, workspaces
from nurture.store.tables import Account, Consent, Contact, Enrollment
from nurture.store.workspaces import NoWorkspace

Sessions = Callable[[], AbstractContextManager[Session]]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


@pytest.fixture
def ready(sessions: Sessions) -> Sessions:
    """A database with a current workspace: lead and prospect have a sequence, customer has none."""
    with sessions() as session:
        workspaces.publish(session, create_workspace(), now=NOW)
    return sessions


MESSY = (
    "Firma;E-Mail;Vorname;Nachname;Land;Zeitzone;Notiz;;\r\n"
    "Müller & Söhne;Jörg.Mueller@Mueller.DE;Jörg;Müller;Deutschland;Europe/Berlin;;;\r\n"
    'ACME;jane@acme.com;Jane;Doe;UK;;"ruft zurück\r\nam ""Montag""";;\r\n'
    "\r\n"
    ";;;;;;;;\r\n"
    ";JANE@ACME.COM;Janet;;;;;;\r\n"
    "Bücher AG;info@bücher.de;;;;;;;\r\n"
    ";info@xn--bcher-kva.de;Ines;;;;;;\r\n"
    ";kaputt;;;;;;;\r\n"
    ";;Ohne;Adresse;;;;;\r\n"
    ';"a@acme.com; b@acme.com";;;;;;\r\n'
    "Atlantis;x@acme.com;;;Atlantis;;;;\r\n"
    "Zeit;y@acme.com;;;;Mars/Olympus;;;\r\n"
    "Zu viel;z@acme.com;;;;;;;;mehr\r\n"
    ";hans.huber@gmx.at;Hans;Huber;;;;;\r\n"
    ' ; Lea Lang <lea@mail.acme.com> ;" Lea ";;€;;;;\r\n'
    ";Lea Lang <lea@mail.acme.com>;Lea"
).encode("cp1252")


def test_a_messy_list_loses_nothing_silently(ready: Sessions) -> None:
    refused: list[RefusedRow] = []
    report = run(ready, MESSY, refuse=refused.append)
    assert {row.row: (row.reason, row.value) for row in refused} == {
        3: ("the same address as row 6, which was taken instead", "jane@acme.com"),
        7: ("the same address as row 8, which was taken instead", "info@bücher.de"),
        9: ("there is no @: write an address such as jane@example.org", "kaputt"),
        10: ("no address", ""),
        11: ("more than one address: write each in a row of its own", "a@acme.com; b@acme.com"),
        12: ("unknown country: write its two-letter code, such as DE", "Atlantis"),
        13: ("unknown time zone: write its IANA name, such as Europe/Vienna", "Mars/Olympus"),
        14: (
            "cell 10 has a value, but column 10 has no name: "
            "put quotes around cells that contain the separator, or name the column",
            "mehr",
        ),
        16: ("unknown country: write its two-letter code, such as DE", "€"),
    }
    assert report.first_refused == refused
    assert (report.rows, report.created, report.refused, report.enrolled) == (14, 5, 9, 5)
    assert set(emails(ready)) == {
        "Jörg.Mueller@mueller.de",
        "JANE@acme.com",
        "info@bücher.de",
        "hans.huber@gmx.at",
        "lea@mail.acme.com",
    }


def test_a_contact_is_stored_whole(ready: Sessions) -> None:
    run(ready, MESSY.splitlines(keepends=True)[0] + MESSY.splitlines(keepends=True)[1])
    with ready() as session:
        contact = session.scalars(select(Contact)).one()
        account = session.get_one(Account, contact.account_id)
    assert contact.email_hash == normalise_address("jörg.mueller@mueller.de").hash
    assert (contact.given_name, contact.family_name, contact.company) == ("Jörg", "Müller", "Müller & Söhne")
    assert (contact.country, contact.time_zone, contact.title) == ("DE", "Europe/Berlin", None)
    assert (contact.stage, contact.stage_since, contact.created_at, contact.updated_at) == (
        "lead",
        NOW,
        NOW,
        NOW,
    )
    assert (contact.attributes, contact.tracking, contact.qualify_at) == ({}, True, None)
    assert (account.domain, account.name, account.created_at) == ("mueller.de", "Müller & Söhne", NOW)


def test_accounts_come_from_domains_but_not_from_free_mail(ready: Sessions) -> None:
    report = run(ready, MESSY)
    with ready() as session:
        found = session.execute(
            select(Contact.email, Account.domain, Account.name).outerjoin(
                Account, Account.id == Contact.account_id
            )
        )
        accounts = {email: (domain, name) for email, domain, name in found}
    assert accounts == {
        "Jörg.Mueller@mueller.de": ("mueller.de", "Müller & Söhne"),
        "JANE@acme.com": ("acme.com", None),
        "info@bücher.de": ("bücher.de", None),
        "hans.huber@gmx.at": (None, None),
        "lea@mail.acme.com": ("acme.com", None),
    }
    assert report.accounts_created == 3
    again = run(ready, "email,company\nnew@acme.com,ACME Inc\nnew@mueller.de,Other\n")
    assert again.accounts_created == 0
    with ready() as session:
        names = {account.domain: account.name for account in session.scalars(select(Account))}
    assert names == {"mueller.de": "Müller & Söhne", "acme.com": "ACME Inc", "bücher.de": None}


def test_the_same_file_again_changes_nothing(ready: Sessions) -> None:
    run(ready, MESSY)
    before = dump(ready)
    report = run(ready, MESSY, now=LATER)
    assert (report.created, report.updated, report.unchanged, report.refused) == (0, 0, 5, 9)
    assert (report.enrolled, report.accounts_created) == (0, 0)
    assert dump(ready) == before


def test_only_cells_with_a_value_change_a_contact(ready: Sessions) -> None:
    run(ready, "email,first name,company,stage,industry,size\njane@acme.com,Jane,ACME,prospect,Tin,9\n")
    header = "email,first name,company,stage,industry,size,phone"
    list_ = f"{header}\nJane@Acme.com,,,lead,,10,123\nmax@acme.com\n"
    report = run(ready, list_, now=LATER)
    assert (report.created, report.updated, report.enrolled) == (1, 1, 1)
    with ready() as session:
        jane = session.scalars(select(Contact).order_by(Contact.id)).first()
        assert jane is not None
        assert (jane.email, jane.given_name, jane.company) == ("jane@acme.com", "Jane", "ACME")
        assert jane.attributes == {"industry": "Tin", "size": "10", "phone": "123"}
        assert (jane.stage, jane.created_at, jane.updated_at) == ("prospect", NOW, LATER)
        assert [e.sequence for e in enrollments.list_for_contact(session, jane.id)] == ["follow_up"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("first name", "Jane"),
        ("last name", "Doe"),
        ("company", "ACME"),
        ("title", "CTO"),
        ("country", "DE"),
        ("time zone", "UTC"),
        ("industry", "Tin"),
    ],
)
def test_a_change_in_any_column_is_noticed(ready: Sessions, column: str, value: str) -> None:
    run(ready, "email\njane@acme.com\n")
    list_ = f"email,{column}\njane@acme.com,{value}\n"
    assert run(ready, list_, now=LATER).updated == 1
    assert run(ready, list_, now=LATER).unchanged == 1


def test_l10_a_suppressed_address_is_kept_but_gets_nothing(ready: Sessions) -> None:
    with ready() as session:
        for address in ("jane@acme.com", "info@bücher.de"):
            suppress(session, address)
    report = run(ready, "email,name\nJANE@acme.com,Jane\ninfo@xn--bcher-kva.de,Info\nmax@acme.com,Max\n")
    assert (report.created, report.suppressed, report.enrolled) == (3, 2, 1)
    with ready() as session:
        assert session.scalars(
            select(Contact.email).join(Consent, Consent.contact_id == Contact.id)
        ).all() == ["max@acme.com"]
        assert len(session.scalars(select(Enrollment)).all()) == 1


def test_l10_an_import_never_revives_an_unsubscribed_contact(ready: Sessions) -> None:
    run(ready, "email,name\njane@acme.com,Jane\n")
    with ready() as session:
        jane = session.scalars(select(Contact)).one()
        suppress(session, "jane@acme.com")
        enrollments.stop(session, jane.id, reason="unsubscribed", now=NOW)
    report = run(ready, "email,name\njane@acme.com,Janet\n", now=LATER)
    assert (report.updated, report.suppressed, report.enrolled) == (1, 1, 0)
    with ready() as session:
        assert [e.state for e in enrollments.list_for_contact(session, jane.id)] == ["stopped"]
        assert suppressions.find(session, jane.email_hash) is not None
        assert len(suppressions.list_consents(session, jane.id)) == 1


def test_l09_a_new_contact_has_a_consent_row(ready: Sessions) -> None:
    run(ready, "email\njane@acme.com\n", source="fair.csv")
    with ready() as session:
        consent = session.scalars(select(Consent)).one()
    assert (consent.purpose, consent.given, consent.source, consent.at) == (
        "marketing",
        True,
        "import fair.csv",
        NOW,
    )
    assert "imported from fair.csv" in consent.wording


def test_new_contacts_enter_the_sequence_of_their_stage(ready: Sessions) -> None:
    list_ = "email,stage\na@acme.com,\nb@acme.com,Prospect\nc@acme.com,customer\n"
    report = run(ready, list_, stage="lead")
    assert report.enrolled == 2
    with ready() as session:
        version_id, _ = workspaces.current(session)
        rows = session.scalars(select(Enrollment).order_by(Enrollment.id)).all()
        stages = session.scalars(select(Contact.stage).order_by(Contact.email)).all()
    assert list(stages) == ["lead", "prospect", "customer"]
    assert [(row.stage, row.sequence) for row in rows] == [("lead", "welcome"), ("prospect", "follow_up")]
    assert {
        (row.state, row.version_id, row.started_at, row.unplanned_since, row.last_step) for row in rows
    } == {("active", version_id, NOW, NOW, None)}


def test_the_stage_and_enrolling_are_the_callers_choice(ready: Sessions) -> None:
    report = run(ready, "email\na@acme.com\n", stage="prospect", enroll=False)
    assert (report.created, report.enrolled) == (1, 0)
    with ready() as session:
        assert session.scalars(select(Contact.stage)).all() == ["prospect"]


@pytest.mark.parametrize(
    ("content", "options", "error", "says"),
    [
        (b"", {}, BadFile, "empty"),
        (b"PK\x03\x04xlsx", {}, BadFile, "Save or export it again as CSV UTF-8"),
        (b"name,phone\nJane,1\n", {}, BadColumns, '"name", "phone".*--map "name=email"'),
        (b"email\na@acme.com\n", {"mapping": {"Mail": "email"}}, BadColumns, 'no column "Mail"'),
        (b"email\na@acme.com\n", {"stage": "vip"}, importing.UnknownStage, "lead, prospect, customer"),
        (b'email,name\na@acme.com,"A\n', {}, BadFile, "Row 2: .*never closed"),
        (b"email\n" + b"a@acme.com\n" * 30_000 + b"b\0@acme.com", {}, BadFile, "Row 30002: .*NUL"),
    ],
)
def test_x16_a_bad_file_is_refused_with_nothing_stored(
    ready: Sessions, content: bytes, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    before = dump(ready)
    with pytest.raises(error, match=says):
        run(ready, content, **options)
    assert dump(ready) == before


def test_without_a_workspace_there_is_nothing_to_import_into(sessions: Sessions) -> None:
    with pytest.raises(NoWorkspace, match="nurture workspace apply config/workspace"):
        run(sessions, "email\na@acme.com\n")


def test_after_a_crash_the_same_file_completes_the_import(ready: Sessions) -> None:
    list_ = "email\n" + "".join(f"p{number}@acme{number % 7}.com\n" for number in range(5_000))

    def crash(_: int, rows: int) -> None:
        if rows >= 2_000:
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        run(ready, list_, progress=crash)
    kept = len(emails(ready))
    assert 0 < kept < 5_000
    report = run(ready, list_, now=LATER)
    assert (report.created, report.unchanged, report.enrolled) == (5_000 - kept, kept, 5_000 - kept)
    with ready() as session:
        assert session.scalar(select(func.count()).select_from(Enrollment)) == 5_000
        assert session.scalar(select(func.count()).select_from(Consent)) == 5_000


def test_repeated_addresses_far_apart_are_found(ready: Sessions) -> None:
    filling = "".join(f"p{number}@acme.com,x\n" for number in range(5_000))
    list_ = f"email,name\njane@acme.com,first\n{filling}JANE@acme.com,second\n{filling}jane@ACME.com,third\n"
    for _ in range(2):
        refused: list[RefusedRow] = []
        report = run(ready, list_, refuse=refused.append)
        repeated = [row.row for row in refused if "jane" in row.value.lower()]
        assert repeated == [2, 5_003]
        assert (report.rows, report.refused) == (10_003, 5_002)
        assert len(report.first_refused) == importing.SHOWN_REFUSALS
        with ready() as session:
            jane = session.scalars(select(Contact).where(Contact.email.ilike("jane@%"))).one()
            assert (jane.email, jane.attributes) == ("jane@acme.com", {"name": "third"})
    assert (report.unchanged, report.created, report.updated) == (5_001, 0, 0)


def test_progress_goes_over_the_file_twice(ready: Sessions) -> None:
    content = ("email\n" + "".join(f"p{number}@acme.com\n" for number in range(5_000))).encode()
    seen: list[tuple[int, int]] = []
    run(ready, content, progress=lambda done, rows: seen.append((done, rows)))
    reading = [done for done, rows in seen if not rows]
    storing = [(done, rows) for done, rows in seen if rows]
    assert reading == sorted(reading)
    assert storing == sorted(storing)
    assert reading[-1] == len(content)
    assert storing[-1] == (len(content), 5_000)


def test_a_pipe_can_be_imported(ready: Sessions) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(b"email\njane@acme.com\n")
    with os.fdopen(reading, "rb") as file:
        assert run(ready, file).created == 1


@pytest.mark.parametrize(("domain", "accounts"), [("acme.com", 1), ("gmail.com", 0)])
def test_two_imports_at_once_make_each_contact_once(ready: Sessions, domain: str, accounts: int) -> None:
    people = [f"p{number}@{domain}" for number in range(1_900)]
    lists = ["\n".join(["email", *order]) for order in (people, people[::-1])]
    both = threading.Barrier(2, timeout=60)
    waits = [iter([both.wait]), iter([both.wait])]

    def run_list(number: int) -> ImportReport:
        # Both have read their list when the first of them stores a row.
        return run(ready, lists[number], progress=lambda done, _: next(waits[number], int)())

    with ThreadPoolExecutor(2) as threads:
        reports = list(threads.map(run_list, [0, 1]))
    assert sum(report.created for report in reports) == 1_900
    assert sum(report.enrolled for report in reports) == 1_900
    assert sum(report.accounts_created for report in reports) == accounts
    assert len(emails(ready)) == 1_900


def test_nothing_is_left_on_the_connections(ready: Sessions) -> None:
    run(ready, "email\njane@acme.com\n")
    with ready() as session:
        tables = session.scalars(text("SELECT relname FROM pg_class WHERE relpersistence = 't'")).all()
    assert tables == []


def test_x16_memory_is_flat_for_many_rows(ready: Sessions) -> None:
    list_ = ("email,name\n" + "".join(f"p{number},Jane\n" for number in range(40_000))).encode()
    run(ready, "email\nwarm@acme.com\n")
    tracemalloc.start()
    report = run(ready, io.BytesIO(list_))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (report.refused, len(report.first_refused)) == (40_000, importing.SHOWN_REFUSALS)
    assert peak < 3 << 20


def run(sessions: Sessions, content: str | bytes | BinaryIO, **options: Any) -> ImportReport:
    """Import a list; every report adds up."""
    if isinstance(content, str):
        content = content.encode()
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    report = import_contacts(sessions, file, **{"now": NOW} | options)
    assert report.rows == report.created + report.updated + report.unchanged + report.refused
    return report


def emails(sessions: Sessions) -> list[str]:
    with sessions() as session:
        return list(session.scalars(select(Contact.email).order_by(Contact.id)))


def dump(sessions: Sessions) -> list[list[Any]]:
    """All that an import may write."""
    tables = ("contacts", "accounts", "consents", "enrollments", "suppressions")
    with sessions() as session:
        return [session.execute(text(f"SELECT * FROM {table} ORDER BY 1")).all() for table in tables]


def suppress(session: Session, address: str) -> None:
    email_hash = normalise_address(address).hash
    suppressions.suppress(session, email_hash, reason="unsubscribed", source="page", now=NOW)


def create_workspace() -> Workspace:
    return Workspace(
        name="acme",
        company="ACME",
        postal_address="1 Street",
        time_zone="Europe/Vienna",
        window=Window(frozenset(range(5)), time(9), time(17)),
        contact_cap=1,
        tracking="individual",
        stages=(
            Stage("lead", "Lead", "welcome"),
            Stage("prospect", "Prospect", "follow_up"),
            Stage("customer", "Customer", None),
        ),
        rules=(),
        score=ScoreModel({}, timedelta(days=30)),
        grade=GradeModel((), {}),
        reps=(),
        mailboxes=(Mailbox("main", "news@acme.com", "ACME", 100),),
        sequences=tuple(
            Sequence(name, name.title(), 1, "hello", (EmailStep("hello", None, "hello"),))
            for name in ("welcome", "follow_up")
        ),
        mails=(Mail("hello", "Hello", "<p>Hello</p>", "Hello"),),
    )
