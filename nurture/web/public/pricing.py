"""`/p/<token>`: a person asks for prices."""

import secrets
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from flask import Blueprint, redirect, render_template, request
from pydantic import Field
from werkzeug.wrappers import Response

from nurture import jobs
from nurture.core.token import Purpose, Token
from nurture.services import receiving
from nurture.web.client import read_client
from nurture.web.public.door import admit, admit_slowly, transaction
from nurture.web.public.form import Form, Line, Text, read_form
from nurture.web.site import site

pricing = Blueprint("pricing", __name__)

TEAM_SIZES: Final = {
    "1-10": "1 to 10 people",
    "11-50": "11 to 50",
    "51-200": "51 to 200",
    "201-1000": "201 to 1,000",
    "1000+": "More than 1,000",
}
TIMELINES: Final = {
    "now": "As soon as possible",
    "this_quarter": "Within three months",
    "later": "Later, just looking",
}
_SAYS: Final = {
    "name": "Please tell us your name, in 100 characters or fewer.",
    "company": "Please shorten this to 120 characters.",
    "team_size": "Please choose the size of your team: the price depends on it.",
    "need": "Please shorten this to 2,000 characters.",
    "timeline": "Please choose when you need it.",
    "phone": "Please write the number with digits, spaces and + only, or leave it empty.",
    "form_id": "This page had been open too long. Please send it once more.",
}


class PricingForm(Form):
    """What the page asks. `form_id` names one filling-in, so that sending it twice is one request."""

    name: Annotated[Line, Field(min_length=1, max_length=100)]
    company: Annotated[Line, Field(max_length=120)] = ""
    team_size: Literal["1-10", "11-50", "51-200", "201-1000", "1000+"]
    need: Annotated[Text, Field(max_length=2000)] = ""
    timeline: Literal["now", "this_quarter", "later"]
    phone: Annotated[Line, Field(pattern=r"^(\+?[0-9(][0-9 ()./-]{4,29}( ?(x|ext\.?) ?[0-9]{1,6})?)?$")] = ""
    form_id: Annotated[Line, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""


@pricing.get("/p/<token>")
def show(token: str) -> str:
    """The form, filled in as far as we know the person."""
    return _page(admit(token, Purpose.PRICING))


@pricing.post("/p/<token>")
def send(token: str) -> tuple[str, int] | Response:
    """Record the request and thank; a form with a mistake comes back with what was written."""
    known = admit_slowly(token, Purpose.PRICING)
    form, faults = read_form(PricingForm, _SAYS)
    if form is None:
        return _page(known, faults), 422
    with transaction() as session:
        receiving.request_pricing(
            session,
            known.contact_id,
            known.message_id or None,
            answers=_answers(form),
            client=read_client(request.environ).told(),
            now=site().app.now(),
        )
    site().app.queue.wake(jobs.QUALIFY, known.contact_id)
    return redirect(site().path(f"/p/{token}/thanks"), 303)


@pricing.get("/p/<token>/thanks")
def thank(token: str) -> str:
    """What the person sees after the request, however often the page is loaded again."""
    known = admit(token, Purpose.PRICING)
    with transaction() as session:
        person = receiving.describe_contact(session, known.contact_id)
    return render_template("pricing_thanks.html", person=person)


def _page(known: Token, faults: Mapping[str, str] | None = None) -> str:
    with transaction() as session:
        person = receiving.describe_contact(session, known.contact_id)
    written = request.form if faults else _prefilled(person)
    choices = {"sizes": TEAM_SIZES, "timelines": TIMELINES}
    return render_template("pricing.html", person=person, form=written, faults=faults or {}, **choices)


def _prefilled(person: receiving.Person) -> dict[str, str]:
    name = f"{person.given_name} {person.family_name}".strip()
    return {"name": name, "company": person.company, "form_id": secrets.token_urlsafe(12)}


def _answers(form: PricingForm) -> dict[str, str]:
    """What was written, and `summary`: the same in the one line that sales reads first."""
    said = (TIMELINES[form.timeline].lower(), f"team of {form.team_size}", form.phone, form.need)
    return form.model_dump() | {"summary": "; ".join(part for part in said if part)}
