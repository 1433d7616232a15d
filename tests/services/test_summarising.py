"""A summary says what has come of everybody, in the words of the tables."""

from nurture.services import qualifying, receiving
from nurture.services.summarising import Known, Moved, Summary, summarise
from nurture.store import handoffs, inbound, suppressions
from nurture.store.contacts import get
from tests.make import create_lead, create_mail
from tests.services.conftest import Site

JANE, JOE = "jane@acme.example", "joe@acme.example"


def test_an_empty_installation_has_nothing_to_say(site: Site) -> None:
    with site.app.sessions() as session:
        assert summarise(session) == Summary()


def test_a_summary_tells_the_way_of_everybody(site: Site) -> None:
    with site.app.sessions() as session:
        jane, joe = create_lead(session, JANE), create_lead(session, JOE)
        mail = create_mail(session, jane)
        suppressions.suppress(
            session, get(session, joe).email_hash, reason="bounced", source="smtp", now=site.clock()
        )
        receiving.request_pricing(session, jane, mail, answers={"need": "all"}, now=site.clock())
        [handoff] = qualifying.qualify(session, jane, now=site.clock())
        handoffs.record_try(session, handoff, "email", None, site.clock())
        handoffs.mark_notified(session, handoff, site.clock())
    with site.app.sessions() as session:
        told = summarise(session)
    assert told.contacts == (Known(JANE, "opportunity", None), Known(JOE, "lead", "bounced"))
    assert [(sent.email, sent.rfc_id, sent.step, sent.state) for sent in told.mails] == [
        (JANE, f"t{mail}@meridian.example", "first", "sent")
    ]
    assert [(course.email, course.sequence, course.state) for course in told.courses] == [
        (JANE, "lead-education", "stopped"),
        (JOE, "lead-education", "active"),
        (JANE, "opportunity-welcome", "active"),
    ]
    assert [(event.kind, event.source, event.verdict, event.judged) for event in told.events] == [
        ("pricing_request", "form", "human", True)
    ]
    [moved] = told.promotions
    assert moved == Moved(
        JANE, "lead", "opportunity", "asked-for-prices", "Asks for prices", moved.because, site.clock()
    )
    [handed] = told.handoffs
    assert (handed.email, handed.rep, handed.state, handed.told) == (JANE, "ana", "notified", ("email",))


def test_mail_that_matches_nobody_is_told_too(site: Site) -> None:
    with site.app.sessions() as session:
        inbound.record(
            session, digest="d", state="unmatched", kind="reply", from_address="x@x.example", subject="",
            new_text="", intents=[{"name": "other"}], now=site.clock(),
        )  # fmt: skip
    with site.app.sessions() as session:
        [mail] = summarise(session).incoming
    assert (mail.email, mail.state, mail.intents) == (None, "unmatched", ("other",))
