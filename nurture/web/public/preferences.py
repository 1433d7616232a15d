"""`/prefs/<token>`: a person chooses whether to get mail and whether it is tracked."""

from typing import Final, Literal

from flask import Blueprint, render_template, request
from werkzeug.exceptions import UnprocessableEntity

from nurture.core.token import Purpose
from nurture.services import consenting, receiving
from nurture.web.client import read_client
from nurture.web.public.door import admit, admit_slowly, transaction
from nurture.web.public.form import Form, read_form
from nurture.web.site import site

preferences = Blueprint("preferences", __name__)

WORDING: Final = {f"{purpose}_{given}": words for (purpose, given), words in consenting.WORDING.items()}


class PreferencesForm(Form):
    """Both choices; neither has a default, for silence is no consent and no refusal."""

    mail: Literal["yes", "no"]
    tracking: Literal["yes", "no"]


@preferences.get("/prefs/<token>")
def show(token: str) -> str:
    """What is chosen now."""
    known = admit(token, Purpose.PREFERENCES)
    with transaction() as session:
        person = receiving.describe_contact(session, known.contact_id)
    return _page(person)


@preferences.post("/prefs/<token>")
def choose(token: str) -> str:
    """Write the choice and show what holds from now on."""
    known = admit_slowly(token, Purpose.PREFERENCES)
    form, _ = read_form(PreferencesForm, {})
    if form is None:
        raise UnprocessableEntity
    mail, tracking = form.mail == "yes", form.tracking == "yes"
    with transaction() as session:
        consenting.change_preferences(
            session,
            known.contact_id,
            mail=mail,
            tracking=tracking,
            now=site().app.now(),
            message_id=known.message_id or None,
            client=read_client(request.environ).told(),
        )
        person = receiving.describe_contact(session, known.contact_id)
    return _page(person, saved=True, stuck=mail and person.suppressed)


def _page(person: receiving.Person, *, saved: bool = False, stuck: bool = False) -> str:
    """`stuck`: mail was asked for, and the address cannot get any, since it bounced or complained."""
    return render_template("preferences.html", person=person, saved=saved, stuck=stuck, wording=WORDING)
