"""`nurture inspect` on a bare install: no settings, no database, no data folder."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nurture.cli.inspecting import inspect

ROOT = Path(__file__).parents[2]
REPLY = """From: Ann Roe <ann@example.org>
Subject: Re: Your plan
Content-Type: text/plain; charset=utf-8

How much is it for 40 seats?\x1b]0;x\x07

--
Ann

On Mon, Feb 9, 2026 at 9:00 AM Us <us@ours.example> wrote:
> Our offer
"""
AWAY = """From: Ann <ann@example.org>
Subject: Automatic reply: Your plan
Auto-Submitted: auto-replied

I am out of the office until Thursday. Please contact kim@example.org.
"""
BOUNCE = """From: MAILER-DAEMON@example.org
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; bob@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b--
"""
FIELDS = [
    *("file", "kind", "recipients", "delayed", "new_text", "quoted_text", "signature", "intents"),
    *("return_date", "alternative_contacts", "language", "evidence"),
]


def told(*arguments: str, stdin: str = "", status: int = 0) -> list[dict[str, Any]]:
    done = CliRunner().invoke(inspect, [*arguments, "--json"], input=stdin)
    assert done.exit_code == status, done.output
    return [json.loads(line) for line in done.stdout.split("\n")[:-1]]


@pytest.fixture
def mails(tmp_path: Path) -> list[str]:
    texts = {"reply.eml": REPLY, "away.eml": AWAY, "bounce.eml": BOUNCE}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return [str(tmp_path / name) for name in texts]


def test_one_object_a_line_for_each_file(mails: list[str]) -> None:
    reply, away, bounce = told("mail", *mails, "--now", "2026-02-10")
    assert [list(one) for one in (reply, away, bounce)] == [FIELDS] * 3
    assert [one["file"] for one in (reply, away, bounce)] == mails
    assert [one["kind"] for one in (reply, away, bounce)] == ["reply", "out_of_office", "bounce"]
    (intent,) = [intent for intent in reply["intents"] if intent["name"] == "pricing_request"]
    assert intent["because"]
    assert 0 < intent["confidence"] <= 1
    assert (reply["language"], "Our offer" in reply["quoted_text"]) == ("en", True)
    assert (away["return_date"], away["alternative_contacts"]) == ("2026-02-12", ["kim@example.org"])
    assert "auto-submitted: auto-replied" in away["evidence"]
    (recipient,) = bounce["recipients"]
    assert recipient["address"] == "bob@example.org"
    assert (recipient["status"], recipient["reply_code"], recipient["hard"]) == ("5.1.1", "550", True)
    assert {"diagnostic", "reason"} <= recipient.keys()


def test_dates_of_intents_are_told() -> None:
    (one,) = told("mail", "-", "--body", "--now", "2026-02-10T09:00:00+01:00", stdin="Not before September.")
    assert [i["date"] for i in one["intents"] if i["name"] == "not_now"] == ["2026-09-01"]
    assert one["file"] == "-"


def test_a_body_is_no_message(tmp_path: Path) -> None:
    file = tmp_path / "body.txt"
    file.write_text("Subject: unsubscribe\n\nHow much is it?")
    assert told("mail", str(file))[0]["intents"][0]["name"] == "unsubscribe_request"
    assert told("mail", str(file), "--body")[0]["new_text"].startswith("Subject: unsubscribe")


def test_what_cannot_be_opened_is_named_and_the_rest_done(mails: list[str], tmp_path: Path) -> None:
    files = [str(tmp_path / "none\x1b.eml"), mails[0], str(tmp_path)]
    done = CliRunner().invoke(inspect, ["mail", *files, "--json"])
    assert done.exit_code == 1
    assert [json.loads(line)["file"] for line in done.stdout.splitlines()] == [mails[0]]
    first, second = done.stderr.splitlines()
    assert "none\\x1b.eml: No such file" in first
    assert str(tmp_path) in second


def test_what_cannot_be_parsed_is_told_with_status_0(tmp_path: Path) -> None:
    file = tmp_path / "odd.eml"
    file.write_bytes(bytes(range(256)))
    (one,) = told("mail", str(file))
    assert (one["kind"], bool(one["evidence"])) == ("other", True)


def test_x05_without_json_the_mail_is_readable_and_harmless(mails: list[str]) -> None:
    said = CliRunner().invoke(inspect, ["mail", *mails]).output
    assert "kind: reply" in said
    assert "address bob@example.org" in said
    assert r"How much is it for 40 seats?\x1b]0;x\x07" in said
    assert "\x1b" not in said


def test_a_moment_that_is_none_is_refused(mails: list[str]) -> None:
    done = CliRunner().invoke(inspect, ["mail", *mails, "--now", "tomorrow"])
    assert (done.exit_code, "ISO 8601" in done.output) == (2, True)


def test_b06_agents_are_judged_one_a_line(tmp_path: Path) -> None:
    file = tmp_path / "agents.txt"
    browser = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/143.0.0.0 Safari/537.36"
    )
    file.write_text(f"curl/8.5.0\n{browser}\n")
    machine, person = told("agents", str(file))
    assert (machine["agent"], machine["verdict"]) == ("curl/8.5.0", "machine")
    assert (person["agent"], person["verdict"] != "machine") == (browser, True)


def test_b01_hits_are_judged_one_a_line(tmp_path: Path) -> None:
    hit = {"message": "m", "sent_at": "2026-02-10T09:00:00Z", "at": "2026-02-10T09:00:03Z", "kind": "click"}
    file = tmp_path / "hits.jsonl"
    file.write_text(f"{json.dumps(hit)}\nno json\n")
    judged, refused = told("hits", str(file))
    assert (judged["message"], judged["verdict"], bool(judged["reasons"])) == ("m", "machine", True)
    assert (refused["line"], "error" in refused) == (2, True)


def test_it_runs_on_a_bare_install_and_leaves_nothing(mails: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "nurture.cli", "inspect", "mail", *mails, "--json"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 3
    assert list(folder.iterdir()) == []
