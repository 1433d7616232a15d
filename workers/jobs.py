"""One thin function per job name: ids in, one call, and a wake-up for what follows."""

from nurture import jobs
from nurture.services import delivering, handing_off, judging, locating, qualifying, scheduling
from workers.app import app

MAILS_A_BATCH = 50


def deliver() -> None:
    """Send a batch of due mails, and the next one where that was full."""
    if delivering.deliver_due(app(), limit=MAILS_A_BATCH) == MAILS_A_BATCH:
        app().queue.wake(jobs.DELIVER)
    app().queue.wake(jobs.PLAN)


def plan() -> None:
    """Plan the next touches."""
    with app().sessions() as session:
        scheduling.plan_touches(session, now=app().now())


def advance() -> None:
    """Carry out due branches and tasks."""
    with app().sessions() as session:
        scheduling.advance(session, now=app().now())
    app().queue.wake(jobs.PLAN)


def settle() -> None:
    """Record late receipts; take back what gone workers had claimed."""
    with app().sessions() as session:
        delivering.settle_receipts(session)
        delivering.free_claims(session, now=app().now())


def judge() -> None:
    """Judge the hits that have settled; qualify those who acted, out of the way of explicit requests."""
    with app().sessions() as session:
        changed = judging.judge_settled(session, now=app().now(), settle=app().settings.judge_settle)
    for contact_id in changed:
        qualify(contact_id)


def judge_again() -> None:
    """Let recent hits be judged again that an older judge has judged; the next batch where there are more."""
    with app().sessions() as session:
        since = app().now() - judging.RECENT
        more = judging.judge_again(session, since=since)
    if more == judging.MOST_HITS:
        app().queue.wake(jobs.JUDGE_AGAIN)


def locate() -> None:
    """Ask for the mail gateways of new accounts."""
    locating.locate_gateways(app())


def qualify(contact_id: int) -> None:
    """Promote a contact on its evidence; tell the handoffs that follow."""
    with app().sessions() as session:
        opened = qualifying.qualify(session, contact_id, now=app().now())
    for handoff_id in opened:
        app().queue.wake(jobs.HAND_OFF, handoff_id)


def requalify(contact_id: int) -> None:
    """The same for a contact whose own wake-up was lost, where it keeps nobody waiting."""
    qualify(contact_id)


def hand_off(handoff_id: int) -> None:
    """Tell a handoff to its rep."""
    handing_off.tell(app(), handoff_id)
