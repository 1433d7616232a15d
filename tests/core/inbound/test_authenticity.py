"""Who wrote a mail: what a trusted server says, and what thread and address prove."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.core.inbound.authenticity import Sender, read_sender, weigh
from nurture.core.inbound.mail_parser import ParsedMail, parse_mail

TRUSTED = ("mx.meridian.example",)


def mail(*results: str, sender: str = "Jane <jane@Acme.example>") -> ParsedMail:
    lines = [f"Authentication-Results: {result}" for result in results]
    return parse_mail("\r\n".join([*lines, f"From: {sender}", "Subject: Hi", "", "Hello", ""]).encode())


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        ("mx.meridian.example; dmarc=pass header.from=acme.example", "pass"),
        ("mx.meridian.example 1; dmarc=pass (p=reject dis=none) header.from=ACME.example", "pass"),
        ("MX.Meridian.example; spf=fail smtp.mailfrom=x.example; dmarc=pass", "pass"),
        (
            '"mx.meridian.example"; dkim=pass (2048-bit key; (nested;) unprotected) header.d=acme.example',
            "pass",
        ),
        ("mx.meridian.example;\r\n\tdkim=pass header.i=@acme.example header.s=s1 header.b=abc", "pass"),
        ("mx.meridian.example; spf=pass smtp.mailfrom=bounce@acme.example", "pass"),
        ("mx.meridian.example; dmarc=fail (p=none) header.from=acme.example", "fail"),
        ("mx.meridian.example; dkim=pass header.d=acme.example; dmarc=fail header.from=acme.example", "fail"),
        ("mx.meridian.example; dkim=pass header.d=mailer.example", "unknown"),
        ("mx.meridian.example; dkim=pass header.d=news.acme.example", "unknown"),
        ("mx.meridian.example; dkim=pass header.d=example", "unknown"),
        ("mx.meridian.example; dkim=pass header.d=evil-acme.example", "unknown"),
        ("mx.meridian.example; spf=pass smtp.mailfrom=acme.example@evil.example", "unknown"),
        ("mx.meridian.example; spf=pass smtp.helo=acme.example", "unknown"),
        ("mx.meridian.example; dkim=fail header.d=acme.example; spf=softfail", "unknown"),
        ("mx.meridian.example; dmarc=bestguesspass header.from=acme.example", "unknown"),
        ("mx.meridian.example; arc=pass header.d=acme.example", "unknown"),
        ("mx.meridian.example (; dmarc=pass header.from=acme.example)", "unknown"),
        ('mx.meridian.example; x=y reason="; dmarc=pass header.from=acme.example"', "unknown"),
        ("mx.meridian.example; none", "unknown"),
        ("mx.evil.example; dmarc=pass header.from=acme.example", "unknown"),
        ("mx.meridian.example.evil.example; dmarc=pass", "unknown"),
        ("dmarc=pass header.from=acme.example", "unknown"),
    ],
)
def test_only_a_trusted_server_and_an_aligned_domain_count(result: str, verdict: str) -> None:
    sender = read_sender(mail(result), TRUSTED)
    assert sender.verdict == verdict
    assert bool(sender.because) == (verdict != "unknown")
    assert read_sender(mail(result), ()) == Sender()


@pytest.mark.parametrize(
    "forged",
    [
        "Authentication-Results: =?utf-8?q?mx=2Emeridian=2Eexample=3B_dmarc=3Dpass?=",
        "Authentication-Results: mx.mer\x01idian.example; dmarc=pass",
        "X-Note: hello\rAuthentication-Results: mx.meridian.example; dmarc=pass",
    ],
)
def test_r09_what_no_server_could_know_for_its_own_result_is_none(forged: str) -> None:
    """It removes those that others have written in its name, by their bytes (RFC 8601 §5)."""
    parsed = parse_mail(f"{forged}\r\nFrom: jane@acme.example\r\n\r\nHello\r\n".encode())
    assert read_sender(parsed, TRUSTED) == Sender()


@pytest.mark.parametrize(
    ("sender", "result", "verdict"),
    [
        (
            "eve@evil.example =?utf-8?q?=3Cjane=40acme.example=3E?=",
            "dmarc=pass header.from=evil.example",
            "fail",
        ),
        ("eve@evil.example, <jane@acme.example>", "dmarc=pass", "unknown"),
        ("eve@evil.example, <jane@acme.example>", "dmarc=pass header.from=evil.example", "fail"),
        ("jane@acme.example", "dkim=pass header.d=acme.example; dmarc=none header.from=evil.example", "fail"),
        ("jane@acme.example", "dmarc=none header.from=mail.acme.example", "unknown"),
    ],
)
def test_r09_a_from_that_the_server_reads_otherwise_proves_nothing(
    sender: str, result: str, verdict: str
) -> None:
    parsed = mail(f"mx.meridian.example; {result}", sender=sender)
    assert parsed.from_address == "jane@acme.example"
    assert read_sender(parsed, TRUSTED).verdict == verdict


def test_a_parent_domain_answers_for_its_hosts() -> None:
    result = "mx.meridian.example; dkim=pass header.d=acme.example"
    assert read_sender(mail(result, sender="jane@sales.acme.example"), TRUSTED).verdict == "pass"


def test_a_failure_outweighs_a_field_that_a_forger_has_left() -> None:
    fields = [f"mx.meridian.example; dmarc={said} header.from=acme.example" for said in ("fail", "pass")]
    for order in (fields, fields[::-1]):
        assert read_sender(mail(*order), TRUSTED).verdict == "fail"


def test_two_senders_are_none() -> None:
    raw = b"From: jane@acme.example\r\nFrom: eve@evil.example\r\nSubject: x\r\n\r\nHi\r\n"
    assert read_sender(parse_mail(raw), TRUSTED) == Sender("fail", ("it names several senders",))


def test_it_says_what_it_rests_on() -> None:
    sender = read_sender(mail("mx.meridian.example; dmarc=pass header.from=acme.example"), TRUSTED)
    assert sender.because == ("mx.meridian.example says dmarc=pass for acme.example",)


@given(st.text(alphabet=st.sampled_from('mx.;="()\\ \tdmarc=passheader.from@'), max_size=200))
def test_r11_no_field_raises(text: str) -> None:
    headers = {
        "authentication-results": (text, f"mx.meridian.example; {text}"),
        "from": ("jane@acme.example",),
    }
    made = ParsedMail(digest="", from_address="jane@acme.example", headers=headers)
    assert read_sender(made, TRUSTED).verdict in ("pass", "fail", "unknown")


@pytest.mark.parametrize("piece", ["(", '"', "\\", ";", "a=b;", "dkim=pass header.d=", '"\\', "x" * 31 + "="])
def test_r11_a_megabyte_of_hostile_field_takes_no_time(piece: str) -> None:
    value = "mx.meridian.example;" + piece * (1_000_000 // len(piece))
    headers = {"authentication-results": (value,) * 50}
    begun = perf_counter()
    read_sender(ParsedMail(digest="", from_address="jane@acme.example", headers=headers), TRUSTED)
    assert perf_counter() - begun < 1


@pytest.mark.parametrize(
    ("by", "own", "verdict", "standing"),
    [
        ("thread", True, "unknown", "proven"),
        ("thread", True, "pass", "proven"),
        ("thread", True, "fail", "unproven"),
        ("return_path", True, "unknown", "proven"),
        ("return_path", True, "fail", "unproven"),
        ("thread", False, "pass", "other_address"),
        ("thread", False, "fail", "other_address"),
        ("return_path", False, "unknown", "other_address"),
        ("address", True, "unknown", "unproven"),
        ("address", True, "fail", "unproven"),
        ("address", True, "pass", "proven"),
    ],
)
def test_r09_thread_address_and_sender_are_weighed(by: str, own: bool, verdict: str, standing: str) -> None:
    weight = weigh(by, Sender(verdict, ("a server says so",)), own=own)
    assert weight.standing == standing
    assert weight.because[-1] == "a server says so"
    assert len(weight.because) >= 2
