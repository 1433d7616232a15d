"""Handoffs as signed webhooks: what arrives, and what the receiver's answer means."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook

from nurture.core.handoff import News
from tests.sales.receiver import (
    KEY,
    SECRET,
    Exchange,
    Receiver,
    create_notice,
    create_target,
    receiving,
    refusal,
    status,
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(status(204)) as running:
        yield running


# ---- what arrives


def test_the_notice_arrives_whole(receiver: Receiver) -> None:
    create_target().tell(create_notice(f"{receiver.url}hooks/nurture?team=emea"))
    (request,) = receiver.requests
    assert request.path == "/hooks/nurture?team=emea"
    assert request.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.body) == {
        "type": "handoff.created",
        "timestamp": "2026-05-12T09:30:01.500000Z",
        "data": {
            "handoff_id": 7,
            "company": "Meridian",
            "rep": {"name": "elise", "email": "elise@meridian.example", "display_name": "Élise Marchand"},
            "contact": {
                "name": "Zoë Lund",
                "email": "zoe@northwind.example",
                "title": "Head of Supply",
                "company": "Northwind",
            },
            "stage": "opportunity",
            "why_now": "Asked for prices 2 minutes ago",
            "because": ["Asked for prices", "Clicked 3 links in 7 days"],
            "timeline": ["12 May: clicked the forecast guide"],
            "url": "https://go.meridian.example/h/token",
            "signal_at": "2026-05-12T09:30:00Z",
            "created_at": "2026-05-12T09:30:01.500000Z",
        },
    }


@pytest.mark.parametrize("news", ["withdrawn", "flagged"])
def test_b10_news_of_a_handoff_is_of_another_type_with_its_reason(receiver: Receiver, news: News) -> None:
    found_out = datetime(2026, 5, 12, 10, tzinfo=UTC)
    create_target().tell(create_notice(receiver.url, news=news, reason="a machine's", told_at=found_out))
    told = json.loads(receiver.requests[0].body)
    assert (told["type"], told["timestamp"]) == (f"handoff.{news}", "2026-05-12T10:00:00Z")
    assert (told["data"]["handoff_id"], told["data"]["reason"]) == (7, "a machine's")
    assert told["data"]["created_at"] == "2026-05-12T09:30:01.500000Z"


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        (SECRET, SECRET),
        (SECRET.rstrip("="), SECRET),
        ("a raw secret, long enough for a key", b"a raw secret, long enough for a key"),
    ],
)
def test_x20_the_signature_is_one_of_standard_webhooks(
    receiver: Receiver, secret: str, key: str | bytes
) -> None:
    create_target(secret).tell(create_notice(receiver.url))
    (request,) = receiver.requests
    assert request.headers["webhook-id"] == "handoff-7"
    Webhook(key).verify(request.body, request.headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(key).verify(request.body.replace(b"elise", b"tom"), request.headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(b"x" * 32).verify(request.body, request.headers)


def test_the_signed_moment_is_right_in_any_time_zone(receiver: Receiver) -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    create_target(now=lambda: datetime.now(zone)).tell(create_notice(receiver.url))
    Webhook(KEY).verify(receiver.requests[0].body, receiver.requests[0].headers)


def test_a_repetition_is_the_same_but_for_its_time(receiver: Receiver) -> None:
    moments = iter([datetime(2026, 5, 12, 9, tzinfo=UTC), datetime(2026, 5, 12, 10, tzinfo=UTC)])
    target = create_target(now=lambda: next(moments))
    for _ in range(2):
        target.tell(create_notice(receiver.url))
    first, second = receiver.requests
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 3600


@pytest.mark.parametrize("secret", ["", "whsec_", "short", "whsec_c2hvcnQ=", "whsec_not base64!" + "a" * 40])
def test_x17_a_weak_secret_refuses_to_start(secret: str) -> None:
    with pytest.raises(ValueError, match="WEBHOOK_SECRET"):
        create_target(secret)


# ---- what the receiver answers


@pytest.mark.parametrize("code", [200, 201, 202, 204, 299])
def test_2xx_is_delivered(code: int) -> None:
    with receiving(status(code)) as receiver:
        create_target().tell(create_notice(receiver.url))
        assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (400, "127.0.0.1 answered 400 Bad Request"),
        (410, "127.0.0.1 answered 410 Gone: it wants no more, remove the webhook"),
        (503, "127.0.0.1 answered 503 Service Unavailable"),
        (799, "127.0.0.1 answered 799"),
    ],
)
def test_other_answers_are_not_delivered(code: int, reason: str) -> None:
    with receiving(status(code)) as receiver:
        assert refusal(create_target(), f"{receiver.url}private-path?key=hunter2") == reason


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_x06_a_redirect_is_not_followed(code: int, receiver: Receiver) -> None:
    with receiving(status(code, Location=receiver.url)) as redirecting:
        assert "redirects are not followed" in refusal(create_target(), redirecting.url)
    assert receiver.requests == []


def test_the_answer_is_not_quoted() -> None:
    def answer(exchange: Exchange) -> None:
        exchange.wfile.write(b"HTTP/1.1 hunter2\r\n\r\nhunter2")

    with receiving(answer) as receiver:
        assert refusal(create_target(), receiver.url) == "127.0.0.1 gave an answer that is no HTTP"


def test_a_closed_connection_is_not_delivered() -> None:
    with receiving(lambda exchange: None) as receiver:
        assert (
            refusal(create_target(), receiver.url) == "127.0.0.1 cannot be reached: the connection was lost"
        )


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    reason = refusal(create_target(), f"http://127.0.0.1:{port}/private-path?key=hunter2")
    assert reason == "127.0.0.1 cannot be reached: Connection refused"


def test_no_webhook() -> None:
    assert refusal(create_target(), None) == "the rep elise has no webhook"
