"""Lets in who holds a link of ours, and not too often."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import abort, request
from werkzeug.exceptions import TooManyRequests

from nurture.core.token import Purpose, Token
from nurture.web.pace import network_of
from nurture.web.site import site

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TRIES_PER_LINK = 20  # a minute
TRIES_PER_ADDRESS = 120  # a minute: a whole office may be behind one


def admit(text: str, purpose: Purpose) -> Token:
    """The content of a link made for this purpose; any other text is a 404 that tells nothing (D04)."""
    token = site().app.keyring.verify(text, purpose)
    return token if token is not None else abort(404)


def admit_slowly(text: str, purpose: Purpose) -> Token:
    """The same for a form that is sent: 429 where it comes too often from one link or address (X26)."""
    token = admit(text, purpose)
    _slow_down((purpose, token.contact_id, token.message_id), TRIES_PER_LINK)
    _slow_down(network_of(request.remote_addr), TRIES_PER_ADDRESS)
    return token


@contextmanager
def transaction() -> "Iterator[Session]":
    """One transaction of this site. Where the contact or handoff of a link is gone, the page is too: 404."""
    try:
        with site().app.sessions() as session:
            yield session
    except LookupError as error:
        if type(error) is not LookupError:  # a KeyError and its like are faults of ours
            raise
        abort(404)


def _slow_down(key: object, per_minute: int) -> None:
    wait = site().pace.wait(key, per_minute)
    if wait:
        raise TooManyRequests(retry_after=math.ceil(wait))
