"""The pages in a real browser: a recipient reads, clicks, asks for prices, leaves; a rep takes over."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from nurture.embedded.mailbox import Mailbox
from tests.browser.stub_site import stub_site
from tests.installation import Installation, new_folder, wait_until, write_workspace

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(
        shutil.which("openssl") is None, reason="openssl, for a certificate, is not installed"
    ),
]
ALONE = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FAULTS = (Path(__file__).parent / "page_faults.js").read_text(encoding="utf-8")
SITE = "www.meridian.example"
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
PEOPLE = {
    "jane": "jane@acme.example,Jane,Doe,Acme",
    "omar": "omar@brandt.example,Omar,Ünal,Brandt & Söhne",
    "lena": "lena@clark.example,Lena,Roth,Clark",
}


@dataclass
class Desk:
    """A person's browser, the mailbox and the installation; what the pages complained of."""

    nurture: Installation
    mailbox: Mailbox
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(30_000)
        self.context.on("console", self._hear)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} ({message.location['url']})")

    def open_mail(self, to: str, subject: str = "") -> Page:
        """Searches the mailbox page for an address and opens its newest mail with that in the subject."""
        wait_until(lambda: self._mails_to(to), 15, self.said)
        page = self.context.new_page()
        page.goto(f"{self.mailbox.url}/")
        page.get_by_role("searchbox").fill(to)
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link").filter(has_text=to).filter(has_text=subject).first.click()
        return page

    def _mails_to(self, to: str) -> list[object]:
        return [mail for mail in self.mailbox.messages() if to in mail.recipients[0]]

    def handoffs(self, given_name: str) -> list[str]:
        """The reps who have a mail about somebody."""
        mails = self.mailbox.messages()
        return [mail.recipients[0] for mail in mails if mail.subject.startswith(f"{given_name} ")]

    def said(self) -> str:
        """What there is to know when something did not happen."""
        mails = [f"{mail.recipients[0]}: {mail.subject}" for mail in self.mailbox.messages()]
        return "\n".join([self.nurture.log(), *mails])

    def follow(self, mail: Page, words: str) -> Page:
        """Clicks a link in an opened mail; the page it opens."""
        with self.context.expect_page() as opened:
            mail.frame_locator("iframe").get_by_role("link", name=words).click()
        opened.value.wait_for_load_state()
        return opened.value

    def look_at(self, page: Page, name: str) -> None:
        """Refuses a page that somebody could not use, in either width; keeps a picture if asked to."""
        for width, scheme in product((1200, 390), SCHEMES):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            if folder := os.environ.get("SCREENSHOTS"):
                page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
            assert page.evaluate(FAULTS) == [], f"{name}, {scheme}, {width} wide"


@pytest.fixture(scope="module")
def installation() -> Iterator[tuple[Installation, Mailbox, Path]]:
    with new_folder() as folder, Mailbox(folder / "mailbox") as mailbox:
        nurture = Installation(
            folder, SMTP_URL=f"smtp://127.0.0.1:{mailbox.smtp_port}", JUDGE_SETTLE_SECONDS="600"
        )
        first = {"steps": [{"email": "pricing-overview"}, {"wait": "1 week"}, {"email": "welcome"}]}
        try:
            nurture.start()
            workspace = write_workspace(folder, sequences__lead_education=first)
            nurture.do("workspace", "apply", str(workspace))
            nurture.import_contacts(*PEOPLE.values())
            yield nurture, mailbox, folder
        finally:
            nurture.end()


@pytest.fixture(scope="module")
def browser(installation: tuple[Installation, Mailbox, Path]) -> Iterator[Browser]:
    """Chromium; it knows no other host than this machine and the company's site."""
    with stub_site(installation[2], SITE) as port, sync_playwright() as playwright:
        hosts = f"MAP {SITE}:443 127.0.0.1:{port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        arguments = [*ALONE, f"--host-resolver-rules={hosts}"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def desk(installation: tuple[Installation, Mailbox, Path], browser: Browser) -> Iterator[Desk]:
    """A fresh browser profile, whose pages must complain of nothing."""
    nurture, mailbox, _folder = installation
    # As on a person's screen: one that calls itself headless is taken for the machine it is.
    agent = f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{browser.version}"
    context = browser.new_context(ignore_https_errors=True, user_agent=f"{agent} Safari/537.36")
    desk = Desk(nurture, mailbox, context)
    yield desk
    context.close()
    assert desk.complaints == []


