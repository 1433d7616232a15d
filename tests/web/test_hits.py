"""Pixels and links as a WSGI server sees them: what is answered, and what is in the journal by then."""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nurture.core.token import Keyring, Purpose, Token
from nurture.journal import Journal, list_journals, read_records
from nurture.web.hits import Hits

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

RING = Keyring(["Zk3vQ8pLr7TxWm2nYb5cHd9fJg4sKa6e"])
FOREIGN = Keyring(["mV6tG1yCz0xQn8bRk4jWh2dLf7sPe9aU"])
URL = "https://example.com/pricing?a=1&amp;b=%20x&c=/../#top"
OPEN = Token(Purpose.OPEN, 7, 9)
CLICK = Token(Purpose.CLICK, 7, 9, 2, URL)


class Answer(NamedTuple):
    status: str
    headers: dict[str, str]
    body: bytes


class Site:
    """The middleware on a journal of its own, in front of an application that says it was reached."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.dropped = folder, 0
        self.journal = Journal(folder, "hits")
        self.hits = Hits(
            _application, keyring=RING, journal=self.journal, clock=lambda: 1700000000.25, dropped=self._drop
        )

    def call(self, path: str, method: str = "GET", **environ: Any) -> Answer:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            assert type(headers) is list  # PEP 3333: and the server may change it
            started.append((status, [*headers]))
            headers.append(("X-Added", "by the server"))

        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "REMOTE_ADDR": "203.0.113.9"} | environ
        body = b"".join(self.hits(environ, start_response))
        ((status, headers),) = started
        assert len(dict(headers)) == len(headers)
        assert not any(ord(character) < 32 for pair in headers for text in pair for character in text)
        return Answer(status, dict(headers), body)

    def recorded(self) -> list[dict[str, Any]]:
        chunks = [read_records(path, 0) for path in list_journals(self.folder, "hits")]
        assert sum(chunk.bad for chunk in chunks) == 0
        return [record for chunk in chunks for record in chunk.records]

    def _drop(self) -> None:
        self.dropped += 1


@pytest.fixture
def site(tmp_path: Path) -> Iterable[Site]:
    site = Site(tmp_path / "journal")
    yield site
    site.journal.close()


def test_t09_a_pixel_is_not_cached_and_sets_no_cookie(site: Site) -> None:
    answer = site.call(_pixel(OPEN))
    assert answer.status == "200 OK"
    assert answer.headers == {
        "Content-Type": "image/gif",
        "Content-Length": "43",
        "Cache-Control": "no-store, no-cache, must-revalidate, max-age=0",
    }
    assert len(answer.body) == 43
    assert answer.body[:10] == b"GIF89a\x01\x00\x01\x00"
    assert answer.body[19:23] == b"!\xf9\x04\x01"  # a graphic control block with its transparency flag
    assert answer.body[-1:] == b";"


def test_t09_a_click_leads_to_exactly_its_destination(site: Site) -> None:
    answer = site.call(_link(CLICK))
    assert answer.status == "302 Found"
    assert answer.headers == {
        "Location": URL,
        "Content-Length": "0",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
    }
    assert answer.body == b""


def test_a_hit_is_recorded_with_what_a_judge_will_need(site: Site) -> None:
    headers = {
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11)",
        "HTTP_SEC_PURPOSE": "prefetch;prerender",
        "HTTP_ACCEPT_LANGUAGE": "fr",
        "HTTP_COOKIE": "private=1",
        "HTTP_AUTHORIZATION": "Basic private",
    }
    site.call(_link(CLICK), **headers)
    site.call(_pixel(OPEN))
    hit = {"m": 9, "c": 7, "t": 1700000000.25, "a": "203.0.113.9", "x": "GET"}
    assert site.recorded() == [
        hit
        | {"k": "click", "n": 2, "u": URL, "g": "Mozilla/5.0 (X11)"}
        | {"h": {"sec-purpose": "prefetch;prerender", "accept-language": "fr"}},
        hit | {"k": "open", "n": 0, "g": "", "h": {}},
    ]


def test_a_hit_is_recorded_before_it_is_answered(site: Site) -> None:
    seen: list[int] = []
    for path in (_pixel(OPEN), _link(CLICK)):
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path}
        site.hits(environ, lambda *_: seen.append(len(site.recorded())))  # type: ignore[arg-type]
    assert seen == [1, 2]


@pytest.mark.parametrize("path", ["/o/", "/c/"])
def test_t08_head_gets_the_headers_and_leaves_no_record(site: Site, path: str) -> None:
    path = _pixel(OPEN) if path == "/o/" else _link(CLICK)
    head, get = site.call(path, "HEAD"), site.call(path)
    assert (head.status, head.headers) == (get.status, get.headers)
    assert head.body == b""
    assert len(site.recorded()) == 1


BAD_TOKENS = {
    "empty": "",
    "wrong": "A" * 80,
    "truncated": RING.sign(CLICK)[:-1],
    "longer": RING.sign(CLICK) + "A",
    "padded": RING.sign(CLICK) + "=",
    "oversized": "A" * 5000,
    "foreign": FOREIGN.sign(CLICK),
    "foreign open": FOREIGN.sign(OPEN),
    "slashes": "a/b/../" + RING.sign(CLICK),
    "not ascii": "é\udc80\0\n",
    "return path": RING.sign_return_path(9),
    **{
        purpose.name: RING.sign(Token(purpose, 7, 9, 2, URL))
        for purpose in Purpose
        if purpose not in (Purpose.OPEN, Purpose.CLICK)
    },
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("text", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_t07_a_bad_token_gets_its_pixel_or_no_way_on_and_nothing_is_stored(
    site: Site, text: str, method: str
) -> None:
    pixel, good = site.call(f"/o/{text}.gif", method), site.call(_pixel(OPEN), "HEAD")
    assert (pixel.status, pixel.headers) == (good.status, good.headers)
    click = site.call(f"/c/{text}", method)
    assert click.status == "404 Not Found"
    assert "Location" not in click.headers
    assert click.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert click.headers["Content-Length"] == str(len(site.call(f"/c/{text}").body))
    assert method == "GET" or not click.body + pixel.body
    assert site.recorded() == []


def test_t07_a_pixels_token_is_no_link_and_a_links_no_pixel(site: Site) -> None:
    assert site.call(f"/o/{RING.sign(CLICK)}.gif").status == "200 OK"
    assert site.call(f"/c/{RING.sign(Token(Purpose.OPEN, 7, 9, 2, URL))}").status == "404 Not Found"
    assert site.recorded() == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "\udc80"])
def test_x18_only_get_and_head_are_answered(site: Site, method: str) -> None:
    for path in (_pixel(OPEN), _link(CLICK), "/c/x", "/o/x.gif"):
        answer = site.call(path, method)
        assert (answer.status, answer.headers["Allow"]) == ("405 Method Not Allowed", "GET, HEAD")
        assert "Location" not in answer.headers
    assert site.recorded() == []


@pytest.mark.parametrize(
    "destination",
    [
        "",
        "/relative",
        "//evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.com/",
        "file:///etc/passwd",
        " https://example.com",
        "https:example.com",
        "https:///example.com",
        "http://",
        "mailto:someone@example.com",
    ],
)
def test_x01_a_signed_destination_that_is_no_web_address_leads_nowhere(site: Site, destination: str) -> None:
    answer = site.call(_link(Token(Purpose.CLICK, 7, 9, 2, destination)))
    assert answer.status == "404 Not Found"
    assert "Location" not in answer.headers
    assert site.recorded() == []


def test_x01_nothing_in_the_request_moves_the_destination(site: Site) -> None:
    answer = site.call(
        _link(CLICK),
        QUERY_STRING="url=https://evil.example&next=//evil.example",
        HTTP_HOST="evil.example",
        HTTP_X_FORWARDED_HOST="evil.example",
        HTTP_REFERER="https://evil.example",
        SCRIPT_NAME="//evil.example",
    )
    assert answer.headers["Location"] == URL


@given(
    rest=st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=100),
    scheme=st.sampled_from(["http", "https", "HTTPS"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_x01_any_destination_becomes_one_safe_header(site: Site, rest: str, scheme: str) -> None:
    destination = f"{scheme}://example.com/{rest}"
    location = site.call(_link(Token(Purpose.CLICK, 7, 9, 2, destination))).headers["Location"]
    assert location.isascii()
    assert location.isprintable()
    assert " " not in location
    assert unquote(location) == unquote(destination)
    assert location == destination or not destination.isascii() or " " in destination


def test_x01_what_is_not_ascii_is_percent_encoded_and_what_is_encoded_stays(site: Site) -> None:
    destination = "https://example.com/prix élevé?q=%C3%BC&r=ü#ß"
    answer = site.call(_link(Token(Purpose.CLICK, 7, 9, 2, destination)))
    assert answer.headers["Location"] == "https://example.com/prix%20%C3%A9lev%C3%A9?q=%C3%BC&r=%C3%BC#%C3%9F"
    assert site.recorded()[0]["u"] == destination


def test_t06_when_the_journal_cannot_be_written_people_are_served_and_drops_counted(site: Site) -> None:
    shutil.rmtree(site.folder)
    assert site.call(_pixel(OPEN)).status == "200 OK"
    assert site.call(_link(CLICK)).headers["Location"] == URL
    assert site.dropped == 2
    site.folder.mkdir()
    assert site.call(_link(CLICK)).headers["Location"] == URL
    assert (site.dropped, len(site.recorded())) == (2, 1)


def test_x22_a_forwarded_address_is_ignored(site: Site) -> None:
    site.call(_pixel(OPEN), HTTP_X_FORWARDED_FOR="198.51.100.1", HTTP_FORWARDED="for=198.51.100.1")
    (hit,) = site.recorded()
    assert hit["a"] == "203.0.113.9"
    assert "198.51.100.1" not in str(hit)


def test_long_headers_are_cut(site: Site) -> None:
    site.call(
        _pixel(OPEN), HTTP_USER_AGENT="x" * 9999, HTTP_ACCEPT_LANGUAGE="y" * 9999, REMOTE_ADDR="z" * 999
    )
    (hit,) = site.recorded()
    assert (len(hit["g"]), len(hit["h"]["accept-language"]), len(hit["a"])) == (512, 256, 64)


def test_headers_of_any_bytes_become_text_that_a_database_can_hold(site: Site) -> None:
    utf8 = "Zürich".encode().decode("latin-1")
    site.call(_pixel(OPEN), HTTP_USER_AGENT=utf8, HTTP_VIA="a\0b\x1b\udc80\xff", REMOTE_ADDR=None)
    (hit,) = site.recorded()
    assert (hit["g"], hit["h"]["via"], hit["a"]) == ("Zürich", "a\ufffdb\ufffd?\ufffd", "")


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["GET", "HEAD", "POST"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_never_raises(site: Site, text: str, header: str, method: str) -> None:
    for path in (f"/o/{text}.gif", f"/c/{text}"):
        site.call(path, method, HTTP_USER_AGENT=header, HTTP_PURPOSE=header, QUERY_STRING=text)
    site.call(_pixel(OPEN), HTTP_USER_AGENT=header, HTTP_VIA=header, REMOTE_ADDR=header)
    hit = site.recorded()[-1]
    assert all(text.isprintable() and text.encode() for text in (hit["g"], hit["h"]["via"], hit["a"]) if text)


@pytest.mark.parametrize("path", ["/", "", "/o", "/c", "/o/x", "/o/x.png", "/p/x", "/O/x.gif", "/x/c/y"])
def test_everything_else_is_the_applications(site: Site, path: str) -> None:
    assert site.call(path, "POST") == Answer("201 Created", {"X-Reached": path}, b"reached")


def test_t01_the_fast_path_knows_neither_database_nor_redis_nor_flask() -> None:
    script = "import sys, nurture.web.hits; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert {"sqlalchemy", "psycopg", "redis", "rq", "flask", "jinja2"}.isdisjoint(loaded.split())


def _pixel(token: Token) -> str:
    return f"/o/{RING.sign(token)}.gif"


def _link(token: Token) -> str:
    return f"/c/{RING.sign(token)}"


def _application(environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
    start_response("201 Created", [("X-Reached", environ["PATH_INFO"])])
    return [b"reached"]
