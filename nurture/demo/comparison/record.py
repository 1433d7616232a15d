"""What both sides say: the people's own diary, and what the program has concluded."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from nurture.demo.cast import Cast, canonical
from nurture.demo.diary import ANSWERED, GOT, Entry
from nurture.demo.personas import GIVEN_BACK, Move
from nurture.services.summarising import Course, Mailed, Summary


@dataclass(frozen=True)
class Record:
    """Both sides of one demonstration."""

    cast: Cast
    diary: tuple[Entry, ...]
    summary: Summary

    def told(self, *deeds: str) -> list[Entry]:
        """The diary's entries of these deeds, as they were written."""
        return [entry for entry in self.diary if entry.deed in deeds]

    def count(self, deed: str) -> Counter[str]:
        """How often each did it."""
        return Counter(entry.who for entry in self.told(deed))

    @cached_property
    def mails(self) -> dict[str, Mailed]:
        """The mails on record by Message-ID, in brackets as the recipients see it."""
        return {f"<{mail.rfc_id}>": mail for mail in self.summary.mails}

    @cached_property
    def arrived(self) -> list[Entry]:
        """The mails that reached a recipient's mailbox."""
        return self.told(GOT)

    def courses(self, address: str) -> list[Course]:
        """The sequences a contact has been in."""
        return [course for course in self.summary.courses if canonical(course.email) == address]

    def expected_moves(self, address: str) -> tuple[Move, ...]:
        """The promotions that must be on record for a member of the cast."""
        member = self.cast.member(address)
        moves = member.role.moves if member else ()
        given_back = any(
            entry.who == address and entry.detail["state"] == "rejected" for entry in self.told(ANSWERED)
        )
        return (*moves, GIVEN_BACK) if given_back else moves


def plural(number: int, thing: str) -> str:
    """ "1 click", "2 clicks"."""
    return f"{number} {thing}" + ("" if number == 1 else "s")
