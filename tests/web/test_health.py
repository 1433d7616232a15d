"""What probes and Prometheus are told."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from nurture.journal import Journal
from nurture.store import contacts, events, journals, mailboxes
from nurture.web.app import create_app


def test_alive_and_ready(world: Any) -> None:
    assert world.client.get("/healthz").status_code == 200
    answer = world.client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready", "queue": "ok"})


def test_without_the_queue_it_is_ready_and_says_so(world: Any) -> None:
    world.restart(redis_url="redis://127.0.0.1:1/0")
    answer = world.client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready", "queue": "away"})


def test_without_the_database_it_is_alive_and_not_ready(away: Any) -> None:
    assert away.client.get("/healthz").status_code == 200
    answer = away.client.get("/readyz")
    assert answer.status_code == 503
    assert "PostgreSQL does not answer" in (answer.json or {})["reasons"][0]
    figures = figures_of(away)
    assert figures["nurture_database_up"] == 0
    assert figures["nurture_journal_bytes"] == 0
    assert "nurture_touches_due" not in figures


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("DROP TABLE alembic_version", 503),
        ("DELETE FROM alembic_version", 503),
        ("UPDATE alembic_version SET version_num = '9999'", 200),
    ],
)
def test_ready_means_migrated_at_least_as_far_as_this_code(world: Any, change: str, status: int) -> None:
    with world.transaction() as session:
        session.execute(text(change))
    answer = world.client.get("/readyz")
    assert answer.status_code == status
    if status == 503:
        assert "not migrated" in (answer.json or {})["reasons"][0]


def test_the_figures_tell_what_waits(world: Any) -> None:
    world.create_handoff()
    with world.transaction() as session:
        contacts.ask_for_qualification(session, [world.contact_id], world.moment)
        create_touches(session, world)
        create_unjudged_click(session, world)
        mailboxes.pause(session, "hello", reason="a new server", until=None, now=world.moment)
    path = create_journal(world)
    figures = figures_of(world)
    assert {name: figures[name] for name in figures if name.startswith("nurture_")} == {
        "nurture_database_up": 1,
        "nurture_hits_dropped_total": 0,
        'nurture_handoffs{state="notified"}': 1,
        'nurture_touches{state="planned"}': 3,
        'nurture_touches{state="sent"}': 1,
        "nurture_touches_due": 2,
        "nurture_touches_lag_seconds": 90,
        "nurture_hits_unjudged": 1,
        "nurture_qualifications_waiting": 1,
        "nurture_journal_bytes": path.stat().st_size,
        "nurture_journal_unshipped_bytes": path.stat().st_size,
        "nurture_mailboxes_resting": 1,
    }


def test_what_was_shipped_of_a_journal_no_longer_waits(world: Any) -> None:
    path = create_journal(world)
    with world.transaction() as session:
        assert journals.lock_offset(session, path.name, world.moment) == 0
        journals.move_offset(session, path.name, shipped=5, bad=0, now=world.moment)
    assert figures_of(world)["nurture_journal_unshipped_bytes"] == path.stat().st_size - 5


def test_requests_are_counted_by_rule_and_never_by_path(world: Any) -> None:
    for path in (world.pricing_page(), world.pricing_page(), "/nothing-1", "/nothing-2"):
        world.client.get(path)
    figures = figures_of(world)
    assert figures['nurture_http_requests_total{route="/p/<token>",status="200"}'] == 2
    assert figures['nurture_http_requests_total{route="none",status="404"}'] == 2


def test_t06_dropped_hits_are_counted(world: Any) -> None:
    world.web.extensions["nurture"].meter.count_dropped_hit()
    assert figures_of(world)["nurture_hits_dropped_total"] == 1


def test_scraping_often_asks_the_database_seldom(world: Any) -> None:
    asked: list[int] = []

    def sessions() -> Any:
        asked.append(1)
        return world.app.sessions()

    client = create_app(replace(world.app, sessions=sessions)).test_client()
    for _ in range(10):
        assert client.get("/metrics").status_code == 200
    assert len(asked) == 1


def figures_of(world: Any) -> dict[str, float]:
    answer = world.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    lines = [line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#")]
    return {
        name: float(value)
        for name, _, value in lines
        if not name.endswith("_created") and "_created{" not in name
    }


def create_touches(session: Any, world: Any) -> None:
    session.execute(
        text(
            "INSERT INTO enrollments (contact_id, version_id, sequence, stage, state, started_at)"
            " SELECT :contact, id, 's', 'lead', 'active', now() FROM workspace_versions"
        ),
        {"contact": world.contact_id},
    )
    dues = (("a", "planned", -90), ("b", "planned", -5), ("c", "planned", 3600), ("d", "sent", -999))
    for step, state, seconds in dues:
        session.execute(
            text(
                "INSERT INTO touches (enrollment_id, contact_id, step, kind, priority, state, due_at)"
                " SELECT id, contact_id, :step, 'email', 0, :state, :due FROM enrollments"
            ),
            {"step": step, "state": state, "due": world.moment + timedelta(seconds=seconds)},
        )


def create_unjudged_click(session: Any, world: Any) -> None:
    happened = {"at": world.moment, "now": world.moment, "key": "hit", "verdict": "unknown"}
    events.record(session, world.contact_id, kind="click", source="mail", **happened)
    session.execute(text("UPDATE events SET judged_at = NULL"))


def create_journal(world: Any) -> Path:
    journal = Journal(world.app.settings.journal_dir, "hits")
    journal.append({"k": "open"})
    journal.close()
    (path,) = world.app.settings.journal_dir.glob("*.log")
    return Path(path)
