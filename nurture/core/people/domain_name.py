"""Mail domains: one canonical form for every spelling, and the company behind one.

IDNA 2008 (RFC 5890-5892) as browsers and mail programs look names up: compatibility forms are folded and
letters lower-cased first (RFC 5895), "ß" stays itself. What a registry checks when it sells a name (scripts
that do not mix, direction of writing) is not checked again, and joiners (RFC 5892 A.1, A.2) are refused.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

MAX_DOMAIN_BYTES = 253
MAX_LABEL_BYTES = 63

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_LETTERS_AND_DIGITS = {"Ll", "Lo", "Lm", "Mn", "Mc", "Nd"}  # RFC 5892 §2.1, after lower-casing
_FURTHER_LETTERS = "·͵׳״・〇"  # RFC 5892 §2.6 and A.3-A.7
_NO_MAIL = {"arpa", "invalid", "local", "localhost", "onion"}  # RFC 6761, 6762, 7686
_SECOND_LEVEL = {"ac", "co", "com", "edu", "gob", "gov", "gv", "ne", "net", "or", "org"}


class BadDomain(ValueError):
    """A name that is no mail domain; the message says what to change."""


@dataclass(frozen=True, slots=True)
class DomainName:
    """`text` as people read it (U-labels), `ascii` as the DNS has it (A-labels); both lower-case."""

    text: str
    ascii: str


@lru_cache(maxsize=4096)
def read_domain(written: str) -> DomainName:
    """The canonical form of a domain in any spelling; raises BadDomain."""
    labels = [_read_label(label) for label in _folded(written.replace("。", ".")).split(".")]
    domain = DomainName(".".join(label.text for label in labels), ".".join(label.ascii for label in labels))
    if len(labels) < 2:
        raise BadDomain(f"the domain {written!r} is not complete: it needs an ending such as .com")
    if not domain.ascii[-1].isalpha() and not labels[-1].ascii.startswith("xn--"):
        raise BadDomain(f"the domain {written!r} must end in letters, such as .com")
    if labels[-1].ascii in _NO_MAIL:
        raise BadDomain(f"no mail can reach a domain that ends in .{labels[-1].text}: use a public address")
    if len(domain.ascii) > MAX_DOMAIN_BYTES:
        raise BadDomain(f"the domain is longer than {MAX_DOMAIN_BYTES} bytes")
    return domain


def account_domain(domain: str) -> str | None:
    """The domain that stands for the company, or None where a mailbox says nothing about one (free mail).

    `www.` and `mail.` in front are dropped; other subdomains are taken for companies of their own.
    """
    labels = domain.split(".")
    if any(".".join(labels[start:]) in free_mail_domains() for start in range(len(labels) - 1)):
        return None
    for prefix in ("www", "mail"):
        if labels[0] == prefix and len(labels) > 2 and not _is_public_suffix(labels[1:]):
            labels = labels[1:]
    return ".".join(labels)


@cache
def free_mail_domains() -> frozenset[str]:
    """The domains of `data/free_mail.txt`."""
    lines = (files("nurture.core") / "data" / "free_mail.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _read_label(label: str) -> DomainName:
    if label.isascii() and not label.startswith("xn--"):
        return DomainName(label, _checked(label, label))
    text = _decoded(label) if label.isascii() else label
    strange = [letter for letter in text if not _is_letter(letter)]
    if strange or not text or unicodedata.category(text[0]).startswith("M"):
        raise BadDomain(f"the domain has characters that no domain can have: {text!r}")
    encoded = "xn--" + text.encode("punycode").decode("ascii")
    if text.isascii() or (label.isascii() and encoded != label):
        raise BadDomain(f"the domain part {label!r} is not valid Punycode")
    return DomainName(text, _checked(encoded, label))


def _checked(label: str, written: str) -> str:
    if not label:
        raise BadDomain("the domain has an empty part: look for a dot too many")
    if not _LABEL.fullmatch(label):
        raise BadDomain(f"the domain part {written!r} may hold letters, digits and inner hyphens only")
    if label[2:4] == "--" and not label.startswith("xn--"):
        raise BadDomain(f"the domain part {written!r} has two hyphens where no domain has them")
    if len(label) > MAX_LABEL_BYTES:
        raise BadDomain(f"the domain part {written[:20]!r}… is longer than {MAX_LABEL_BYTES} bytes")
    return label


def _decoded(label: str) -> str:
    try:
        text = label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        raise BadDomain(f"the domain part {label!r} is not valid Punycode") from None
    if text != _folded(text):
        raise BadDomain(f"the domain part {label!r} is not valid Punycode")
    return text


def _folded(name: str) -> str:
    if name.isascii():
        return name.lower()
    # Letter by letter, since lower() on a word would make its last sigma another letter.
    lower = "".join(letter.lower() for letter in unicodedata.normalize("NFKC", name))
    return unicodedata.normalize("NFC", lower)


def _is_letter(character: str) -> bool:
    if character.isascii():
        return character.isalnum() or character == "-"
    return unicodedata.category(character) in _LETTERS_AND_DIGITS or character in _FURTHER_LETTERS


def _is_public_suffix(labels: list[str]) -> bool:
    return len(labels) == 2 and labels[0] in _SECOND_LEVEL and len(labels[1]) == 2
