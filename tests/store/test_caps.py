"""Daily caps: exact with any number of workers."""

from datetime import date, timedelta

from nurture.store import caps
from tests.conftest import Sessions
from tests.make import run_together

DAY = date(2026, 3, 4)


def test_a_cap_is_taken_up_to_its_limit(sessions: Sessions) -> None:
    with sessions() as session:
        assert [caps.take(session, "mailbox", "hello", DAY, 3) for _ in range(5)] == [True] * 3 + [False] * 2
        assert caps.used(session, "mailbox", "hello", DAY) == 3


def test_days_keys_and_scopes_are_counted_apart(sessions: Sessions) -> None:
    with sessions() as session:
        assert caps.take(session, "mailbox", "1", DAY, 1)
        assert caps.take(session, "mailbox", "1", DAY + timedelta(days=1), 1)
        assert caps.take(session, "mailbox", "2", DAY, 1)
        assert caps.take(session, "contact", "1", DAY, 1)
        assert not caps.take(session, "contact", "1", DAY, 1)
        assert caps.used(session, "contact", "3", DAY) == 0


def test_a_cap_of_nothing_lets_nothing_through(sessions: Sessions) -> None:
    with sessions() as session:
        assert not caps.take(session, "mailbox", "hello", DAY, 0)
        assert caps.used(session, "mailbox", "hello", DAY) == 0


def test_what_is_given_back_can_be_taken_again(sessions: Sessions) -> None:
    with sessions() as session:
        assert caps.take(session, "mailbox", "hello", DAY, 1)
        caps.give_back(session, "mailbox", "hello", DAY)
        assert caps.take(session, "mailbox", "hello", DAY, 1)
        for _ in range(3):
            caps.give_back(session, "mailbox", "hello", DAY)
        caps.give_back(session, "mailbox", "unheard of", DAY)
        assert caps.used(session, "mailbox", "hello", DAY) == 0


def test_d11_many_workers_take_no_more_than_there_is(sessions: Sessions) -> None:
    def work() -> int:
        taken = 0
        for _ in range(10):
            with sessions() as session:
                taken += caps.take(session, "mailbox", "hello", DAY, 23)
        return taken

    assert sum(run_together(8, work)) == 23


def test_a_rollback_counts_nothing(sessions: Sessions) -> None:
    class Stop(Exception):
        pass

    try:
        with sessions() as session:
            caps.take(session, "mailbox", "hello", DAY, 1)
            raise Stop
    except Stop:
        pass
    with sessions() as session:
        assert caps.take(session, "mailbox", "hello", DAY, 1)
