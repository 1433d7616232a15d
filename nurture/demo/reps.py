"""The salespeople: they read the mail about a handoff, open its page and answer."""

from dataclasses import dataclass
from typing import Final

from nurture.demo import diary as diaries
from nurture.demo.browser import PEOPLE, Browser
from nurture.demo.cast import Cast, Rep, canonical
from nurture.demo.deeds import Unexpected
from nurture.demo.diary import Diary
from nurture.demo.forms import Form, fill_in, read_forms
from nurture.demo.received import Received

REASON: Final = {"reason": "bad timing", "note": "They asked us to come back after the audit."}


@dataclass(frozen=True, slots=True)
class Desk:
    """A rep at work; `number` gives them an address of their own on this machine."""

    rep: Rep
    number: int
    cast: Cast
    diary: Diary

    def note(self, mail: Received) -> None:
        """Write down that the mail about a handoff came; whom it is about stands in Reply-To."""
        self.diary.write(
            diaries.MAILED, canonical(mail.reply_address), at=mail.at, rep=self.rep.name, url=mail.handoff
        )

    def answer(self, mail: Received) -> None:
        """Accept the handoff, or give it back with a reason; raises OSError or Unexpected."""
        contact = canonical(mail.reply_address)
        state = "rejected" if contact == self.cast.given_back else "accepted"
        browser = Browser(PEOPLE[self.number % len(PEOPLE)], f"127.20.0.{self.number + 1}")
        page = browser.visit(mail.handoff)
        form = _form_to(state, read_forms(page.text))
        posted = browser.post(mail.handoff, fill_in(form, REASON))
        if posted.status != 303:
            raise Unexpected(f"the answer to a handoff was answered {posted.status}, not 303")
        self.diary.write(diaries.ANSWERED, contact, rep=self.rep.name, state=state)
        if state.capitalize() not in browser.visit(mail.handoff).text:
            raise Unexpected(f"the page of a handoff does not say that it was {state}")


def _form_to(state: str, forms: list[Form]) -> Form:
    verb = {"accepted": "accept", "rejected": "reject"}[state]
    for form in forms:
        if form.button and form.button[1] == verb:
            return form
    raise Unexpected(f"the page of a handoff has no button to {verb} it")
