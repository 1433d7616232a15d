"""A handoff as a signed webhook (Standard Webhooks)."""

import json
import socket
import ssl
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPException, responses
from typing import Any, Final

from standardwebhooks import Webhook

from nurture.core.delivery import NotDelivered
from nurture.core.handoff import HandoffNotice, News
from nurture.sales.guard import Forbidden, Resolve, WebAddress, read_url
from nurture.sales.post import Poster, Timeouts

FEWEST_SECRET_BYTES: Final = 24
_TYPES: Final[Mapping[News, str]] = {
    "opened": "handoff.created",
    "withdrawn": "handoff.withdrawn",
    "flagged": "handoff.flagged",
}


class WebhookTarget:
    """Posts handoffs to the webhooks of reps. Id and body are the same on every try of a notice.

    `secret` is `whsec_` and base64, or as it is; ValueError if it is shorter than 24 bytes. The receiver
    sees `webhook-id`, `webhook-timestamp` and `webhook-signature`, and may check them with any library of
    Standard Webhooks. `allow_private` lets webhooks reach private networks and this machine.
    """

    def __init__(
        self,
        secret: str,
        *,
        allow_private: bool,
        now: Callable[[], datetime],
        resolve: Resolve = socket.getaddrinfo,
        tls: ssl.SSLContext | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._signer = Webhook(_key(secret))
        self._now = now
        tls = tls or ssl.create_default_context()
        self._poster = Poster(allow_private, resolve, tls, timeouts or Timeouts())

    def tell(self, notice: HandoffNotice) -> None:
        """Post the notice; raises NotDelivered, unless the answer is 2xx.

        The reason holds nothing of the URL but its host, and nothing of the answer but its status.
        """
        web = _address(notice)
        body = json.dumps(_document(notice), separators=(",", ":"))
        try:
            status = self._poster.post(web, self._headers(notice.notice_id, body), body.encode())
        except (Forbidden, OSError, HTTPException) as error:
            raise NotDelivered(f"{web.host} {_fault(error)}") from None
        if not 200 <= status < 300:
            raise NotDelivered(f"{web.host} answered {_status(status)}")

    def _headers(self, notice_id: str, body: str) -> dict[str, str]:
        now = self._now().astimezone(UTC)
        return {
            "Content-Type": "application/json",
            "User-Agent": "Nurture",
            "webhook-id": notice_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(notice_id, now, body),
        }


def _address(notice: HandoffNotice) -> WebAddress:
    if notice.rep.webhook is None:
        raise NotDelivered(f"the rep {notice.rep.name} has no webhook")
    try:
        return read_url(notice.rep.webhook)
    except Forbidden as error:
        raise NotDelivered(str(error)) from None


def _document(notice: HandoffNotice) -> dict[str, Any]:
    rep = notice.rep
    return {
        "type": _TYPES[notice.news],
        "timestamp": _moment(notice.told_at or notice.created_at),
        "data": {
            "handoff_id": notice.handoff_id,
            "company": notice.company,
            "rep": {"name": rep.name, "email": rep.email, "display_name": rep.display_name},
            "contact": {
                "name": notice.contact_name,
                "email": notice.contact_email,
                "title": notice.contact_title,
                "company": notice.contact_company,
            },
            "stage": notice.stage,
            "why_now": notice.why_now,
            "because": notice.because,
            "timeline": notice.timeline,
            "url": notice.url,
            "signal_at": _moment(notice.signal_at),
            "created_at": _moment(notice.created_at),
            **({"reason": notice.reason} if notice.reason else {}),
        },
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _fault(error: Exception) -> str:
    """What went wrong, after the host's name. Errors of HTTP quote the answer, so they are not quoted."""
    match error:
        case Forbidden():
            return str(error)
        case TimeoutError():
            return "did not answer in time"
        case ssl.SSLCertVerificationError():
            return f"has no valid certificate: {error.verify_message}"
        case OSError():
            return f"cannot be reached: {error.strerror or 'the connection was lost'}"
    return "gave an answer that is no HTTP"


def _status(status: int) -> str:
    named = f"{status} {responses.get(status, '')}".rstrip()
    if 300 <= status < 400:
        return f"{named}: redirects are not followed, write where it leads to"
    if status == HTTPStatus.GONE:
        return f"{named}: it wants no more, remove the webhook"
    return named


def _key(secret: str) -> bytes:
    encoded = secret.removeprefix("whsec_")
    try:
        padded = encoded + "=" * (-len(encoded) % 4)
        key = secret.encode() if encoded == secret else b64decode(padded, validate=True)
    except ValueError:
        raise ValueError("WEBHOOK_SECRET is not base64 after its whsec_: make a new one") from None
    if len(key) < FEWEST_SECRET_BYTES:
        raise ValueError(
            f"WEBHOOK_SECRET needs at least {FEWEST_SECRET_BYTES} random bytes: make a longer one"
        )
    return key
