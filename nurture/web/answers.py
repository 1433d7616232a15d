"""What every answer has in common: headers that shut the page in, and errors that say what to do."""

from typing import Any

import flask
from flask import Response, render_template, request
from werkzeug.exceptions import HTTPException, ServiceUnavailable
from werkzeug.wrappers import Response as AnyResponse

from nurture.services import metering
from nurture.web.site import site

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
_WORDS = {
    400: ("This did not arrive in one piece", "Please go back, reload the page and send the form again."),
    404: (
        "There is nothing here",
        "The link may be incomplete. Please open it again from the mail it came in.",
    ),
    405: ("This cannot be done here", "Please open the link again from the mail it came in."),
    413: ("That is too much text", "Please go back, shorten what you wrote and send it again."),
    429: ("Once more, a little slower", "We got several tries in a row. Please wait a minute and try again."),
    503: ("We are away for a moment", "Nothing was changed. Please try again in a minute."),
}
_OTHER = ("Something went wrong on our side", "Nothing was changed. Please try again in a minute.")


def register(web: flask.Flask) -> None:
    """Give these answers to an application."""
    web.after_request(_finish)
    web.register_error_handler(HTTPException, _answer_error)
    for error in metering.DATABASE_AWAY:
        web.register_error_handler(error, _answer_away)


def _finish(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    rule = request.url_rule.rule if request.url_rule else "none"
    site().meter.count_request(rule, response.status_code)
    return response


def _answer_away(_: Exception) -> AnyResponse:
    return _answer_error(ServiceUnavailable(retry_after=30))


def _answer_error(error: HTTPException) -> AnyResponse:
    response = error.get_response(request.environ)
    if request.path.startswith("/api/"):
        return _with_body(response, flask.json.dumps(_problem(error)), "application/problem+json")
    title, text = _WORDS.get(response.status_code, _OTHER)
    return _with_body(
        response, render_template("error.html", title=title, text=text), "text/html; charset=utf-8"
    )


def _problem(error: HTTPException) -> dict[str, Any]:
    """A problem document (RFC 9457 §3); `errors` names the fields at fault."""
    problem = {"type": "about:blank", "title": error.name, "status": error.code, "detail": error.description}
    faults = getattr(error, "errors", None)
    return problem | ({"errors": faults} if faults else {})


def _with_body(response: Any, body: str, content_type: str) -> AnyResponse:
    response.set_data(body)
    response.content_type = content_type
    return response  # type: ignore[no-any-return]
