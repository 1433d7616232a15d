"""`/u/<token>`: the end of all mail, by a button on a page or by one click in a mail program (RFC 8058)."""

from typing import Final

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import HTTPException

from nurture.core.token import Purpose
from nurture.services import consenting, receiving
from nurture.web.client import read_client
from nurture.web.public.door import admit, transaction
from nurture.web.site import site

unsubscribe = Blueprint("unsubscribe", __name__)

_DONE: Final = "You are unsubscribed and will get no more of these mails.\n"


@unsubscribe.get("/u/<token>")
def ask(token: str) -> str:
    """One button. Scanners open every link of a mail, so opening this one changes nothing (D03)."""
    known = admit(token, Purpose.UNSUBSCRIBE)
    with transaction() as session:
        person = receiving.describe_contact(session, known.contact_id)
    return render_template("unsubscribe.html", person=person)


@unsubscribe.post("/u/<token>")
def leave(token: str) -> Response | str:
    """Unsubscribe, whatever the body says, as often as it is sent: 200 and no redirect (RFC 8058 §3.1).

    Never slowed down: who holds the link may always leave.
    """
    known = admit(token, Purpose.UNSUBSCRIBE)
    one_click = _is_one_click()
    source = "one_click" if one_click else "page"
    with transaction() as session:
        consenting.unsubscribe(
            session,
            known.contact_id,
            source=source,
            now=site().app.now(),
            message_id=known.message_id or None,
            client=read_client(request.environ).told(),
        )
    if one_click:
        return Response(_DONE, content_type="text/plain; charset=utf-8")
    return render_template("unsubscribed.html")


def _is_one_click() -> bool:
    """Whether a mail program sends this: `List-Unsubscribe=One-Click`, urlencoded or multipart."""
    try:
        return request.form.get("List-Unsubscribe") == "One-Click"
    except HTTPException:  # a body that is too long or in pieces must not keep anybody here
        return False
