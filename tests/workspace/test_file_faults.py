"""Faults of whole files: missing, empty, unreadable, too large, misspelt; and all faults together."""

import pytest

GENERAL, STAGES, RULES, TEAM = "workspace.yaml", "stages.yaml", "rules.yaml", "team.yaml"
SEQUENCE = "sequences/drip.yaml"


@pytest.mark.parametrize("file", [GENERAL, STAGES, RULES, TEAM])
def test_a_missing_file_is_one_fault(desk, file):
    (desk.folder / file).unlink()
    assert desk.the_fault() == (file, 1, "this file is missing: add it")


@pytest.mark.parametrize("text", ["", "  \n\n", "# nothing but a comment\n"])
def test_an_empty_file_is_one_fault(desk, text):
    desk.write(STAGES, text)
    assert desk.the_fault() == (STAGES, 1, "this file is empty: fill it or remove it")


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_that_is_not_utf_8(desk, encoding):
    desk.write(
        TEAM, "reps:\n  - name: kim\n    email: kim@acme.example\n    display_name: Zoë\n".encode(encoding)
    )
    file, line, message = desk.the_fault()
    assert (file, line) == (TEAM, 1 if encoding == "utf-16" else 4)
    assert "save the file with the encoding UTF-8" in message


def test_a_byte_order_mark_and_windows_line_ends_are_fine(desk):
    text = (desk.folder / TEAM).read_text()
    desk.write(TEAM, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert desk.load().reps[0].name == "kim"


def test_a_file_over_one_megabyte(desk):
    desk.write(RULES, "# " + "x" * 1_000_000)
    file, line, message = desk.the_fault()
    assert (file, line) == (RULES, 1)
    assert "larger than 1,000,000 bytes" in message


def test_an_alias_bomb_is_refused_at_its_first_anchor(desk):
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(8)
    )
    desk.write(TEAM, bomb)
    assert desk.the_fault()[:2] == (TEAM, 1)


def test_misspelt_files_are_noticed(desk):
    desk.write("workspace.yaml", (desk.folder / GENERAL).read_text())
    desk.write("sequences/other.yml", "name: other\n")
    (desk.folder / "rule.yaml").write_text("rules: []\n")
    messages = {fault.file: fault.message for fault in desk.faults()}
    assert messages == {
        "rule.yaml": "unknown file 'rule.yaml': did you mean 'rules.yaml'?",
        "sequences/other.yml": "rename this file to 'other.yaml'",
    }


def test_missing_folders(desk):
    for path in (desk.folder / "sequences").iterdir():
        path.unlink()
    (desk.folder / "sequences").rmdir()
    desk.change(RULES, "{clicked: {since: welcome}}", "clicked")
    assert desk.the_fault()[0] == "sequences"


def test_two_sequences_of_one_name(desk):
    desk.write("sequences/second.yaml", (desk.folder / SEQUENCE).read_text())
    file, line, message = desk.the_fault()
    assert (file, line) == ("sequences/second.yaml", 1)
    assert "the sequence 'drip' is there already" in message


def test_everything_wrong_is_reported_at_once_by_file_and_line(desk):
    desk.change(GENERAL, "company: Acme Ltd", "compny: Acme Ltd")
    desk.change(RULES, "to: prospect", "to: prospct")
    desk.change(SEQUENCE, "wait: 3 days", "wait: long")
    desk.write("again/body.md", "Hello\n\n{{ contact.nam }}\n")
    faults = desk.faults()
    places = [(fault.file, fault.line) for fault in faults]
    assert sorted(places) == [
        ("again/body.md", 3), (RULES, 4), (SEQUENCE, 6), (GENERAL, 1), (GENERAL, 2),
    ]  # fmt: skip


def test_a_fault_reads_like_a_compiler_message(desk):
    desk.change(RULES, "to: prospect", "to: prospct")
    (fault,) = desk.faults()
    assert str(fault) == "rules.yaml:4: unknown stage 'prospct': did you mean 'prospect'?"
