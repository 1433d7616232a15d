"""Text made to be slow to read (R11): nothing takes a second for a megabyte."""

import importlib
import re
import time

import pytest

from nurture.core.inbound.html_text import text_of_html
from nurture.core.inbound.mail_parser import parse_mail
from nurture.core.inbound.quotation import cut

MEGABYTE = 1_000_000
MODULES = (
    "attribution", "body", "header_block", "html_marks", "html_text", "lines", "mime", "quotation",
    "signature",
)  # fmt: skip
PATTERNS = {
    f"{module}.{name}": pattern
    for module in MODULES
    for name, pattern in vars(importlib.import_module(f"nurture.core.inbound.{module}")).items()
    if isinstance(pattern, re.Pattern)
}
SHORT = {
    "letters": "a",
    "ideographs": "書",
    "addresses": "a@",
    "blanks": " ",
    "lines": "\n",
    "marks": "> ",
    "numbers": "1.1.",
    "angles": "<a@b ",
    "fields": "a: ",
    "attributes": 'class="a ',
    "styles": "border:none;border-top:solid ",
    "rules": "- ",
}
LONG = SHORT | {
    "wrapped attributions": "On 1 January 2016 at 10:00\n",
    "attributions": "On 1 May 2016 10:00 Ann <a@b.c> wrote:\n\n",
    "verbs": "Ann wrote:\n",
    "header blocks": "From: a@b.c\nSent: 1 May 2016 10:00\nTo: b\nSubject: x\n",
    "one header field": "From: a@b.c, \n",
    "dashes": "--\n",
    "signatures": "Sent from my iPhone\n",
    "closings": "Kind regards,\n",
    "fences": "```\n",
    "mixed": "a\n> b\n",
    "stars": "*\n",
    "bars": "| a |\n",
    "quotation elements": "<blockquote class=gmail_quote>",
    "nested elements": '<div class="yahoo_quoted">',
    "border elements": '<div style="border:none;border-top:solid #E1E1E1 1.0pt">',
    "hidden elements": '<div style="display:none">',
    "signature elements": "<div class=signature>a",
    "preformatted": "<pre>\n",
    "prefixes": f"<div class={'x_' * 100}quote>",
}


def _fill(unit: str) -> str:
    return unit * (MEGABYTE // len(unit.encode()))


def test_there_are_patterns_to_try() -> None:
    assert len(PATTERNS) >= 25


@pytest.mark.parametrize("name", PATTERNS)
def test_r11_every_pattern_on_a_megabyte_takes_less_than_a_second(name: str) -> None:
    pattern = PATTERNS[name]
    for text in SHORT.values():
        given = _fill(text) if isinstance(pattern.pattern, str) else _fill(text).encode()
        begin = time.process_time()
        for _ in pattern.finditer(given):
            pass
        assert time.process_time() - begin < 1, text


@pytest.mark.parametrize("name", LONG)
def test_r11_a_megabyte_is_cut_in_less_than_a_second(name: str) -> None:
    begin = time.process_time()
    cut(_fill(LONG[name]))
    assert time.process_time() - begin < 1


@pytest.mark.parametrize("name", LONG)
def test_r11_a_mail_of_a_megabyte_is_read_in_less_than_a_second(name: str) -> None:
    head = b"From: a@example.org\nContent-Type: multipart/alternative; boundary=b\n\n"
    plain, html = _fill(LONG[name]).encode()[: MEGABYTE // 2], _fill(LONG[name]).encode()[: MEGABYTE // 2]
    raw = head + b"--b\n\n" + plain + b"\n--b\nContent-Type: text/html\n\n" + html + b"\n--b--\n"
    begin = time.process_time()
    parse_mail(raw)
    assert time.process_time() - begin < 1


@pytest.mark.parametrize("name", LONG)
def test_r11_time_grows_with_the_length_only(name: str) -> None:
    begin = time.process_time()
    text_of_html(_fill(LONG[name])[:300_000])
    assert time.process_time() - begin < 1
