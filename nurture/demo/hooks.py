"""Receives the reps' webhooks and checks their signatures, as Standard Webhooks wants it."""

import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from nurture.demo import diary as diaries
from nurture.demo.cast import canonical
from nurture.demo.diary import Diary

TOLERANCE_SECONDS: Final = 300
MOST_BYTES: Final = 1 << 20


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether one of the signatures is right and the moment is near; `secret` is `whsec_` and base64.

    `headers` by lower-case name.
    """
    moment = headers.get("webhook-timestamp", "")
    if not moment.isdigit() or abs(int(moment) - now) > TOLERANCE_SECONDS:
        return False
    signed = f"{headers.get('webhook-id', '')}.{moment}.".encode() + body
    key = b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + b64encode(hmac.new(key, signed, sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(expected, signature) for signature in given)


class HookServer(ThreadingHTTPServer):
    """Listens on loopback; `/hooks/<rep>` is the webhook of that rep."""

    daemon_threads = True

    def __init__(self, port: int, secret: str, diary: Diary) -> None:
        self.secret, self.diary = secret, diary
        super().__init__(("127.0.0.1", port), _Request)


class _Request(BaseHTTPRequestHandler):
    server: HookServer
    timeout = 15

    def do_POST(self) -> None:
        arrived = time.time()
        body = self.rfile.read(min(int(self.headers.get("Content-Length", "0")), MOST_BYTES))
        headers = {name.lower(): value for name, value in self.headers.items()}
        signed = is_signed(self.server.secret, headers, body, arrived)
        if signed:
            self._keep(body, headers["webhook-id"], arrived)
        else:
            self.server.diary.write(diaries.FAULT, text="a webhook came without a right signature")
        with suppress(ConnectionError):
            self.send_response(204 if signed else 401)
            self.end_headers()

    def _keep(self, body: bytes, notice_id: str, arrived: float) -> None:
        contact = canonical(json.loads(body)["data"]["contact"]["email"])
        rep = self.path.rpartition("/")[2]
        self.server.diary.write(diaries.HOOKED, contact, at=arrived, rep=rep, id=notice_id)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
