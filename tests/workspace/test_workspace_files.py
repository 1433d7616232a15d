"""A whole workspace, read value by value; and the example that is shipped."""

import re
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from nurture.core.letter.template import compile_template
from nurture.core.score import Criterion, GradeModel, ScoreModel
from nurture.core.sequence import BranchStep, EmailStep, TaskStep, WaitStep
from nurture.core.workspace import Mailbox, Rep, Stage, Window
from nurture.workspace.load import load_workspace
from nurture.workspace.trial import sample_values

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def example():
    return load_workspace(ROOT / "config/workspace", ROOT / "templates/email")


def test_every_value_is_read(desk):
    workspace = desk.load()
    assert replace(workspace, rules=(), sequences=(), mails=()) == replace(
        workspace,
        name="acme",
        company="Acme Ltd",
        postal_address="1 Long Street, London",
        time_zone="Europe/London",
        window=Window(frozenset({0, 4}), time(9), time(17)),
        contact_cap=2,
        tracking="off",
        skip_holidays=False,
        max_lateness=timedelta(hours=4),
        stages=(
            Stage("lead", "Lead", "drip"),
            Stage("prospect", "Prospect", None),
            Stage("opportunity", "Opportunity", None, handoff=True),
        ),
        score=ScoreModel({"click": 5.0, "pricing_request": 40.0}, timedelta(days=30)),
        grade=GradeModel((Criterion("country", ("NO", "SE"), 20),), {"A": 20, "B": 10}),
        reps=(Rep("kim", "kim@acme.example", "Kim"),),
        owners={"customer.example": "kim"},
        mailboxes=(Mailbox("hello", "hello@acme.example", "Acme", 100),),
        rules=(),
        sequences=(),
        mails=(),
    )
    assert workspace.rules[0].origins == ("lead",)
    assert workspace.rules[0].target == "prospect"


def test_what_may_be_left_out(desk):
    text = (desk.folder / "workspace.yaml").read_text()
    for line in ("contact_cap: 2\n", "tracking: off\n", "skip_holidays: no\n", "max_lateness: 4 hours\n"):
        text = text.replace(line, "")
    desk.write("workspace.yaml", text)
    workspace = desk.load()
    assert (workspace.contact_cap, workspace.tracking, workspace.skip_holidays) == (1, "individual", True)
    assert workspace.max_lateness == timedelta(days=2)


def test_reading_twice_gives_the_same(desk):
    assert desk.load() == desk.load()


def test_an_overnight_window_and_a_domain_beyond_ascii(desk):
    desk.change("workspace.yaml", 'from: "09:00", to: 17:00', "from: 22:00, to: 6:00")
    desk.change("team.yaml", "Customer.example", "Bücher.example")
    workspace = desk.load()
    assert (workspace.window.start, workspace.window.end) == (time(22), time(6))
    assert workspace.owners == {"xn--bcher-kva.example": "kim"}


class TestExample:
    def test_it_has_the_three_stages_each_with_a_real_sequence(self, example):
        assert [stage.name for stage in example.stages] == ["lead", "prospect", "opportunity"]
        assert [stage.handoff for stage in example.stages] == [False, False, True]
        for stage in example.stages:
            kinds = {type(step) for step in example.sequence(stage.sequence).steps}
            assert kinds == {EmailStep, WaitStep, TaskStep, BranchStep}
            tasks = [s.task for s in example.sequence(stage.sequence).steps if isinstance(s, TaskStep)]
            assert {"call", "social"} <= set(tasks)

    def test_its_rules_skip_a_stage_and_go_back(self, example):
        moves = {(origin, rule.target) for rule in example.rules for origin in rule.origins}
        assert {
            ("lead", "prospect"),
            ("prospect", "opportunity"),
            ("lead", "opportunity"),
            ("prospect", "lead"),
            ("opportunity", "lead"),
        } <= moves

    def test_every_step_can_be_reached(self, example):
        for sequence in example.sequences:
            named = {sequence.first}
            for step in sequence.steps:
                named |= {step.then, step.otherwise} if isinstance(step, BranchStep) else {step.next}
            assert named - {None} == {step.name for step in sequence.steps}

    def test_every_mail_renders_with_one_to_three_links_and_its_footer(self, example):
        for mail in example.mails:
            values = sample_values(mail.html)
            html = compile_template(mail.html, html=True).render(values)
            text = compile_template(mail.text, html=False).render(values)
            body = html[: html.index('class="footer"')]
            assert 1 <= len(re.findall("<a ", body)) <= 3, mail.name
            assert "https://t.sender.example/unsubscribe_url" in html
            assert "1 Long Street" in text
            assert "{" not in text
            assert "zq0" not in html + text
            assert len(html) < 20_000

    def test_pricing_is_linked_beyond_the_first_stage(self, example):
        for name in ("prospect-evaluation", "opportunity-welcome"):
            mails = [example.mail(mail) for mail in example.sequence(name).mails()]
            assert any(
                "{{ pricing_url }}" in mail.html and "{{ pricing_url }}" in mail.text for mail in mails
            )
            assert {mail.mailbox for mail in mails} == {"sales"}

    def test_its_addresses_are_nobody_s(self, example):
        addresses = [rep.email for rep in example.reps] + [mailbox.address for mailbox in example.mailboxes]
        assert all(address.endswith(".example") for address in addresses)
        for mail in example.mails:
            assert set(re.findall(r"https?://([^/\s\"']+)", mail.html)) <= {
                "www.meridian.example",
                "www.w3.org",
            }


def test_example_env_holds_comments_alone():
    lines = (ROOT / "config/example.env").read_text().splitlines()
    assert all(not line or line.startswith("# ") for line in lines)
