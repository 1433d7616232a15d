"""Every fault of a mail is named by the author's own file and line."""

import pytest

BODY, HTML, TEXT, SUBJECT = "again/body.md", "again/body.html", "again/body.txt", "again/subject.txt"

FAULTS = {
    "unknown-root": (BODY, "Hello\n\n{{ contakt.email }}\n", 3, "contact"),
    "unknown-attribute": (BODY, "{{ contact.e_mail }}\n", 1, "email"),
    "call": (BODY, "One\nTwo {{ contact.email.upper() }}\n", 2, "calls are not allowed"),
    "unclosed-if": (BODY, "One\n{% if contact.company %}\nTwo\n", 2, ""),
    "set": (BODY, "One\n\n{% set a = 1 %}\n", 3, "not allowed"),
    "missing-default": (BODY, "One\n\nYour {{ contact.attributes.plan }}\n", 3, "|default"),
    "relative-link": (BODY, "One\n\n[prices](/prices)\n", 3, "begin it with https://"),
    "link-from-data": (BODY, "One\n[site]({{ contact.attributes.site|default('x') }})\n", 2, "whole address"),
    "host-from-data": (BODY, "[site](https://{{ account.domain }}/)\n", 1, "whole address"),
    "braces-from-entities": (BODY, "One\n\n&#123;&#123; 7*7 }}\n", 3, "template tag"),
    "braces-from-escapes": (BODY, "One\n\\{\\{ contact.email }}\n", 2, "template tag"),
    "braces-from-raw": (BODY, "One\n{% raw %}{{ 7*7 }}{% endraw %}\n", 2, "template tag"),
    "empty-body": (BODY, " \n", 1, "this file is empty"),
    "not-utf-8": (BODY, b"One\nCaf\xe9\n", 2, "encoding UTF-8"),
    "control": (BODY, "One\nTwo\x00\n", 2, "control character"),
    "large": (BODY, "x" * 1_000_001, 1, "larger than"),
    "long": (BODY, "word " * 4_001, 1, "more than 20,000 bytes"),
    "clipped-d06": (BODY, "&" * 19_990, 1, "shorten it to 99,000"),
    "two-bodies": (HTML, "<p>Hello</p>\n", 1, "remove one of them"),
    "subject-lines-x08": (SUBJECT, "One\nBcc: all@acme.example\n", 2, "in one line"),
    "subject-words-x08": (SUBJECT, "=?utf-8?q?a=0ABcc?=\n", 1, "remove tabs and '=?'"),
    "subject-long": (SUBJECT, "word " * 50, 1, "more than 200 characters"),
    "subject-empty": (SUBJECT, "{{ contact.given_name }}\n", 1, "the subject is empty"),
    "subject-template": (SUBJECT, "For {{ contact.givenname }}\n", 1, "did you mean contact.given_name?"),
    "text-template": (TEXT, "One\n{{ nothing }}\n", 2, "nothing"),
    "text-default": (TEXT, "One\n{{ contact.attributes.plan }}\n", 2, "|default"),
    "mailbox": ("again/mail.yaml", "mailbox: helo\n", 1, "unknown mailbox 'helo': did you mean 'hello'?"),
    "mail-key": ("again/mail.yaml", "mailbox: hello\nmailbx: hello\n", 2, "unknown key 'mailbx'"),
    "layout-template": ("layout.html", "{{ content }}\n{{ footer }}\n{{ nothing }}\n", 3, "nothing"),
    "layout-content": ("layout.html", "{{ footer }}\n", 1, "{{ content }}"),
    "layout-twice": ("layout.html", "{{ content }}{{ footer }}{{ footer }}\n", 1, "{{ footer }}"),
    "layout-script": ("layout.html", "{{ content }}\n<script></script>{{ footer }}\n", 2, "<script>"),
}
HTML_FAULTS = {
    "script": ("<p>One</p>\n<script>alert(1)</script>\n", 2, "<script> does not work in mails"),
    "handler": ("<p>One</p>\n<p onclick='x()'>Two</p>\n", 2, "onclick= does not work"),
    "stylesheet": ("<p>\n<link rel=stylesheet href='file:///etc/passwd'>\n", 2, "<link> does not work"),
    "form": ("<form action='https://acme.example'></form>\n", 1, "<form> does not work"),
    "refresh": ("<p>\n<meta http-equiv=refresh content='0;https://acme.example'>\n", 2, "refresh"),
    "javascript": ("<p>\n<a href='javascript:alert(1)'>One</a>\n", 2, "begin it with https://"),
    "image": ("<p>\n\n<img src='logo.png'>\n", 3, "begin it with https://"),
    "condition-in-link": (
        "<p>\n<a href='{% if contact.company %}{{ pricing_url }}{% endif %}'>One</a>\n", 2, "whole address",
    ),
    "comment": ("<p>One</p>\n<!-- never closed\n", 2, "close it with '-->'"),
    "footer-in-style-l07": ("<p>One</p>\n<style>p{}\n", 1, "close every comment and <style>"),
    "tags": ("<br>" * 4_001, 1, "more than 4,000 tags"),
    "depth": ("<div>" * 100, 1, "levels deep"),
    "unknown-root": ("<p>\n{{ kontact.email }}\n", 2, "contact"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_names_file_line_and_cure(desk, case):
    file, text, line, cure = FAULTS[case]
    desk.write(file, text)
    found_file, found_line, message = desk.the_fault()
    assert (found_file, found_line) == (file, line)
    assert cure in message


@pytest.mark.parametrize("case", HTML_FAULTS)
def test_an_html_fault_names_its_line(desk, case):
    text, line, cure = HTML_FAULTS[case]
    (desk.mails / BODY).unlink()
    desk.write(HTML, text)
    file, found_line, message = desk.the_fault()
    assert (file, found_line) == (HTML, line)
    assert cure in message


@pytest.mark.parametrize(
    ("missing", "where", "cure"),
    [
        (SUBJECT, SUBJECT, "this file is missing"),
        (BODY, "again", "add body.md (Markdown) or body.html"),
        ("layout.html", "layout.html", "this file is missing"),
    ],
)
def test_a_missing_file(desk, missing, where, cure):
    (desk.mails / missing).unlink()
    file, line, message = desk.the_fault()
    assert (file, line) == (where, 1)
    assert cure in message


def test_a_missing_mail_folder_is_one_fault(desk):
    desk.mails.rename(desk.mails.parent / "elsewhere")
    assert desk.the_fault()[:2] == (".", 1)


def test_only_mails_that_are_sent_are_read(desk):
    desk.write("draft/body.md", "{{ nothing }}")
    assert {mail.name for mail in desk.load().mails} == {"welcome", "again"}


def test_a_layout_that_hides_the_footer_is_refused_l07(desk):
    desk.write("layout.html", "{{ content }}{% if contact.company %}{{ footer }}{% endif %}")
    assert {fault.message for fault in desk.faults()} == {
        "the layout hides the footer: move {{ footer }} out of conditions and comments"
    }
