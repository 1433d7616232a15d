import os
import re
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

import nurture.core
from nurture.core.inbound.quotation import cut

ROOT = Path(__file__).parents[3]
CORPUS = ROOT / os.environ.get("NURTURE_CORPORA", "../shared/corpora") / "replies"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no collection of replies at {CORPUS}")
DATA = Path(nurture.core.__file__).parent / "data"
MARKS = tomllib.loads((DATA / "quotation.toml").read_text("utf-8"))
SIGNATURES = tomllib.loads((DATA / "signature.toml").read_text("utf-8"))


def _samples() -> list[Any]:
    """Name, body and expected new text of each sample in `replies/plain_*.txt`."""
    found: list[tuple[str, list[str], list[str]]] = []
    for path in sorted((Path(__file__).parent / "replies").glob("plain_*.txt")):
        for line in path.read_text("utf-8").split("\n"):
            if line.startswith("@ "):
                found.append((f"{path.stem}: {line[2:]}", [], []))
            elif found and line[:1] in ("+", "-"):
                found[-1][1].append(line[1:])
                found[-1][2].extend([line[1:]] if line[0] == "+" else [])
    return [pytest.param("\n".join(body), "\n".join(new), id=name) for name, body, new in found]


SAMPLES = _samples()


def tidy(text: str) -> str:
    """Blank lines in a row are one, blanks at line ends are none."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()


@needs_corpus
def test_r01_new_text_of_real_replies_is_cut_exactly() -> None:
    files = sorted((CORPUS / "emails").iterdir())
    wrong = [
        path.name
        for path in files
        if cut(path.read_text("utf-8")).new_text.strip()
        != (CORPUS / "trimmed" / path.name).read_text("utf-8").strip()
    ]
    assert len(wrong) <= 0.03 * len(files), wrong


def test_the_samples_are_many() -> None:
    assert len(SAMPLES) >= 240


@pytest.mark.parametrize("body, new", SAMPLES)
def test_r01_new_text_of_every_program_and_language(body: str, new: str) -> None:
    assert tidy(cut(body).new_text) == tidy(new)


@pytest.mark.parametrize("body, new", SAMPLES)
def test_r01_new_text_does_not_depend_on_line_ends(body: str, new: str) -> None:
    assert tidy(cut(body.replace("\n", "\r\n")).new_text) == tidy(new)


@pytest.mark.parametrize("body, new", SAMPLES)
def test_r01_no_line_is_lost_or_made_up(body: str, new: str) -> None:
    parts = cut(body)
    told = "\n".join((parts.new_text, parts.quoted_text, parts.signature))
    lines = {line.strip() for line in told.split("\n")}
    assert lines <= {line.strip() for line in body.split("\n")} | {""}
    assert {line.strip() for line in body.split("\n") if any(c.isalnum() for c in line)} <= lines


@pytest.mark.parametrize("row", MARKS["attribution"], ids=lambda row: row["language"])
def test_r01_the_line_above_a_quotation_is_known_in_every_language(row: dict[str, Any]) -> None:
    assert cut(f"My words.\n\n{row['example']}\n> old words").new_text == "My words."
    assert cut(f"My words.\n\n{row['example']}\n\nold words, not marked").new_text == "My words."
    assert cut(f"{row['example']}\n> old words\n\nMy words.").new_text == "My words."


@pytest.mark.parametrize("row", MARKS["attribution"], ids=lambda row: row["language"])
@pytest.mark.parametrize("width", [30, 45, 60, 76])
def test_r01_the_line_above_a_quotation_may_be_wrapped_anywhere(row: dict[str, Any], width: int) -> None:
    place = row["example"].rfind(" ", 8, width)
    wrapped = f"{row['example'][:place]}\n{row['example'][place + 1 :]}" if place > 0 else row["example"]
    assert cut(f"My words.\n\n{wrapped}\n\n> old words").new_text == "My words."


@pytest.mark.parametrize("word", MARKS["separator"]["words"])
def test_r01_the_line_above_another_mail_is_known_in_every_language(word: str) -> None:
    assert cut(f"My words.\n\n----- {word.title()} -----\nold words").new_text == "My words."


@pytest.mark.parametrize("word", MARKS["marker"]["words"])
def test_r01_nothing_is_new_below_the_line_of_a_help_desk(word: str) -> None:
    assert cut(f"My words.\n\n## {word} ##\n\nold words").new_text == "My words."


@pytest.mark.parametrize("line", [b + "X" if b.endswith(" ") else b for b in SIGNATURES["program"]["begins"]])
def test_r01_the_line_of_a_phone_or_an_app_is_a_signature(line: str) -> None:
    assert cut(f"My words.\n\n{line.capitalize()}").new_text == "My words."
    assert cut(f"My words.\n\n{line}\n\n> old words").signature == line


@pytest.mark.parametrize("closing", ["Kind regards,", "Mit freundlichen Grüßen", "Cordialement", "Saludos,"])
def test_the_closing_is_new_text_and_no_own_text(closing: str) -> None:
    parts = cut(f"Please send an offer.\n\n{closing}\nBob Ross\nCEO\n+49 30 123456")
    assert parts.new_text.endswith("+49 30 123456")
    assert parts.own_text == "Please send an offer."
    assert parts.signature == f"{closing}\nBob Ross\nCEO\n+49 30 123456"


def test_own_text_is_without_notices_and_banners() -> None:
    parts = cut(
        "CAUTION: This email originated from outside of the organization.\n\nNo, thanks.\n\n"
        "This email and any attachments are confidential. Unsubscribe from them."
    )
    assert parts.own_text.strip() == "No, thanks."


@pytest.mark.parametrize("text", ["Thank you!", "Hi Ann,\n\nThank you!\n\nBob", "Thanks"])
def test_thanks_alone_is_no_closing(text: str) -> None:
    assert "Thank" in cut(text).own_text


def test_what_follows_the_closing_is_own_text_when_it_says_something() -> None:
    assert "PS" in cut("No, thanks.\n\nRegards\nBob\n\nPS: What does it cost?").own_text


def test_r01_answers_between_quotations_are_kept_with_them_but_only_the_own_words_count() -> None:
    text = "> How much may it cost?\n\nNothing.\n\n> Shall we remove you?\n\nYes.\n"
    found = cut(f"See below.\n\n{text}")
    assert "Nothing." in found.new_text
    assert "How much" in found.new_text
    assert "How much" not in found.own_text


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote: nothing new happened.\nMore of mine.",
        "To do:\n- one\n- two",
        "From: what I see it works.\nYes.",
        "-- \nyes, call me",
        "--\n--\n--\nyes",
        "Sent from my phone: yes, send the offer",
        "Sent from my iPhone\n\nyes, send the offer",
        "On Mon, Feb 1, 2016 at 6:32 PM, Ann <ann@example.org> wrote:\nmine, below",
        "From: Ann <ann@example.org>\nSent: Monday 1\nSubject: x\n\nmine, below",
        "## Please type your reply above this line ##\n\nmine, below",
        "> only a quotation",
        "\ufeffyes",
    ],
)
def test_r01_new_text_is_never_empty_when_there_are_words(text: str) -> None:
    assert cut(text).new_text


@pytest.mark.parametrize("text", ["", "\n\n", " \u00a0\n\t", "\u200b"])
def test_no_words_give_no_text(text: str) -> None:
    assert cut(text).new_text.strip() == ""


def test_two_hundred_replies_a_second() -> None:
    bodies = [param.values[0] for param in SAMPLES]
    begin = time.process_time()
    for body in bodies:
        cut(str(body))
    assert len(bodies) / (time.process_time() - begin) >= 200


def test_the_rest_of_a_wrapped_quoted_line_is_no_own_text() -> None:
    quoted = "> You may always take yourself off this list by a click here, and we would"
    parts = cut(f"Yes.\n\n{quoted}\nnever write again\n> to you.\n\nSend me an offer.")
    assert parts.own_text.split() == ["Yes.", "Send", "me", "an", "offer."]
