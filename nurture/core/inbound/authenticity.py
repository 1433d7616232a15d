"""Who really wrote a mail: what our own server found out about its sender, and what the mail proves."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from nurture.core.inbound.mail_parser import ParsedMail, find_addresses

Proof = Literal["thread", "return_path", "address"]

_FIELDS: Final = 20
_CHARS: Final = 8_000
_RESULTS: Final = 50
_METHOD: Final = re.compile(r"([a-z0-9][a-z0-9-]{0,30})(?:/\d{1,4})?=([a-z]{1,20})(?![a-z0-9])")
_PROPERTY: Final = re.compile(r"\b(header\.from|header\.d|header\.i|smtp\.mailfrom)=([^\s;]{1,320})")
_PIECE: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|\\.|[()]|[^"\\()]+', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whether the domain in From answers for the mail; *unknown* where no server we trust has looked."""

    verdict: Literal["pass", "fail", "unknown"] = "unknown"
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Weight:
    """What a mail may do. *proven*: the contact wrote it; *other_address*: somebody in our thread did.

    *unproven*: anybody may have. `because`: what was weighed, a sentence each.
    """

    standing: Literal["proven", "other_address", "unproven"]
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Result:
    """One result of RFC 8601 §2.2, with the domains it was found for."""

    server: str
    method: str
    result: str
    domains: tuple[str, ...]


def weigh(by: Proof, sender: Sender, *, own: bool) -> Weight:
    """Weigh how a mail was matched, whether it comes from the contact's `own` address, and its sender.

    Thread and return path prove that the writer has our mail, an address that passes proves the writer. A
    sender that fails is nobody, whatever it quotes: our mails are forwarded.
    """
    if by == "address":
        proof = "only the sender's address matches, which anyone can write"
        if sender.verdict == "pass":
            return Weight("proven", ("only the sender's address matches", *sender.because))
        return Weight("unproven", (proof, *sender.because))
    shown = "it answers a mail of ours" if by == "thread" else "it came to a mail's own return path"
    if not own:
        return Weight(
            "other_address", (shown, "another address than the contact's wrote it", *sender.because)
        )
    if sender.verdict == "fail":
        return Weight("unproven", (shown, *sender.because))
    return Weight("proven", (shown, *sender.because))


def read_sender(mail: ParsedMail, trusted: Collection[str]) -> Sender:
    """What the servers `trusted` (authserv-ids, RFC 8601 §2.5) say of the sender's domain; never raises.

    Their own fields must be the only ones of that name, so servers remove foreign ones (§5). Should one be
    left, a failure outweighs what passed. Alignment is that of RFC 7489 §3.1: the same domain or its parent.
    A DMARC result for another domain means that a server reads From otherwise than we do: that fails too.
    """
    domain = mail.from_address.rpartition("@")[2].lower()
    if len((mail.headers or {}).get("from", ())) > 1:
        return Sender("fail", ("it names several senders",))
    if not domain:
        return Sender()
    ids = {name.lower() for name in trusted}
    results = [result for result in _results(mail) if result.server in ids]
    foreign = [r for r in results if r.method == "dmarc" and r.domains and not _is_near(r, domain)]
    if foreign:
        return Sender("fail", (f"{foreign[0].server} takes it for a mail of {foreign[0].domains[0]}",))
    failed = [r for r in results if (r.method, r.result) == ("dmarc", "fail") and _aligned(r, domain)]
    one = len(find_addresses(mail.header("from"))) == 1
    passed = [r for r in results if r.result == "pass" and (r.domains or one) and _aligned(r, domain)]
    chosen = failed or passed
    told = dict.fromkeys(f"{r.server} says {r.method}={r.result} for {domain}" for r in chosen)
    return Sender("fail" if failed else "pass" if passed else "unknown", tuple(told))


def _aligned(result: _Result, domain: str) -> bool:
    """Whether the result is about the domain in From; that of DMARC is, also where it names none."""
    if not result.domains:
        return result.method == "dmarc"
    return any(_covers(found, domain) for found in result.domains)


def _is_near(result: _Result, domain: str) -> bool:
    return any(_covers(found, domain) or _covers(domain, found) for found in result.domains)


def _covers(found: str, domain: str) -> bool:
    """The same domain or a parent of it; a top-level domain answers for nobody."""
    return found == domain or ("." in found and domain.endswith(f".{found}"))


def _results(mail: ParsedMail) -> Iterator[_Result]:
    for value in (mail.headers or {}).get("authentication-results", ())[:_FIELDS]:
        head, *pieces = _without_comments(value[:_CHARS].lower()).split(";")[:_RESULTS]
        server = next(iter(head.split()), "").strip('"')
        for piece in pieces:
            method = _METHOD.match(piece.strip())
            if server and method:
                yield _Result(server, method[1], method[2], _domains(method[1], piece))


def _without_comments(value: str) -> str:
    """The field without its comments (RFC 5322 §3.2.2), and without what is quoted, which may hold a ";"."""
    kept, depth = [], 0
    for piece in _PIECE.findall(value):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth = max(0, depth - 1)
        elif depth == 0:
            kept.append(_unquoted(piece) if piece[:1] == '"' else piece)
    return "".join(kept)


def _unquoted(piece: str) -> str:
    """A quoted domain or id as it is; anything longer says nothing that is looked at here."""
    inside = piece.strip('"')
    return inside if re.fullmatch(r"[\w.@+-]{1,255}", inside) else " "


_OF_METHOD: Final[Mapping[str, tuple[str, ...]]] = {
    "dmarc": ("header.from",),
    "dkim": ("header.d", "header.i"),
    "spf": ("smtp.mailfrom",),
}


def _domains(method: str, piece: str) -> tuple[str, ...]:
    """The domains a result was found for, without local parts."""
    wanted = _OF_METHOD.get(method, ())
    values = [match[2] for match in _PROPERTY.finditer(piece) if match[1] in wanted]
    return tuple(value.strip('<>"').rpartition("@")[2].strip(".") for value in values)
