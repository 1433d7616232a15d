"""What every answer has in common: the route map, headers, addresses, errors, and how often one may ask."""

import json
import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from nurture.core.token import Purpose, Token
from nurture.journal import Journal
from nurture.web.app import assemble

PUBLIC_POSTS = {
    "/p/<token>",
    "/u/<token>",
    "/prefs/<token>",
    "/h/<token>",
    "/api/v1/events",
}


def test_x19_only_the_public_forms_and_the_api_take_a_post(world: Any) -> None:
    changing = {
        rule.rule
        for rule in world.web.url_map.iter_rules()
        if (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
    }
    assert changing == PUBLIC_POSTS
    assert {m for rule in world.web.url_map.iter_rules() for m in rule.methods or ()} == {
        "GET",
        "HEAD",
        "OPTIONS",
        "POST",
    }


def test_every_answer_is_shut_in(world: Any) -> None:
    for path in ("/healthz", "/metrics", "/nothing", "/style.css", "/api/nothing", world.pricing_page()):
        headers = world.client.get(path).headers
        assert headers["Content-Security-Policy"] == (
            "default-src 'none'; style-src 'self'; form-action 'self'; "
            "frame-ancestors 'none'; base-uri 'none'"
        )
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == (
            "no-store" if path != "/style.css" else "public, max-age=31536000, immutable"
        )
        assert "Set-Cookie" not in headers


def test_a_page_needs_nothing_but_its_own_style_sheet(world: Any) -> None:
    page = world.client.get(world.pricing_page()).text
    assert 'lang="en"' in page
    assert re.findall(r'(?:src|href)="([^"]*)"', page) == [
        (style := re.findall(r'href="(/style[^"]*)"', page)[0])
    ]
    sheet = world.client.get(style)
    assert sheet.mimetype == "text/css"
    assert "url(" not in sheet.text
    assert "<script" not in page
    assert " style=" not in page
    for name in re.findall(r'<(?:input|select|textarea) id="(\w+)"', page):
        assert f'<label for="{name}">' in page


def test_x10_a_false_host_is_in_no_answer(world: Any) -> None:
    false = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil"}
    world.restart(trusted_proxies=1)
    form = {"name": "Ada", "team_size": "1-10", "timeline": "now"}
    answers = [
        world.client.get(world.pricing_page(), headers=false),
        world.client.post(world.pricing_page(), headers=false, data=form),
        world.client.post(f"/u/{world.token(Purpose.UNSUBSCRIBE)}", headers=false),
        world.client.get("/nothing", headers=false),
        world.client.get("/nothing/", headers=false),
    ]
    assert [answer.status_code for answer in answers] == [200, 303, 200, 404, 404]
    for answer in answers:
        assert "evil" not in answer.text + str(answer.headers)


def test_links_stand_below_the_path_of_the_public_address(world: Any) -> None:
    world.restart(base_url="https://acme.example/mail")
    assert 'href="/mail/style.css?v=' in world.client.get(world.pricing_page()).text
    form = {"name": "Ada", "team_size": "1-10", "timeline": "now"}
    answer = world.client.post(world.pricing_page(), data=form)
    assert answer.headers["Location"] == f"/mail{world.pricing_page()}/thanks"


@pytest.mark.parametrize(("trusted", "known_as"), [(0, "127.0.0.1"), (1, "203.0.113.7"), (2, "203.0.113.9")])
def test_x22_forwarded_addresses_are_believed_as_far_as_configured(
    world: Any, tmp_path: Path, trusted: int, known_as: str
) -> None:
    seen: list[str] = []
    app = replace(world.app, settings=replace(world.app.settings, trusted_proxies=trusted))
    journal = Journal(tmp_path / "journal", "hits")
    site = assemble(app, journal)
    click = app.keyring.sign(token_for_click(world))
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": f"/c/{click}",
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "HTTP_X_FORWARDED_FOR": "198.51.100.1, 203.0.113.9, 203.0.113.7",
    }
    list(site(environ, lambda *_: seen.append("answered")))  # type: ignore[arg-type, return-value]
    journal.close()
    (path,) = (tmp_path / "journal").glob("hits-*.log")
    assert json.loads(path.read_text()[9:])["a"] == known_as
    assert seen == ["answered"]


def test_x26_a_form_is_slowed_down_with_the_queue_and_all_else_away(away: Any) -> None:
    url, form = away.pricing_page(), {"name": ""}
    codes = [away.client.post(url, data=form | {"decision": ""}).status_code for _ in range(25)]
    assert codes == [503] * 20 + [429] * 5
    answer = away.client.post(url)
    assert 1 <= int(answer.headers["Retry-After"]) <= 4
    other = away.token(Purpose.PRICING, contact_id=away.contact_id + 1)
    assert away.client.post(f"/p/{other}", data=form).status_code == 503


def test_x26_one_address_is_slowed_down_across_links(world: Any) -> None:
    codes = [
        world.client.post(f"/prefs/{world.token(Purpose.PREFERENCES, 0, contact)}").status_code
        for contact in range(1000, 1125)
    ]
    assert codes == [422] * 120 + [429] * 5
    elsewhere = {"REMOTE_ADDR": "203.0.113.5"}
    url = f"/prefs/{world.token(Purpose.PREFERENCES)}"
    assert world.client.post(url, environ_base=elsewhere).status_code == 422


def test_errors_look_like_the_pages(world: Any) -> None:
    for answer, status in (
        (world.client.get("/nothing"), 404),
        (world.client.put(world.pricing_page()), 405),
        (world.client.post(world.pricing_page(), data={"need": "x" * 70_000}), 413),
    ):
        assert (answer.status_code, answer.mimetype) == (status, "text/html")
        assert "<h1>" in answer.text
        assert "style.css" in answer.text
    assert world.client.put(world.pricing_page()).headers["Allow"]


def test_without_the_database_a_page_asks_to_come_back(away: Any) -> None:
    for answer in (
        away.client.get(away.pricing_page()),
        away.client.post(f"/u/{away.token(Purpose.UNSUBSCRIBE)}"),
    ):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert "Nothing was changed" in answer.text
    answer = away.client.post("/api/v1/events", json={}, headers={"Authorization": "Bearer nk_x"})
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")


def test_x21_a_failure_is_logged_without_token_or_address(
    world: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("ada@corp.example broke it")

    world.web.view_functions["pricing.show"] = lambda token: fail()
    with capture_logs() as logs, caplog.at_level(logging.DEBUG):
        answer = world.client.get(world.pricing_page())
    assert (answer.status_code, "ada@" in answer.text) == (500, False)
    (entry,) = logs
    assert (entry["route"], entry["error"]) == ("/p/<token>", "RuntimeError")
    everything = json.dumps(logs) + caplog.text
    assert "ada@" not in everything
    assert world.token(Purpose.PRICING) not in everything


def token_for_click(world: Any) -> Token:
    return Token(Purpose.CLICK, world.contact_id, 9, 1, "https://acme.example/")
