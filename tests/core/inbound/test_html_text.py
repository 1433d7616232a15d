import re
from pathlib import Path
from typing import Any

import pytest

from nurture.core.inbound.html_text import text_of_html
from nurture.core.inbound.mail_parser import parse_mail
from nurture.core.inbound.quotation import cut


def _samples() -> list[Any]:
    """Name, markup and expected new text of each sample in `replies/html_clients.txt`."""
    found: list[tuple[str, list[str], list[str]]] = []
    path = Path(__file__).parent / "replies" / "html_clients.txt"
    for line in path.read_text("utf-8").split("\n"):
        if line.startswith("@ "):
            found.append((line[2:], [], []))
        elif found:
            (found[-1][2] if line.startswith("=") else found[-1][1]).append(line.removeprefix("="))
    return [pytest.param("\n".join(markup), "\n".join(new), id=name) for name, markup, new in found]


SAMPLES = _samples()


def tidy(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()


def mail_of(plain: str, html: str) -> bytes:
    return (
        "From: ann@example.org\nContent-Type: multipart/alternative; boundary=b\n\n"
        f"--b\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n"
        f"--b\nContent-Type: text/html; charset=utf-8\n\n{html}\n--b--\n"
    ).encode()


def test_the_samples_are_many() -> None:
    assert len(SAMPLES) >= 40


@pytest.mark.parametrize("markup, new", SAMPLES)
def test_r01_new_text_of_html_of_every_program(markup: str, new: str) -> None:
    assert tidy(cut(text_of_html(markup)).new_text) == tidy(new)


@pytest.mark.parametrize("markup, new", SAMPLES)
def test_r01_html_that_is_never_closed_is_read_too(markup: str, new: str) -> None:
    assert cut(text_of_html(markup.replace("</body></html>", ""))).new_text


def test_a_signature_stands_below_dashes() -> None:
    markup = "<div>Yes.</div><div class='x_x_gmail_signature'>Bob</div>"
    assert text_of_html(markup) == "Yes.\n--\nBob"
    assert cut(text_of_html(markup)).signature == "Bob"


def test_elements_of_the_same_name_inside_a_quotation_do_not_end_it() -> None:
    markup = "<div>a</div><div class=yahoo_quoted><div>b</div><div><div>c</div></div>d</div><div>e</div>"
    assert text_of_html(markup) == "a\n> b\n> c\n> d\ne"


def test_hidden_text_is_not_seen() -> None:
    assert text_of_html("a<span style='DISPLAY: none'>b<b>c</b></span>d") == "ad"


def test_a_line_above_a_heading_is_no_other_mail() -> None:
    markup = "<div style='border:none;border-top:solid #E1E1E1 1.0pt'><p>A heading</p></div><p>My words.</p>"
    assert ">" not in text_of_html(markup)


def test_r01_plain_text_is_preferred() -> None:
    plain = "Yes.\n\n> Hi"
    assert parse_mail(mail_of(plain, "<p>Yes!</p><blockquote>Hi</blockquote>")).text.strip() == plain


@pytest.mark.parametrize(
    "plain",
    [
        "",
        "Your program shows no HTML.",
        "Yes, please send us an offer for fifty seats, as soon as you can.\nHi Bob, shall we talk?",
    ],
    ids=["empty", "stub", "quotation not told apart"],
)
def test_r01_html_is_read_where_the_plain_text_does_not_tell(plain: str) -> None:
    own = "Yes, please send us an offer for fifty seats, as soon as you can."
    more = " We have a budget for it and would like to begin in May." if len(plain) < 60 else ""
    html = f"<div>{own}{more}</div><div class='yahoo_quoted'>Hi Bob, shall we talk?</div>"
    assert cut(parse_mail(mail_of(plain, html)).text).new_text == own + more


def test_r01_markup_sent_as_plain_text_is_read_as_markup() -> None:
    raw = b"From: a@example.org\nContent-Type: text/plain\n\n<html><body><div>Yes.</div></body></html>"
    assert parse_mail(raw).text == "Yes."


def test_what_outlook_puts_below_its_divider_is_quoted_to_the_end() -> None:
    markup = "<div>Yes.</div><div id='x_divRplyFwdMsg'>Ann</div><div>Hi</div><div id=signature>Us</div>"
    assert text_of_html(markup) == "Yes.\n> Ann\n> Hi\n> --\n> Us"
    assert cut(text_of_html(markup)).signature == ""
