"""`POST /api/v1/events`: a company's own site or product tells what a person asked for."""

import secrets
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from flask import Blueprint, Response, jsonify, request
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import ServiceUnavailable, Unauthorized, UnsupportedMediaType

from nurture import jobs
from nurture.core.people.contact import BadAddress
from nurture.services import authenticating, receiving
from nurture.web.api.problem import Faulty, refusal
from nurture.web.site import site

api = Blueprint("api", __name__)

MAX_BODY_BYTES: Final = 16 << 10
MAX_AHEAD: Final = timedelta(minutes=5)  # clocks of other systems differ


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("remove the NUL character")
    return text


def _recent(moment: datetime) -> datetime:
    if moment.year < 2000:
        raise ValueError("this is too long ago: send the moment it happened")
    return moment


_Text = Annotated[str, AfterValidator(_storable)]
_Name = Annotated[_Text, Field(min_length=1, max_length=64)]
_Detail = Annotated[_Text, Field(max_length=1000)]


class PostedEvent(BaseModel):
    """One happening. `id` is the sender's own name for it: the same `id` twice is one event."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    email: Annotated[_Text, Field(min_length=3, max_length=320)]
    kind: Literal[
        "pricing_request",
        "demo_request",
        "trial_request",
        "meeting_request",
        "information_request",
        "timeline_shared",
    ]
    at: Annotated[AwareDatetime, AfterValidator(_recent)] | None = None
    id: Annotated[_Text, Field(min_length=1, max_length=200)] | None = None
    detail: Annotated[dict[_Name, _Detail], Field(max_length=20)] = {}


@api.post("/api/v1/events")
def receive_event() -> tuple[Response, int]:
    """Record the event: 202 with its id, or with null and `duplicate` where it had been told before."""
    caller = _caller()
    signal = _signal(caller, _posted(), site().app.now())
    contact_id, event_id = _accept(signal)
    if event_id is not None:
        site().app.queue.wake(jobs.QUALIFY, contact_id)
    return jsonify(event=event_id, duplicate=event_id is None), 202


def _caller() -> str:
    """The name of the key in the request: asked for before anything else is looked at (X13)."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    with site().app.sessions() as session:
        name = authenticating.authenticate(session, key.strip()) if scheme.lower() == "bearer" else None
    if name is None:
        advice = "Send the header `Authorization: Bearer nk_…` with a valid API key."
        raise Unauthorized(advice, www_authenticate=WWWAuthenticate("bearer"))
    return name


def _posted() -> PostedEvent:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send JSON, with the header `Content-Type: application/json`.")
    request.max_content_length = MAX_BODY_BYTES
    try:
        return PostedEvent.model_validate_json(request.get_data())
    except ValidationError as error:
        raise refusal(error) from None


def _signal(caller: str, posted: PostedEvent, now: datetime) -> receiving.Signal:
    at = posted.at or now
    if at > now + MAX_AHEAD:
        raise Faulty([{"field": "at", "detail": "this is in the future: send the moment it happened"}])
    return receiving.Signal(
        email=posted.email,
        kind=posted.kind,
        at=min(at, now),
        key=f"{caller}:{posted.id or secrets.token_urlsafe(16)}",
        source="api",
        detail=posted.detail,
    )


def _accept(signal: receiving.Signal) -> tuple[int, int | None]:
    try:
        with site().app.sessions() as session:
            return receiving.accept_signal(session, signal, now=site().app.now())
    except BadAddress as error:
        raise Faulty([{"field": "email", "detail": str(error)}]) from None
    except LookupError:
        advice = "No workspace is published yet: run `nurture workspace apply`."
        raise ServiceUnavailable(advice) from None
