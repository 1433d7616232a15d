"""Builds the web application: pages for recipients and reps, the API, and what probes ask for."""

import hashlib
from typing import TYPE_CHECKING, Any

import flask
import structlog
from flask import Response, request
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from nurture import places
from nurture.core import words
from nurture.journal import Journal
from nurture.ports import App
from nurture.services import metering
from nurture.telling import where_of
from nurture.web import answers
from nurture.web.api.events import api
from nurture.web.crowd import Crowd
from nurture.web.health import health
from nurture.web.hits import Hits
from nurture.web.meter import Meter
from nurture.web.public.handoff import handoff
from nurture.web.public.preferences import preferences
from nurture.web.public.pricing import pricing
from nurture.web.public.unsubscribe import unsubscribe
from nurture.web.site import Site

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

MAX_BODY_BYTES = 64 << 10
# Of the server's threads (web.serving.THREADS); the others are the fast path's.
PLACES = 10

_log = structlog.get_logger()


def create_app(app: App) -> flask.Flask:
    """The WSGI application for `app`; its `Site` is in `extensions["nurture"]`."""
    web = _Web("nurture.web", template_folder=str(places.templates() / "web"), static_folder=None)
    web.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES, MAX_FORM_PARTS=50)
    site = web.extensions["nurture"] = Site(app, _meter(app))
    for pages in (pricing, unsubscribe, preferences, handoff, api, health):
        web.register_blueprint(pages)
    _serve_style(web, site)
    answers.register(web)
    return web


def assemble(app: App, journal: Journal) -> "WSGIApplication":
    """The whole site: the fast path, and the application behind it.

    Addresses told by proxies are believed only as far as the settings say (X22)."""
    web = create_app(app)
    hits = Hits(
        Crowd(web.wsgi_app, PLACES),
        keyring=app.keyring,
        journal=journal,
        dropped=web.extensions["nurture"].meter.count_dropped_hit,
    )
    proxies = app.settings.trusted_proxies
    return ProxyFix(hits, x_for=proxies, x_proto=proxies) if proxies else hits


class _Web(flask.Flask):
    def log_exception(self, exc_info: Any) -> None:
        # Paths hold tokens and messages of errors hold addresses: neither may be in a log (X21).
        kind, _, trace = exc_info
        where = where_of(trace)
        rule = request.url_rule.rule if request.url_rule else None
        _log.error("request failed", route=rule, method=request.method, error=kind.__name__, where=where)


def _meter(app: App) -> Meter:
    return Meter(lambda: metering.measure(app), lambda: metering.measure_journals(app.settings.journal_dir))


def _serve_style(web: flask.Flask, site: Site) -> None:
    style = (places.templates() / "web" / "style.css").read_bytes()
    version = hashlib.sha256(style).hexdigest()[:12]
    web.jinja_env.undefined = StrictUndefined
    web.jinja_env.trim_blocks = web.jinja_env.lstrip_blocks = True
    web.jinja_env.filters["moment"] = words.minute
    web.jinja_env.globals.update(brand=site.brand, style=site.path(f"/style.css?v={version}"))

    @web.get("/style.css")
    def style_sheet() -> Response:
        """The one style sheet; its address changes with its content."""
        kept = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(style, content_type="text/css; charset=utf-8", headers=kept)
