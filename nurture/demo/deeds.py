"""The deeds of the people, each written down once it is done."""

import smtplib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from nurture.demo import diary as diaries
from nurture.demo.browser import APPLE, GATEWAY, GMAIL, PEOPLE, Answer, Browser
from nurture.demo.cast import Member
from nurture.demo.diary import Diary
from nurture.demo.forms import fill_in, read_forms
from nurture.demo.letters import WORDS, away_note, bounce_report, reply
from nurture.demo.personas import Act, Deed
from nurture.demo.received import Received

LOOKS_SECONDS: Final = 0.4
NEEDS: Final = {
    "team_size": "11-50",
    "timeline": "now",
    "need": "A forecast for some 400 products in two warehouses, from an ERP export.",
}


class Unexpected(Exception):
    """A server did not answer as it must; the message says where."""


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the cast at their desk: `number` gives them an address of their own on this machine."""

    member: Member
    number: int
    diary: Diary
    lmtp: tuple[str, int]

    def do(self, act: Act, mail: Received) -> None:
        """Carry out an act on a mail; raises OSError, SMTPException or Unexpected."""
        doing: Mapping[Deed, Callable[[Received], None]] = {
            "read": self._read,
            "glance": lambda mail: self._open(mail, self._own_browser()),
            "proxy": lambda mail: self._open(mail, Browser(GMAIL, self._address(1))),
            "mask": lambda mail: self._open(mail, Browser(APPLE, self._address(1)), verdict="machine"),
            "sweep": self._sweep,
            "reply": lambda mail: self._reply(mail, act.says),
            "away": self._be_away,
            "bounce": self._bounce,
            "ask": self._ask_for_prices,
            "leave": self._leave,
        }
        doing[act.does](mail)

    def _read(self, mail: Received) -> None:
        browser = self._own_browser()
        self._open(mail, browser)
        time.sleep(LOOKS_SECONDS)
        self._click(mail, browser, mail.tracked[0], verdict="human")

    def _open(self, mail: Received, browser: Browser, verdict: str = "human") -> None:
        _expect(browser.image(mail.pixel), 200, "the pixel")
        self.diary.write(diaries.OPENED, self.member.address, message_id=mail.message_id, verdict=verdict)

    def _click(self, mail: Received, browser: Browser, link: str, verdict: str) -> None:
        answer = _expect(browser.visit(link), 302, "a tracked link")
        if not answer.headers.get("location", "").startswith("https://"):
            raise Unexpected("a tracked link leads nowhere")
        self.diary.write(diaries.CLICKED, self.member.address, message_id=mail.message_id, verdict=verdict)

    def _sweep(self, mail: Received) -> None:
        """A gateway loads everything, unsubscribe and price pages too; none of it may change anything."""
        browser = Browser(GATEWAY, self._address(2))
        self._open(mail, browser, verdict="machine")
        for link in mail.links:
            if link in mail.tracked:
                self._click(mail, browser, link, verdict="machine")
            else:
                _expect(browser.visit(link), 200, "a page")
        _expect(browser.visit(mail.unsubscribe), 200, "the unsubscribe page")

    def _reply(self, mail: Received, says: str) -> None:
        at = time.time()
        letter = reply(mail, says, self.member.given_name, datetime.now(UTC))
        self._deliver(mail.recipient, mail.reply_address, letter)
        intents = list(WORDS[says].intents)
        self.diary.write(diaries.REPLIED, self.member.address, at=at, intents=intents)
        if "pricing_request" in intents:
            self.diary.write(diaries.ASKED, self.member.address, at=at, by="reply")

    def _be_away(self, mail: Received) -> None:
        at = time.time()
        self._deliver("", mail.reply_address, away_note(mail, datetime.now(UTC)))
        self.diary.write(diaries.WAS_AWAY, self.member.address, at=at)

    def _bounce(self, mail: Received) -> None:
        at = time.time()
        self._deliver("", mail.return_path, bounce_report(mail, datetime.now(UTC)))
        self.diary.write(diaries.BOUNCED, self.member.address, at=at)

    def _ask_for_prices(self, mail: Received) -> None:
        browser = self._own_browser()
        page = _expect(browser.visit(mail.prices), 200, "the price page")
        form = read_forms(page.text)[0]
        at = time.time()
        answer = _expect(browser.post(mail.prices, fill_in(form, NEEDS)), 303, "the price form")
        self.diary.write(diaries.ASKED, self.member.address, at=at, by="form")
        origin = mail.prices.partition("/p/")[0]
        _expect(browser.visit(origin + answer.headers["location"]), 200, "the thanks")

    def _leave(self, mail: Received) -> None:
        if not mail.one_click:
            raise Unexpected("a mail without List-Unsubscribe-Post")
        at = time.time()
        fields = {"List-Unsubscribe": "One-Click"}
        _expect(self._own_browser().post(mail.unsubscribe, fields), 200, "the one-click unsubscribe")
        self.diary.write(diaries.LEFT, self.member.address, at=at)

    def _deliver(self, sender: str, recipient: str, letter: bytes) -> None:
        with smtplib.LMTP(*self.lmtp) as server:
            server.sendmail(sender, [recipient], letter)

    def _own_browser(self) -> Browser:
        return Browser(PEOPLE[self.number % len(PEOPLE)], self._address(0))

    def _address(self, network: int) -> str:
        return f"127.{16 + network}.{self.number // 250}.{self.number % 250 + 1}"


def _expect(answer: Answer, status: int, what: str) -> Answer:
    if answer.status != status:
        raise Unexpected(f"{what} answered {answer.status}, not {status}")
    return answer
