"""The people of the demonstration, their contact list, and when they do what."""

from pathlib import Path
from random import Random

import pytest

from nurture import places
from nurture.core.people.column import choose_columns
from nurture.core.people.contact import BadRow, read_contact
from nurture.core.people.csv_reader import guess_encoding, read_rows
from nurture.demo.cast import Member, Rep, canonical, load_cast, make_cast, make_members, save_cast
from nurture.demo.contact_list import compose_list, count_bad_rows
from nurture.demo.diary import ANSWERED, Entry
from nurture.demo.personas import GIVEN_BACK, PERSONAS, persona
from nurture.demo.reactions import Memory, delay, react, unfinished
from nurture.workspace.load import load_workspace


def test_the_same_seed_makes_the_same_people_and_another_makes_others() -> None:
    assert make_members(30, 1) == make_members(30, 1) != make_members(30, 2)


def test_everybody_has_an_address_of_their_own_in_its_canonical_form() -> None:
    members = make_members(500, 3)
    assert len({member.address for member in members}) == 500
    assert all(canonical(member.address) == member.address for member in members)
    assert {member.persona for member in members} == {role.name for role in PERSONAS}


def test_one_spelling_for_an_address() -> None:
    assert canonical(" <Ana.Silva@XN--GRNE-BCKEREI-LCB54A.Example>") == "ana.silva@grüne-bäckerei.example"


def test_the_recipients_read_the_cast_that_was_written(tmp_path: Path) -> None:
    cast = make_cast(make_members(25, 1), [Rep("tom", "tom@sales.example", "http://127.0.0.1:9/hooks/tom")])
    save_cast(cast, tmp_path / "cast.json")
    assert load_cast(tmp_path / "cast.json") == cast
    assert persona("keen") is persona(next(m.persona for m in cast.members if m.address == cast.given_back))


@pytest.mark.parametrize("seed", range(5))
def test_the_contact_list_holds_everybody_and_rows_that_must_be_refused(seed: int) -> None:
    members = make_members(60, seed)
    raw = compose_list(members, seed)
    rows = read_rows([raw], guess_encoding([raw]))
    columns = choose_columns(next(rows).cells, {})
    found, refused = {}, 0
    for row in rows:
        try:
            contact = read_contact(row.cells, columns, ("lead", "prospect", "opportunity"))
        except BadRow:
            refused += 1
        else:
            refused += contact.email in found
            found[contact.email] = contact
    assert set(found) == {member.address for member in members}
    assert refused == count_bad_rows(members)
    assert {found[m.address].attributes["employees"] for m in members if m.role.fits} == {"51-200"}


def test_the_personas_expect_what_the_shipped_rules_can_give() -> None:
    workspace = load_workspace(places.workspace(), places.templates() / "email")
    moves = {(o, rule.target, rule.name) for rule in workspace.rules for o in rule.origins}
    expected = {(move.origin, move.target, move.rule) for role in PERSONAS for move in role.moves}
    assert expected <= moves
    assert GIVEN_BACK.rule not in {rule.name for rule in workspace.rules}


def test_acts_begin_with_their_mail_once_and_sweeps_with_every_mail() -> None:
    role, memory = persona("behind-gateway"), Memory()
    first, second = (react(role, memory, in_thread=False, priced=False) for _ in range(2))
    assert [act.does for act in first] == ["sweep", "read"]
    assert [act.does for act in second] == ["sweep"]


def test_acts_wait_for_the_mail_they_are_meant_for() -> None:
    buyer, memory = persona("buyer"), Memory()
    begun = [react(buyer, memory, in_thread=False, priced=priced) for priced in (False, False, True, True)]
    assert [[act.does for act in acts] for acts in begun] == [["read"], ["read"], ["ask"], []]
    follower, memory = persona("follow-up"), Memory(mails=1, begun={0})
    assert [act.does for act in react(follower, memory, in_thread=False, priced=False)] == []
    assert [act.does for act in react(follower, memory, in_thread=True, priced=False)] == ["reply"]


def test_it_is_not_finished_before_everybody_acted_and_every_handoff_was_answered() -> None:
    cast = make_cast([Member("a@x.example", "A", "B", "C", "", "asks-by-reply")], [])
    assert len(unfinished(cast, {}, [])) == 2
    memories = {"a@x.example": Memory(1, {0})}
    assert len(unfinished(cast, memories, [])) == 1
    assert unfinished(cast, memories, [Entry(ANSWERED, 0.0, "a@x.example")]) == []


def test_readers_and_gateways_keep_their_time_in_a_crowd() -> None:
    random = Random(1)
    reading, sweeping = persona("reader").acts[0], persona("gateway").acts[0]
    replying = persona("keen").acts[0]
    assert all(10 < delay(reading, 1000, random) < 12 for _ in range(100))
    assert all(delay(sweeping, 1000, random) < 1 for _ in range(100))
    assert max(delay(replying, 1000, random) for _ in range(100)) > 20
