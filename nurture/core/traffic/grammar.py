"""Reads what no list names: is an agent built as those of browsers are, and does it carry more than they do?

Every browser gives a comment that names a machine people use, then an engine, then names of browsers
(RFC 9110 §10.1.5). A program with a name of its own and no such machine is nobody's browser.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from nurture.core.traffic.names import Known, find_name, products

Nature = Literal["proxy", "prefetcher", "person", "machine", "unknown"]


@dataclass(frozen=True, slots=True)
class Agent:
    """What an agent is, by its own words. `certainty`: 0..1, of its nature."""

    nature: Nature
    name: str
    certainty: float


@dataclass(frozen=True, slots=True)
class Grammar:
    """The names that people's programs are made of."""

    browsers: tuple[Known, ...]
    companions: tuple[Known, ...]
    devices: tuple[Known, ...]
    computers: tuple[Known, ...]
    parts: frozenset[str]

    def read(self, agent: str) -> Agent:
        """The nature of an agent that no list of proxies, people or machines knows."""
        if not _BUILT_AS_BROWSERS.match(agent):
            return self._read_own_name(agent)
        return self._read_alien(agent) or self._read_browser(agent)

    def _read_own_name(self, agent: str) -> Agent:
        name = find_name(self.devices, agent) or find_name(self.browsers, agent)
        if name:
            return Agent("person", name, 0.7)
        if not _NAMES.match(agent):
            return Agent("unknown", "an agent that names no program", 0.5)
        if _BUILD.search(agent) or (find_name(self.computers, agent) and _ENGINE.search(agent) is None):
            return Agent("unknown", "a program of its own name", 0.5)
        return Agent("machine", "a program of its own name, no browser and no mail program", 0.85)

    def _read_alien(self, agent: str) -> Agent | None:
        """A machine where the first comment says `compatible` with something that is no browser."""
        said = _COMPATIBLE.search(agent)
        if said is None or self._is_of_people(said[1]):
            return None
        return Agent("machine", "a program that says it is compatible with a browser", 0.9)

    def _is_of_people(self, words: str) -> bool:
        tables = (*self.browsers, *self.devices, *self.computers)
        return words.strip() in ("", "U") or find_name(tables, words) is not None

    def _read_browser(self, agent: str) -> Agent:
        browser, engine = find_name(self.browsers, agent), _ENGINE.search(agent)
        device = find_name(self.devices, agent)
        system = device or find_name(self.computers, agent)
        if not (system or browser or engine):
            return Agent("machine", "a browser's first word and a program's own name", 0.85)
        if not device and (stranger := self._find_stranger(agent)):
            return Agent("machine", f"a browser's words with a program's name among them ({stranger})", 0.8)
        if not browser and not (engine and system):
            return Agent("unknown", "an agent that names no engine or no system", 0.5)
        return Agent("person", browser or "a browser", 0.9)

    def _find_stranger(self, agent: str) -> str | None:
        """A tool's name after all that a browser says of itself, or in a comment of a modern one."""
        bare = _COMMENT.sub(" ", _COMMENT.sub(" ", agent))
        comments = _COMMENT.findall(agent)
        if not _MODERN.search(agent):
            if "MSIE" not in agent:
                return None
            comments = []
        candidates = (
            *_TOKEN.findall(_LAST_OF_BROWSER.split(bare)[-1]),
            *_PRODUCT.findall(f"{bare} {' '.join(comments)}"),
            *(item for said in comments[:2] for item in _ITEM.findall(said)),
        )
        return next((token for token in candidates if self._is_strange(token)), None)

    def _is_strange(self, token: str) -> bool:
        name, slash, version = token.partition("/")
        if (
            name.lower() in _COMMON
            or name.lower() in self.parts
            or (slash and not _OF_TOOL.fullmatch(version))
        ):
            return False
        return find_name((*self.browsers, *self.companions, *self.devices, *self.computers), token) is None


def create_grammar(
    browsers: Iterable[Known],
    companions: Iterable[Known],
    devices: Iterable[Known],
    computers: Iterable[Known],
) -> Grammar:
    """A grammar of these names."""
    own, common = tuple(browsers), tuple(companions)
    return Grammar(own, common, tuple(devices), tuple(computers), products((*own, *common)))


# what a name may be made of, and what is often written about it (RFC 9110 §5.6.2, §5.6.5)
_NAMES = re.compile(r"[^<>\"{}\\]+$")
_BUILT_AS_BROWSERS = re.compile(r"M?ozilla/\d|Opera[/ ]\d", re.IGNORECASE)
_ENGINE = re.compile(r"Gecko|WebKit|KHTML|Trident|Presto|MSIE|Goanna|Servo|Opera", re.IGNORECASE)
_COMPATIBLE = re.compile(r"\bcompatible(?=[;,)]| *$)[;, ]*([^;)]{0,80})", re.IGNORECASE)
_COMMENT = re.compile(r"\([^()]*(?:\)|$)|\[[^\[\]]*(?:\]|$)|=\S*")
_TOKEN = re.compile(r"[A-Za-z][\w.+!-]{2,}(?:/[\w.+-]*)?")
_PRODUCT = re.compile(r"[A-Za-z][\w.+!-]{2,}/[\w.+-]*")
# an item of a comment that is one word; shorter ones are kinds of processors and languages
_ITEM = re.compile(r"[;(] *(?![a-z]{2}-[A-Za-z]{2}\b)([A-Za-z][A-Za-z_-]{4,})(?=[;)])")
_LAST_OF_BROWSER = re.compile(r"(?:Safari|Firefox|Chrome)/\S*")
# add-ons could write themselves into older ones; since about 2018 no browser lets them
_MODERN = re.compile(r"(?:Firefox|Chrome)/(?:[7-9]\d|[1-9]\d\d)\.")
# what people install counts its builds; tools are at 1.0 for ever
_BUILD = re.compile(r"/\d+\.\d+\.\d+\.\d")
_OF_TOOL = re.compile(r"v?\d{0,2}(?:\.\d){0,2}[a-z]?", re.IGNORECASE)
_COMMON = frozenset(
    {
        "mozilla", "opera", "like", "gecko", "khtml", "applewebkit", "version", "mobile", "safari", "chrome",
        "chromium", "firefox", "tablet", "desktop", "presto", "trident", "build", "rv", "wv", "wow64",
        "win64", "arm64", "aarch64", "amd64", "i686", "touch", "release", "edition", "beta", "alpha",
        "stable", "linux", "windows", "netscape",
    }
)  # fmt: skip