def test_a_recipient_clicks_asks_for_prices_and_a_rep_takes_over(desk: Desk) -> None:
    mail = desk.open_mail("jane@acme.example")
    expect(mail.get_by_role("heading", level=1)).to_have_text("What it costs, and what you can leave out")
    desk.look_at(mail, "mail")

    # The tracked link leads to the company's site, and is noted.
    site = desk.follow(mail, "the 30-day trial")
    assert site.url == f"https://{SITE}/trial"
    expect(site.get_by_role("heading")).to_have_text("Meridian")
    wait_until(lambda: events_of(desk, "jane@acme.example", "click"), 10, desk.said)

    # The form knows her, and says thanks.
    form = desk.follow(mail, "See prices for Acme")
    expect(form.get_by_label("Your name")).to_have_value("Jane Doe")
    expect(form.get_by_label("We answer to")).to_have_value("jane@acme.example")
    expect(form.get_by_label("Company")).to_have_value("Acme")
    desk.look_at(form, "pricing")
    form.get_by_label("Size of your team").select_option(label="51 to 200")
    form.get_by_label("What do you need?").fill("A forecast for 1,200 products <b>soon</b>")
    form.get_by_label(re.compile("^When")).select_option("now")
    form.get_by_role("button").click()
    expect(form.get_by_role("heading", level=1)).to_have_text("Thank you, Jane")
    desk.look_at(form, "thanks")

    # A rep has it at once, and takes it.
    took = wait_until(lambda: desk.handoffs("Jane"), 10, desk.said)
    assert took < 3
    told = desk.open_mail(desk.handoffs("Jane")[0], "Jane")
    desk.look_at(told, "handoff-mail")
    handoff = desk.follow(told, "Accept or reject")
    expect(handoff.get_by_role("heading", level=1)).to_have_text("Jane Doe")
    expect(handoff.get_by_role("main")).to_contain_text("A forecast for 1,200 products <b>soon</b>")
    desk.look_at(handoff, "handoff")
    handoff.get_by_role("button", name="Accept").click()
    expect(handoff.get_by_text("Accepted", exact=True)).to_be_visible()
    expect(handoff.get_by_role("button", name="Accept")).to_have_count(0)
    desk.look_at(handoff, "handoff-accepted")
    handoff.reload()
    expect(handoff.get_by_text("Accepted", exact=True)).to_be_visible()


def test_a_form_says_next_to_the_field_what_to_change(desk: Desk) -> None:
    form = desk.follow(desk.open_mail("omar@brandt.example"), "See prices for Brandt & Söhne")
    # Somebody whose browser checks nothing.
    form.evaluate("document.querySelector('form').noValidate = true")
    form.get_by_label("Your name").fill("")
    form.get_by_label("What do you need?").fill("Prices & terms")
    form.get_by_label("Phone").fill("call me")
    form.get_by_role("button").click()
    expect(form.get_by_role("alert")).to_contain_text("Nothing was sent yet")
    for label, words in {
        "Your name": "Please tell us your name",
        "Size of your team": "Please choose the size of your team",
        "When": "Please choose when",
        "Phone": "Please write the number with digits",
    }.items():
        described = form.get_by_label(re.compile(f"^{label}")).get_attribute("aria-describedby")
        expect(form.locator(f"#{described}")).to_contain_text(words)
    expect(form.get_by_label("What do you need?")).to_have_value("Prices & terms")
    expect(form.get_by_label("Company")).to_have_value("Brandt & Söhne")
    assert events_of(desk, "omar@brandt.example", "pricing_request") == 0
    desk.look_at(form, "pricing-faults")
    assert len(desk.complaints) == 1 and "422" in desk.complaints.pop()

    form.get_by_label("Your name").fill("Omar Ünal")
    form.get_by_label("Size of your team").select_option("11-50")
    form.get_by_label(re.compile("^When")).select_option("this_quarter")
    form.get_by_label("Phone").fill("+49 30 901820")
    form.get_by_role("button").click()
    expect(form.get_by_role("heading", level=1)).to_have_text("Thank you, Omar")
    form.reload()
    assert events_of(desk, "omar@brandt.example", "pricing_request") == 1

    # The rep gives him back, and has to say why.
    wait_until(lambda: desk.handoffs("Omar"), 10, desk.said)
    handoff = desk.follow(desk.open_mail(desk.handoffs("Omar")[0], "Omar"), "Accept or reject")
    handoff.get_by_text("Give it back, with a reason").click()
    handoff.get_by_label("Why?").select_option(index=1)
    handoff.get_by_label("What should we know?").fill("A student project")
    desk.look_at(handoff, "handoff-reject")
    handoff.get_by_role("button", name="Give it back").click()
    expect(handoff.get_by_text("Rejected: ")).to_contain_text("A student project")
    desk.look_at(handoff, "handoff-rejected")


def test_leaving_takes_a_keyboard_and_nothing_else(desk: Desk) -> None:
    mail = desk.open_mail("lena@clark.example")
    page = desk.follow(mail, "Unsubscribe")
    desk.look_at(page, "unsubscribe")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Unsubscribe")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are unsubscribed")
    assert suppressed(desk, "lena@clark.example")
    desk.look_at(page, "unsubscribed")

    # Changed her mind: by the mail's other link to the preferences, one option up, save.
    page = desk.follow(mail, "Choose what we send you")
    expect(page.get_by_role("group")).to_have_count(2)
    desk.look_at(page, "preferences")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Save")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Saved.")
    desk.look_at(page, "preferences-saved")
    assert not suppressed(desk, "lena@clark.example")


def test_the_mailbox_and_a_wrong_link_are_pages_too(desk: Desk) -> None:
    page = desk.context.new_page()
    page.goto(f"{desk.mailbox.url}/")
    expect(page.get_by_role("listitem").first).to_contain_text(".example")
    desk.look_at(page, "mailbox")
    page.goto(f"{desk.nurture.url}/p/not-a-token")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    desk.look_at(page, "wrong-link")
    assert len(desk.complaints) == 1 and "404" in desk.complaints.pop()


def events_of(desk: Desk, address: str, kind: str) -> int:
    """How many events of a kind a contact has."""
    query = "SELECT 1 FROM events e JOIN contacts c ON c.id = e.contact_id WHERE c.email = %s AND e.kind = %s"
    return len(desk.nurture.rows(query, address, kind))


def suppressed(desk: Desk, address: str) -> bool:
    """Whether an address gets no mail."""
    query = "SELECT 1 FROM suppressions JOIN contacts USING (email_hash) WHERE email = %s"
    return bool(desk.nurture.rows(query, address))
