"""MX records, asked of a DNS server on loopback."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from dns.resolver import Resolver

from nurture.mail.mx import DnsAway, MailRoutes

RECORDS = {"acme.example.com.": ["20 mx2.gateway.example.net.", "10 MX1.Gateway.example.net."]}


@contextmanager
def dns_server(*, answers: bool = True) -> Iterator[Resolver]:
    """A resolver whose only server knows RECORDS; one that never answers, if so wished."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.2)
        stopped = threading.Event()
        thread = threading.Thread(target=_serve, args=(listening, stopped, answers))
        thread.start()
        resolver = Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = listening.getsockname()[1]
        try:
            yield resolver
        finally:
            stopped.set()
            thread.join(5)


def _serve(listening: socket.socket, stopped: threading.Event, answers: bool) -> None:
    while not stopped.is_set():
        try:
            raw, asker = listening.recvfrom(4096)
        except TimeoutError:
            continue
        if not answers:
            continue
        question = dns.message.from_wire(raw)
        reply = dns.message.make_response(question)
        name = question.question[0].name
        known = RECORDS.get(str(name))
        if known:
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", "MX", *known))
        elif not str(name).startswith("no-mail."):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        listening.sendto(reply.to_wire(), asker)


def test_the_best_route_comes_first() -> None:
    with dns_server() as resolver:
        assert MailRoutes(resolver=resolver).mx("acme.example.com") == (
            "mx1.gateway.example.net",
            "mx2.gateway.example.net",
        )


def test_no_such_domain_and_no_such_record_are_no_routes() -> None:
    with dns_server() as resolver:
        assert MailRoutes(resolver=resolver).mx("nowhere.example.com") == ()
        assert MailRoutes(resolver=resolver).mx("no-mail.example.com") == ()


@pytest.mark.parametrize("domain", ["acme.example.com", "a..b", "x" * 300])
def test_who_gets_no_answer_knows_nothing(domain: str) -> None:
    with dns_server(answers=False) as resolver, pytest.raises(DnsAway):
        MailRoutes(seconds=0.3, resolver=resolver).mx(domain)


def test_reserved_names_are_asked_of_nobody() -> None:
    with dns_server(answers=False) as resolver:
        assert MailRoutes(seconds=0.3, resolver=resolver).mx("acme.example") == ()
