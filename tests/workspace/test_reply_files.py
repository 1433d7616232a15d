"""`replies.yaml`: what replies lead to, and what is wrong in it, with its line."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from nurture.core.reaction import DEFAULT_ACTIONS, ReplyRules
from nurture.workspace.load import load_workspace

ROOT = Path(__file__).parents[2]


def test_without_the_file_replies_lead_to_what_is_shipped(desk):
    assert desk.load().replies == ReplyRules()


def test_the_example_says_what_is_shipped():
    example = load_workspace(ROOT / "config/workspace", ROOT / "templates/email")
    assert example.replies == ReplyRules()


def test_what_is_written_holds_and_the_rest_is_as_shipped(desk):
    text = "threshold: 0.9\nwait: 30 days\nactions:\n  thanks: wait\n  objection: [pause, signal, review]\n"
    desk.write("replies.yaml", text)
    written = {"thanks": ("wait",), "objection": ("pause", "signal", "review")}
    assert desk.load().replies == ReplyRules(0.9, timedelta(days=30), {**DEFAULT_ACTIONS, **written})


def test_it_is_part_of_what_is_published(desk):
    before = desk.load()
    desk.write("replies.yaml", "threshold: 0.7\n")
    assert desk.load() == replace(before, replies=ReplyRules(threshold=0.7))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("threshold: 0.9\nwait: soon\n", 2, "'soon' is no"),
        ("threshold: 80\n", 1, "a confidence is more than 0 and at most 1: write 0.8, for example"),
        ("threshold: 0\n", 1, "a confidence is more than 0"),
        ("threshhold: 0.8\n", 1, "unknown key 'threshhold': did you mean 'threshold'?"),
        ("actions:\n  positiv: stop\n", 2, "unknown key 'positiv': did you mean 'positive'?"),
        ("actions:\n  positive: [stop, shout]\n", 2, "'shout' is not known here"),
        (
            "actions:\n  positive: [signal]\n",
            2,
            "nothing halts the sequence: write exactly one of pause, stop",
        ),
        ("actions:\n  positive: [stop, wait]\n", 2, "stop and wait do not go together: write exactly one of"),
        ("actions:\n  positive: [stop, signal, signal]\n", 2, "this list says the same thing twice"),
        ("actions:\n  thanks: [pause, signal]\n", 2, "rules know no event for 'thanks': leave 'signal' out"),
        ("actions:\n  thanks: []\n", 2, "this list is empty"),
        ("", 1, "this file is empty"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(desk, text, line, message):
    desk.write("replies.yaml", text)
    file, number, told = desk.the_fault()
    assert (file, number) == ("replies.yaml", line)
    assert message in told
