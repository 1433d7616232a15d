"""Asks the DNS who takes the mail of a domain (RFC 5321 §5.1)."""

from typing import Final

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

# Names that never lead anywhere (RFC 2606 §2), so nobody is asked about them.
RESERVED: Final = (".example", ".test", ".invalid", ".localhost")


class DnsAway(OSError):
    """No server answered in time: nothing is known."""


class MailRoutes:
    """The MX records of domains. `seconds`: how long one question may take."""

    def __init__(self, seconds: float = 1.5, resolver: Resolver | None = None) -> None:
        self._seconds = seconds
        self._resolver = resolver

    def mx(self, domain: str) -> tuple[str, ...]:
        """The host names that take the domain's mail, best first, in lower case without the last dot.

        Empty where there is no such domain or record. Raises DnsAway.
        """
        if f".{domain}".endswith(RESERVED):
            return ()
        try:
            resolver = self._resolver or Resolver()
            found = resolver.resolve(domain, "MX", lifetime=self._seconds)
        except (NXDOMAIN, NoAnswer):
            return ()
        except (DNSException, OSError, ValueError) as error:
            raise DnsAway(type(error).__name__) from None
        best_first = sorted(found, key=lambda record: record.preference)
        return tuple(str(record.exchange).rstrip(".").lower() for record in best_first)
