"""The recipients and the reps, as a process of their own that knows the program only from outside.

python -m nurture.demo.recipients --cast cast.json --diary diary.jsonl --mailbox http://127.0.0.1:8025
    --lmtp 127.0.0.1:2400 --hooks 9000

They read the mailbox, do what their persona does, and write down what they did. Once all is done they
write "finished"; from then on they only write down what still arrives. WEBHOOK_SECRET checks webhooks.
"""

import argparse
import heapq
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

from nurture.demo import diary as diaries
from nurture.demo.cast import Cast, canonical, load_cast
from nurture.demo.deeds import Person
from nurture.demo.diary import Diary, read_diary
from nurture.demo.hooks import HookServer
from nurture.demo.post_office import PostOffice
from nurture.demo.reactions import Memory, delay, react, unfinished
from nurture.demo.received import Received
from nurture.demo.reps import Desk

POLL_SECONDS: Final = 0.1
REP_SECONDS: Final = (1.0, 2.5)
HANDS: Final = 16


@dataclass(slots=True)
class Town:
    """Everybody at once: what is to be done when, and the hands that do it."""

    cast: Cast
    diary: Diary
    diary_file: Path
    people: dict[str, Person]
    desks: dict[str, Desk]
    random: Random
    memories: dict[str, Memory] = field(default_factory=dict)
    plans: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=count)
    running: list[Future[None]] = field(default_factory=list)
    finished: bool = False

    def take(self, mail: Received) -> None:
        """Give a mail to whom it is for."""
        address = canonical(mail.recipient)
        if address in self.desks:
            self._take_handoff(self.desks[address], mail)
            return
        self.diary.write(
            diaries.GOT,
            address,
            at=mail.at,
            seq=mail.seq,
            message_id=mail.message_id,
            in_reply_to=mail.in_reply_to,
            subject=mail.subject,
            prices=mail.prices,
        )
        person = self.people.get(address)
        if person is not None and not self.finished:
            self._plan_acts(person, mail)

    def work(self, hands: ThreadPoolExecutor) -> None:
        """Begin what is due; note when all is done."""
        while self.plans and self.plans[0][0] <= time.time():
            self.running.append(hands.submit(self._do, heapq.heappop(self.plans)[2]))
        self.running = [future for future in self.running if not future.done()]
        if not (self.finished or self.plans or self.running):
            self._look_whether_finished()

    def _take_handoff(self, desk: Desk, mail: Received) -> None:
        desk.note(mail)
        self._plan(mail.at + self.random.uniform(*REP_SECONDS), lambda: desk.answer(mail))

    def _plan_acts(self, person: Person, mail: Received) -> None:
        memory = self.memories.setdefault(person.member.address, Memory())
        acts = react(person.member.role, memory, in_thread=bool(mail.in_reply_to), priced=bool(mail.prices))
        for act in acts:
            at = mail.at + delay(act, len(self.people), self.random)
            self._plan(at, lambda act=act: person.do(act, mail))  # type: ignore[misc]

    def _plan(self, at: float, deed: Callable[[], None]) -> None:
        heapq.heappush(self.plans, (at, next(self.numbers), deed))

    def _do(self, deed: Callable[[], None]) -> None:
        try:
            deed()
        except Exception as error:
            # Whatever it was, the comparison must tell of it.
            self.diary.write(diaries.FAULT, text=f"{type(error).__name__}: {error}")

    def _look_whether_finished(self) -> None:
        if not unfinished(self.cast, self.memories, read_diary(self.diary_file)):
            self.finished = True
            self.diary.write(diaries.FINISHED)


def main() -> None:
    """Live until SIGTERM."""
    options = _parse()
    diary = Diary(options.diary)
    if options.diary.exists():
        diary.write(diaries.FAULT, text="the recipients' process ended and was started again")
    hooks = HookServer(options.hooks, os.environ["WEBHOOK_SECRET"], diary)
    threading.Thread(target=hooks.serve_forever, name="hooks", daemon=True).start()
    town = _town(load_cast(options.cast), diary, options.diary, options.lmtp)
    _live(town, PostOffice(options.mailbox))


def _live(town: Town, office: PostOffice) -> None:
    with ThreadPoolExecutor(HANDS, thread_name_prefix="hand") as hands:
        while True:
            for mail in office.new_mails():
                town.take(mail)
            town.work(hands)
            time.sleep(POLL_SECONDS)


def _town(cast: Cast, diary: Diary, diary_file: Path, lmtp: tuple[str, int]) -> Town:
    people = {
        member.address: Person(member, number, diary, lmtp) for number, member in enumerate(cast.members)
    }
    desks = {canonical(rep.address): Desk(rep, number, cast, diary) for number, rep in enumerate(cast.reps)}
    return Town(cast, diary, diary_file, people, desks, Random(len(people)))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m nurture.demo.recipients", description=__doc__)
    parser.add_argument("--cast", type=Path, required=True, help="who plays, as the demonstration wrote it")
    parser.add_argument("--diary", type=Path, required=True, help="where they write down what they do")
    parser.add_argument("--mailbox", required=True, help="the URL of the development mailbox")
    parser.add_argument("--lmtp", type=_host_and_port, required=True, help="HOST:PORT of `nurture inbound`")
    parser.add_argument("--hooks", type=int, required=True, help="the port of the reps' webhooks")
    return parser.parse_args()


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


if __name__ == "__main__":
    main()
