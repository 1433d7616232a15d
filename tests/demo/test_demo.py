"""The demonstration itself, small: everything runs for real, and both sides say the same."""

import json
import subprocess
import sys
from pathlib import Path


def test_a_small_demonstration_has_no_differences(tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "nurture.cli", "demo", "--exit", "--contacts", "8"),
        *("--json", str(tmp_path / "demo.json"), "--data", str(tmp_path / "data")),
    ]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=170)
    told = json.loads((tmp_path / "demo.json").read_text()) if (tmp_path / "demo.json").exists() else {}
    # How fast it is depends on what else the machine does; what is true does not.
    assert [line for line in told["differences"] if "promised" not in line] == [], outcome.stdout
    assert told["duplicates"] == 0
    assert told["opens"]["unknown"] == told["clicks"]["unknown"] == 0
    assert {handoff["state"] for handoff in told["handoffs"]} == {"accepted", "rejected"}
    assert outcome.returncode == (1 if told["differences"] else 0)
