"""Published versions: immutable, one of them current, read back as they were written."""

from dataclasses import replace
from datetime import time, timedelta

import pytest
from sqlalchemy import select

from nurture.core.condition import AllOf, AnyOf, AttributeIn, Counted, GradeAtLeast, NoneOf, ScoreAtLeast
from nurture.core.rule import Rule
from nurture.core.workspace import Mailbox, Rep, Window, Workspace
from nurture.store import workspaces
from nurture.store.tables import WorkspaceVersion
from tests.conftest import Sessions
from tests.make import NOON, run_together, workspace

LATER = NOON + timedelta(days=1)


def test_before_the_first_there_is_none(sessions: Sessions) -> None:
    with sessions() as session, pytest.raises(workspaces.NoWorkspace, match="nurture workspace apply"):
        workspaces.current(session)


def test_every_value_comes_back_as_it_was(sessions: Sessions) -> None:
    whole = everything()
    with sessions() as session:
        version, changed = workspaces.publish(session, whole, now=NOON)
    workspaces._LOADED.clear()
    with sessions() as session:
        assert changed
        assert workspaces.current(session) == (version, whole)
        assert workspaces.get(session, version) == whole


def test_the_same_again_is_no_new_version(sessions: Sessions) -> None:
    with sessions() as session:
        first, _ = workspaces.publish(session, workspace(), now=NOON)
    with sessions() as session:
        assert workspaces.publish(session, workspace(), now=LATER) == (first, False)


def test_a_change_is_a_new_version_and_the_old_one_stays(sessions: Sessions) -> None:
    with sessions() as session:
        first, _ = workspaces.publish(session, workspace(), now=NOON)
        second, changed = workspaces.publish(session, workspace(company="Other"), now=LATER)
        assert changed
        assert workspaces.current(session)[0] == second
        assert workspaces.get(session, first).company == "Meridian"
        assert workspaces.publish(session, workspace(), now=LATER) == (first, True)
    with sessions() as session:
        rows = session.scalars(select(WorkspaceVersion).order_by(WorkspaceVersion.id)).all()
        assert [(row.id, row.current) for row in rows] == [(first, True), (second, False)]


def test_an_unknown_version_is_an_error(sessions: Sessions) -> None:
    with sessions() as session, pytest.raises(LookupError, match="workspace version 7"):
        workspaces.get(session, 7)


def test_two_who_publish_at_once_both_succeed(sessions: Sessions) -> None:
    companies = iter([f"Company {number % 3}" for number in range(12)])

    def publish() -> int:
        with sessions() as session:
            return workspaces.publish(session, workspace(company=next(companies)), now=NOON)[0]

    run_together(4, lambda: [publish() for _ in range(3)])
    with sessions() as session:
        rows = session.scalars(select(WorkspaceVersion)).all()
        assert len(rows) == 3
        assert [row.current for row in rows].count(True) == 1


def everything() -> Workspace:
    """A workspace that uses every kind of value."""
    conditions = (
        Counted("click", 2, timedelta(days=14), "first", distinct_mails=True),
        ScoreAtLeast(40.0),
        GradeAtLeast("B+"),
        AttributeIn("industry", ("retail", "food")),
        AnyOf((NoneOf((Counted("reply"),)), AllOf((AttributeIn("title"),)))),
    )
    return replace(
        workspace(),
        rules=(Rule("all", ("lead",), "prospect", AllOf(conditions), "Because"),),
        window=Window(frozenset({6, 0, 3}), time(22, 30), time(6)),
        reps=(Rep("ana", "ana@m.example", "Ana", "https://m.example/hook"),),
        mailboxes=(Mailbox("hello", "h@m.example", "Mia", 7, "replies@m.example"),),
        owners={"acme.example": "ana"},
        skip_holidays=True,
        max_lateness=timedelta(hours=36),
        tracking="off",
    )
