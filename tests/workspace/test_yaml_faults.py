"""Every wrong line of the workspace's YAML is named by file and line, and says what to change."""

import pytest

RULES, SEQUENCE, GENERAL, STAGES, TEAM = (
    "rules.yaml", "sequences/drip.yaml", "workspace.yaml", "stages.yaml", "team.yaml",
)  # fmt: skip

WHEN, WAIT, LENGTH = "{clicked: {since: welcome}}", "- wait: 3 days", "wait: 3 days"

FAULTS = {
    # names of keys and things
    "unknown-key": (GENERAL, "contact_cap: 2", "contact_kap: 2", 6, "did you mean 'contact_cap'?"),
    "unknown-key-no-near": (SEQUENCE, "priority: 5", "zzz: 5", 3, "unknown key 'zzz': use name, priority"),
    "missing-key": (GENERAL, "company: Acme Ltd\n", "", 1, "the key 'company' is missing"),
    "missing-key-in-list": (TEAM, "    email: kim@acme.example\n", "", 2, "the key 'email' is missing"),
    "duplicate-key": (GENERAL, "tracking: off", "company: Other", 7, "'company' is there already (line 2)"),
    "empty-value": (GENERAL, "company: Acme Ltd", "company:", 2, "this is empty"),
    "list-for-value": (GENERAL, "company: Acme Ltd", "company: [Acme]", 2, "write one value here"),
    "value-for-list": (STAGES, "stages:\n", "stages: none\nx:\n", 1, "write a list here"),
    "value-for-keys": (
        GENERAL,
        'window: {days: [mon, fri], from: "09:00", to: 17:00}',
        "window: day",
        5,
        "keys with",
    ),
    "bad-name": (STAGES, "name: prospect", "name: Big Fish", 3, "such as 'big-fish'"),
    "unknown-stage": (
        RULES,
        "to: prospect",
        "to: prospct",
        4,
        "unknown stage 'prospct': did you mean 'prospect'?",
    ),
    "unknown-origin": (
        RULES,
        "from: [lead]",
        "from: [lead, zzz]",
        3,
        "unknown stage 'zzz': use lead, opportunity",
    ),
    "unknown-sequence": (STAGES, "sequence: drip", "sequence: drop", 2, "did you mean 'drip'?"),
    "unknown-mail": (
        SEQUENCE,
        "email: again",
        "email: agan",
        7,
        "unknown mail 'agan': did you mean 'again'?",
    ),
    "unknown-rep": (
        TEAM,
        "Customer.example: kim",
        "Customer.example: tim",
        6,
        "unknown rep 'tim': did you mean 'kim'?",
    ),
    "duplicate-stage": (
        STAGES,
        "name: opportunity",
        "name: prospect",
        4,
        "the stage 'prospect' is there already (line 3)",
    ),
    "duplicate-owner": (TEAM, "Customer.example: kim", "a.example: kim\n  A.example: kim", 7, "one owner"),
    "duplicate-step": (
        SEQUENCE,
        "email: again",
        "email: welcome",
        7,
        "the step 'welcome' is there already (line 5)",
    ),
    # values
    "bad-duration": (SEQUENCE, LENGTH, "wait: soon", 6, "'3 days'"),
    "fraction-duration": (SEQUENCE, LENGTH, "wait: 1.5 days", 6, "write a whole number and a unit"),
    "no-wait": (SEQUENCE, LENGTH, "wait: 0 days", 6, "more than nothing"),
    "long-wait": (SEQUENCE, LENGTH, "wait: 9999999 weeks", 6, "at most 1095 days"),
    "bad-weekday": (
        GENERAL,
        "days: [mon, fri]",
        "days: [mon, frei]",
        5,
        "'frei' is no weekday: did you mean 'fri'?",
    ),
    "weekday-twice": (GENERAL, "days: [mon, fri]", "days: [mon, Monday]", 5, "same thing twice"),
    "no-weekday": (GENERAL, "days: [mon, fri]", "days: []", 5, "this list is empty"),
    "bad-clock": (GENERAL, "to: 17:00", "to: 24:30", 5, "'24:30' is no time of day"),
    "bad-zone": (GENERAL, "Europe/London", "Europe/Lodnon", 4, "did you mean 'Europe/London'?"),
    "zone-path": (GENERAL, "Europe/London", "../../etc/passwd", 4, "unknown time zone"),
    "bad-address": (GENERAL, "hello@acme.example", "hello@acme", 12, "'hello@acme' is no e-mail address"),
    "bad-rep-address": (TEAM, "kim@acme.example", "kim acme.example", 3, "is no e-mail address"),
    "bad-domain": (TEAM, "Customer.example", "https://customer.example/", 6, "is no domain"),
    "bad-webhook": (
        TEAM,
        "display_name: Kim",
        "display_name: Kim\n    webhook: crm.example",
        5,
        "is no web address",
    ),
    "bad-tracking": (GENERAL, "tracking: off", "tracking: all", 7, "use individual, off"),
    "bad-switch": (GENERAL, "skip_holidays: no", "skip_holidays: maybe", 8, "use false, no"),
    "bad-cap": (GENERAL, "contact_cap: 2", "contact_cap: 0", 6, "a whole number from 1 to 100"),
    "no-postal-address-l07": (GENERAL, "1 Long Street, London", "''", 3, "every mail must show it"),
    "postal-address-key-l07": (
        GENERAL,
        "postal_address: 1 Long Street, London\n",
        "",
        1,
        "'postal_address' is missing",
    ),
    "no-mailboxes": (GENERAL, "mailboxes:\n", "mailboxes: []\nx:\n", 10, "this list is empty"),
    "mailbox-hyphen": (GENERAL, "name: hello", "name: hel-lo", 11, "write 'hel_lo'"),
    "header-words": (GENERAL, "display_name: Acme", "display_name: =?utf-8?q?a=0ABcc?=", 13, "remove '=?'"),
    "header-lines": (TEAM, "display_name: Kim", 'display_name: "Kim\\nBcc: x"', 4, "in one line"),
    # rules
    "own-target": (RULES, "to: prospect", "to: lead", 4, "from 'lead' to itself"),
    "rule-since": (
        RULES,
        "since: welcome",
        "since: welcom",
        6,
        "unknown step 'welcom': did you mean 'welcome'?",
    ),
    "rule-since-nowhere": (RULES, "from: [lead]", "from: [opportunity]", 6, "have no sequence"),
    "no-reason": (RULES, "    reason: Reads our mails.\n", "", 2, "the key 'reason' is missing"),
    "unknown-condition": (RULES, WHEN, "{clikced: 2}", 6, "did you mean 'clicked'?"),
    "two-conditions": (RULES, WHEN, "{clicked: 2, score: 4}", 6, "under 'all:' or 'any:'"),
    "bare-score": (RULES, WHEN, "score", 6, "write 'score:' with its value"),
    "empty-any": (RULES, WHEN, "{any: []}", 6, "this list is empty"),
    "bad-request": (RULES, WHEN, "{asked_for: pricng}", 6, "did you mean 'pricing'?"),
    "bad-grade": (RULES, WHEN, "{grade: G}", 6, "'G' is not known here"),
    "bad-score": (RULES, WHEN, "{score: high}", 6, "'high' is no number"),
    "bad-count": (RULES, "since: welcome", "at_least: 0", 6, "a whole number from 1 to 1000"),
    "bad-within": (RULES, "since: welcome", "within: 14", 6, "is no duration"),
    "unknown-count-key": (RULES, "since: welcome", "whithin: 2 days", 6, "did you mean 'within'?"),
    "bad-attribute": (RULES, "attribute: country", "attribute: Country Name", 12, "is no attribute"),
    "unknown-points": (RULES, "clicked: 5", "clicks: 5", 9, "did you mean 'clicked'?"),
    "letters-unsorted": (RULES, "{A: 20, B: 10}", "{A: 10, B: 20}", 13, "A highest"),
    "letter-f": (RULES, "{A: 20, B: 10}", "{A: 20, F: 10}", 13, "unknown key 'F'"),
    # sequences
    "no-mail": (
        SEQUENCE,
        "  - email: welcome\n  - wait: 3 days\n  - email: again\n",
        "  - wait: 1 day\n",
        5,
        "no mail",
    ),
    "no-steps": (SEQUENCE, "steps:\n", "steps: []\nx:\n", 4, "there are no steps here"),
    "unknown-step": (SEQUENCE, WAIT, "- wiat: 3 days", 6, "unknown step 'wiat': did you mean 'wait'?"),
    "unknown-bare-step": (SEQUENCE, WAIT, "- stop", 6, "unknown step 'stop'"),
    "bare-step": (SEQUENCE, WAIT, "- wait", 6, "write 'wait:' with its value"),
    "two-steps": (SEQUENCE, "  - email: again", "    email: again", 6, "wait and email at once"),
    "unreachable": (SEQUENCE, WAIT, "- end", 7, "never reached"),
    "unreachable-branch": (
        SEQUENCE,
        WAIT,
        "- branch: {when: clicked, then: [end], else: [end]}",
        7,
        "never reached",
    ),
    "empty-branch": (SEQUENCE, WAIT, "- branch: {when: clicked}", 6, "changes nothing"),
    "bad-task": (SEQUENCE, WAIT, "- task: {kind: cal, subject: Hi}", 6, "did you mean 'call'?"),
    "since-later": (
        SEQUENCE,
        WAIT,
        "- branch: {when: {clicked: {since: again}}, then: [end]}",
        6,
        "comes later (line 7)",
    ),
    "since-elsewhere": (
        SEQUENCE,
        WAIT,
        "- branch: {when: {clicked: {since: hello}}, then: [end]}",
        6,
        "unknown step 'hello'",
    ),
    # YAML itself
    "syntax": (GENERAL, "company: Acme Ltd", "company: Acme: Ltd", 2, "not valid YAML (mapping values"),
    "open-quote": (TEAM, "name: kim", "name: 'kim", 7, "not valid YAML"),
    "tab": (TEAM, "    email:", "\temail:", 3, "indented with a tab"),
    "anchor": (STAGES, "name: lead", "name: &a lead", 2, "anchors (&) and aliases (*) are not allowed"),
    "alias": (STAGES, "name: lead", "name: *a", 2, "anchors (&) and aliases (*) are not allowed"),
    "tag": (STAGES, "name: lead", "name: !!python/name:os.system lead", 2, "tags (!) are not allowed"),
    "second-document": (STAGES, "stages:\n", "a: 1\n---\nstages:\n", 2, "not valid YAML"),
    "depth": (RULES, WHEN, "[" * 60 + "]" * 60, 6, "levels deep"),
    "control": (
        TEAM,
        "display_name: Kim",
        "display_name: Kim\x07",
        4,
        "remove the control character '\\x07'",
    ),
    "merge-key": (STAGES, "name: lead", "<<: {}, name: lead", 2, "unknown key '<<'"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_names_file_line_and_cure(desk, case):
    file, old, new, line, cure = FAULTS[case]
    desk.change(file, old, new)
    found = [fault for fault in desk.faults() if (fault.file, fault.line) == (file, line)]
    assert any(cure in fault.message for fault in found), desk.faults()


NOT_ALONE = {"value-for-list", "no-mailboxes", "no-steps", "no-mail", "bad-name"}


@pytest.mark.parametrize("case", sorted(FAULTS.keys() - NOT_ALONE))
def test_one_mistake_makes_one_fault(desk, case):
    file, old, new, *_ = FAULTS[case]
    desk.change(file, old, new)
    assert len(desk.faults()) == 1, desk.faults()
