"""Conditions as a marketer writes them, and what they become."""

from datetime import timedelta

import pytest

from nurture.core.rule import (
    AllOf,
    AnyOf,
    AttributeIn,
    Counted,
    GradeAtLeast,
    NoneOf,
    ScoreAtLeast,
)

CONDITIONS = {
    "clicked": Counted("click"),
    "replied": Counted("reply"),
    "{opened: 3}": Counted("open", at_least=3),
    "{clicked: {at_least: 2, within: 14 days, distinct_mails: true}}": Counted(
        "click", at_least=2, within=timedelta(days=14), distinct_mails=True
    ),
    "{clicked: {since: welcome}}": Counted("click", since="welcome"),
    "{asked_for: pricing}": Counted("pricing_request"),
    "{asked_for: [demo, trial]}": AnyOf((Counted("demo_request"), Counted("trial_request"))),
    "{asked_for: [meeting, information]}": AnyOf(
        (Counted("meeting_request"), Counted("information_request"))
    ),
    "{asked_for: {what: pricing, within: 90s}}": Counted("pricing_request", within=timedelta(seconds=90)),
    "{shared_timeline: {within: 2 weeks}}": Counted("timeline_shared", within=timedelta(weeks=2)),
    "{interested: {within: 4 hours}}": Counted("interested", within=timedelta(hours=4)),
    "not_now": Counted("not_now"),
    "{score: 40}": ScoreAtLeast(40),
    "{score: 2.5}": ScoreAtLeast(2.5),
    "{grade: b}": GradeAtLeast("B"),
    "{attribute: {name: country, in: [NO, on]}}": AttributeIn("country", ("NO", "on")),
    "{attribute: {name: country, in: NO}}": AttributeIn("country", ("NO",)),
    "{attribute: role}": AttributeIn("role"),
    "{all: [clicked, {any: [replied, {none: [not_interested]}]}]}": AllOf(
        (Counted("click"), AnyOf((Counted("reply"), NoneOf((Counted("not_interested"),)))))
    ),
}


@pytest.mark.parametrize("written", CONDITIONS)
def test_a_condition_of_a_rule(desk, written):
    desk.change("rules.yaml", "{clicked: {since: welcome}}", written)
    assert desk.load().rules[0].when == CONDITIONS[written]


def test_a_branch_reads_the_same_conditions(desk):
    branch = "- branch: {when: {all: [{score: 5}, {clicked: {since: welcome}}]}, then: [end]}"
    desk.change("sequences/drip.yaml", "- wait: 3 days", branch)
    found = desk.load().sequence("drip").step("branch-2")
    assert found.when == AllOf((ScoreAtLeast(5), Counted("click", since="welcome")))
