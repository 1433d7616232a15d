"""What people said: replies by intent, requests for prices, opt-outs and bounces."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from nurture.demo.cast import canonical
from nurture.demo.comparison.record import Record, plural
from nurture.demo.diary import ASKED, BOUNCED, REPLIED, WAS_AWAY

ANSWERS: Final = ("reply", "out_of_office", "auto_reply")
Said = tuple[str, str, tuple[str, ...]]


def compare_replies(record: Record) -> Iterator[str]:
    """Each mail back is known, belongs to its writer, and is understood."""
    said = Counter(_said(record))
    heard: Counter[Said] = Counter()
    for mail in record.summary.incoming:
        if mail.email is None or mail.state != "matched":
            yield f"a mail that came in at {mail.received_at:%H:%M:%S} UTC matches nobody ({mail.kind})"
            continue
        intents = tuple(sorted(mail.intents)) if mail.kind in ANSWERS else ()
        heard[canonical(mail.email), mail.kind, intents] += 1
    for who, kind, intents in sorted({*said, *heard}):
        key = (who, kind, intents)
        if said[key] != heard[key]:
            what = f"{kind} ({', '.join(intents)})" if intents else kind
            yield f"{who} wrote {plural(said[key], what)}, and the program concluded {heard[key]}"


def compare_requests(record: Record) -> Iterator[str]:
    """One signal for each request for prices, and none without one."""
    asked = record.count(ASKED)
    known = Counter(
        canonical(event.email) for event in record.summary.events if event.kind == "pricing_request"
    )
    for who in sorted({*asked, *known}):
        if asked[who] != known[who]:
            times = plural(asked[who], "time")
            yield f"{who} asked for prices {times}, and the program has {plural(known[who], 'request')}"


def compare_endings(record: Record) -> Iterator[str]:
    """Exactly those get no more mail who asked for it or cannot be reached; the program knows the cast."""
    known = {canonical(contact.email): contact for contact in record.summary.contacts}
    for member in record.cast.members:
        contact = known.pop(member.address, None)
        if contact is None:
            yield f"{member.address} was in the contact list and is no contact"
        elif contact.suppressed != member.role.ends:
            found, wanted = contact.suppressed or "nothing", member.role.ends or "nothing"
            yield f"{member.address} ({member.role.title}) is suppressed for {found}, not for {wanted}"
    for address in known:
        yield f"{address} is a contact and was not in the contact list"


def _said(record: Record) -> Iterator[Said]:
    for entry in record.told(REPLIED):
        yield entry.who, "reply", tuple(sorted(entry.detail["intents"]))
    for entry in record.told(WAS_AWAY):
        yield entry.who, "out_of_office", ()
    for entry in record.told(BOUNCED):
        yield entry.who, "bounce", ()
