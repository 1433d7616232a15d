"""Who was not reached, as the words of a mail system tell it, and which of them are about whom."""

import re

from nurture.core.inbound.mail_parser import Original, ParsedMail, find_addresses

DAEMON = re.compile(
    r"mailer[-_.]?daemon|post[-_]?master|mail[-_]?daemon|mdaemon|daemon|mail delivery|delivery (?:sub)?system"
    r"|system administrator|mail administrator|mailadmin|mail router|mail system|mail transfer"
    r"|e-?mail delivery|delivery agent"
    r"|delivery report|mail server|mailserver|ndr administrator"
    r"|double-bounce|^bounces?$|^mta$|internet mail|mail-interconnect|e-mail interconnect|^smtp gateway"
    r"|^uucp$"
)
_OTHERS = re.compile(
    r"\bmail from\b|^\W{0,6}(?:from|von|de|da|van|od|от|差出人|发件人)\s*:|\bsender\b|\bpostmaster\b"
    r"|\b(?:please )?contact\b|\bfor (?:further )?(?:assistance|help)\b|\bhelo\b|message-id|\bhelpdesk\b",
    re.IGNORECASE,
)
_ADDRESS = r"<?([^\s<>()\[\]\"']{1,64}@[^\s<>:;,()\[\]\"']{3,253})"
_LEADING = re.compile(r"^[^\w@]{0,12}(?:\d{3}[- ]+(?:\d\.\d\.\d+ )?)?" + _ADDRESS)
_NAMED = re.compile(
    r"(?<![A-Za-z0-9])(?:rcpt to|recipients?(?: address(?:es)?)?|rejected recipient|address(?:es)?|errors"
    r"|your (?:e?-?mail|message) to|deliver(?:ed|y)? (?:the message )?to|undeliverable to|message to"
    r"|mail to|sent to|send to|failed to|failed permanently|not reach|destination|mailbox|user|account|for"
    r"|list|group|empfänger|destinataires?|destinatari[oa]s?|destinatário|geadresseerde|ontvanger|odbiorca"
    r"|получател[ьяю]|受信者|宛先|あて先|送信先|收件人|수신자)"
    r"(?:\s{0,3}[:;][\s'\"`]{0,4}|[\s'\"`]{1,4}|(?=<))(?:(?:rfc822|smtp)[;:]\s{0,2})?" + _ADDRESS,
    re.IGNORECASE,
)
_WIDE_MARKS = str.maketrans("：；，、。（）「」【】《》“”", " " * 15)
_CODE_LINE = re.compile(r"^\d{3} ")


def failed_addresses(mail: ParsedMail, said: str, original: Original | None) -> tuple[str, ...]:
    """Whom the notice names as not reached; with nobody named, to whom the returned message went."""
    own = {mail.from_address.lower(), *(a.lower() for a in mail.to_addresses)}
    said = said.translate(_WIDE_MARKS)
    ours = {a.lower() for a in original.to_addresses} if original else set()
    stated = find_addresses(mail.header("x-failed-recipients"))
    for found in (stated, _marked(said), _any(said, ours)):
        others = tuple(a for a in found if a.lower() not in own)
        if others:
            return others
    to = original.to_addresses[:1] if original else ()
    return to or _marked(said)[:1] or _any(said, own)


def words_about(everyone: tuple[str, ...], said: str) -> dict[str, str]:
    """For each address the lines that name it and those after each up to the next one; all for one alone.

    A summary such as `550 <a@b>... User unknown` ends where the next one begins.
    """
    if len(everyone) == 1:
        return {everyone[0]: said}
    kept: dict[str, list[str]] = {address.lower(): [] for address in everyone}
    inside: set[str] = set()
    summary = False
    for line in said.split("\n"):
        named = {a.lower() for a in find_addresses(line[:2_000].translate(_WIDE_MARKS))} & kept.keys()
        coded = _CODE_LINE.match(line) is not None
        if named:
            inside, summary = named, coded
        elif summary and coded:
            inside = set()
        for address in inside:
            kept[address].append(line)
    return {address: "\n".join(kept[address.lower()]) or said for address in everyone}


def is_daemon(name: str) -> bool:
    """Whether a name or the local part of an address is one that mail systems write under."""
    return DAEMON.search(name.lower()) is not None


def _marked(said: str) -> tuple[str, ...]:
    marked: list[str] = []
    for line in said.split("\n"):
        if not _OTHERS.search(line[:500]):
            marked += (m[1] for m in (_LEADING.match(line), *_NAMED.finditer(line[:1_000])) if m)
    return _without_case_doubles(find_addresses(" , ".join(marked)))


def _any(said: str, ours: set[str]) -> tuple[str, ...]:
    """Any address, rather one that we wrote to."""
    lines = (line for line in said.split("\n") if not _OTHERS.search(line[:500]))
    found = [a for a in find_addresses("\n".join(lines)) if not is_daemon(a.partition("@")[0])]
    return tuple([a for a in found if a.lower() in ours] or found[:1])


def _without_case_doubles(addresses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple({a.lower(): a for a in reversed(addresses)}.values())[::-1]
