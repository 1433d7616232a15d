"""`/h/<token>`: a rep reads why a contact is worth a call now, and takes it or gives it back."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from flask import Blueprint, redirect, render_template, request
from pydantic import Field, ValidationInfo, field_validator
from werkzeug.wrappers import Response

from nurture import jobs
from nurture.core.handoff import REJECT_REASONS
from nurture.core.token import Purpose, Token
from nurture.services import handing_off
from nurture.web.public.door import admit, admit_slowly, transaction
from nurture.web.public.form import Form, Line, read_form
from nurture.web.site import site

handoff = Blueprint("handoff", __name__)

_REASONS: Final = [(reason, reason.capitalize()) for reason in REJECT_REASONS]
_SAYS: Final = {
    "decision": "Please choose to accept or to reject.",
    "reason": "Please choose a reason: it decides what the contact gets next.",
    "note": "Please say in a few words why, in 500 characters or fewer.",
}


class HandoffForm(Form):
    """The rep's answer. A rejection needs a reason from the list, and "other" needs words too."""

    decision: Literal["accept", "reject"]
    reason: Annotated[Line, Field(validate_default=True)] = ""
    note: Annotated[Line, Field(validate_default=True, max_length=500)] = ""

    @field_validator("reason")
    @classmethod
    def _is_listed(cls, reason: str, info: ValidationInfo) -> str:
        if info.data.get("decision") == "reject" and reason not in REJECT_REASONS:
            raise ValueError("not in the list")
        return reason

    @field_validator("note")
    @classmethod
    def _says_what_else(cls, note: str, info: ValidationInfo) -> str:
        if (info.data.get("decision"), info.data.get("reason"), note) == ("reject", "other", ""):
            raise ValueError("no words")
        return note


@handoff.get("/h/<token>")
def show(token: str) -> str:
    """Why now, what happened, and what has become of it."""
    return _page(admit(token, Purpose.HANDOFF), {})


@handoff.post("/h/<token>")
def answer(token: str) -> tuple[str, int] | Response:
    """Take the rep's answer; the first one stands."""
    known = admit_slowly(token, Purpose.HANDOFF)
    form, faults = read_form(HandoffForm, _SAYS)
    if form is None:
        return _page(known, faults), 422
    _record(known, form)
    return redirect(site().path(f"/h/{token}"), 303)


def _record(known: Token, form: HandoffForm) -> None:
    app, accept = site().app, form.decision == "accept"
    reason = ": ".join(part for part in ("" if accept else form.reason, form.note) if part)
    with transaction() as session:
        handing_off.answer(session, known.message_id, accept=accept, reason=reason, now=app.now())
    if not accept:
        app.queue.wake(jobs.QUALIFY, known.contact_id)


def _page(known: Token, faults: Mapping[str, str]) -> str:
    """The token's message id is the handoff's."""
    with transaction() as session:
        shown = handing_off.show(session, known.message_id)
    return render_template("handoff.html", handoff=shown, reasons=_REASONS, faults=faults, form=request.form)
