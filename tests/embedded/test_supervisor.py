"""The supervisor with small parts of our own."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from nurture.embedded.supervisor import Part, PartFailed, Supervisor

IMPORTS = """
import signal, sys
from pathlib import Path
from nurture.embedded.supervisor import Part, Supervisor
folder = Path(sys.argv[1])
def part(name, source, **more):
    return Part(name, [sys.executable, "-c", "import os, signal, time; " + source, str(folder)], **more)
"""


def test_a_part_that_ends_is_started_again_with_growing_delays(
    run: Callable[..., Any], until: Callable[..., None], tmp_path: Path
) -> None:
    lives = tmp_path / "lives"
    run(
        IMPORTS
        + f"""
with Supervisor() as supervisor:
    supervisor.start(Part("short", ["/bin/sh", "-c", "date +%s.%N >> {lives}"]))
    supervisor.run_forever()
""",
        str(tmp_path),
    )
    until(lambda: lives.exists() and len(lives.read_text().split()) >= 4)
    first, second, third, fourth = map(float, lives.read_text().split()[:4])
    assert second - first >= 0.2
    assert third - second >= 0.4
    assert fourth - third >= 0.8


def test_parts_stop_last_started_first(run: Callable[..., Any], tmp_path: Path) -> None:
    script = run(
        IMPORTS
        + """
source = (
    "import sys\\nfrom pathlib import Path\\n"
    "def end(*_):\\n Path(sys.argv[1], 'ends').open('a').write(NAME); sys.exit()\\n"
    "signal.signal(signal.SIGTERM, end); Path(sys.argv[1], NAME).touch(); signal.pause()"
)
with Supervisor() as supervisor:
    for name in "abc":
        supervisor.start(part(name, f"NAME = {name!r}; " + source))
    while not all((folder / name).exists() for name in "abc"): pass
    print("all up")
    supervisor.run_forever()
""",
        str(tmp_path),
    )
    script.says("all up")
    script.send(signal.SIGTERM)
    assert script.process.wait(10) == 0
    assert (tmp_path / "ends").read_text() == "cba"


STUBBORN = (
    IMPORTS
    + """
source = (
    "import sys; from pathlib import Path; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "child = os.fork(); child or os.setsid(); Path(sys.argv[1], str(os.getpid())).touch(); time.sleep(600)"
)
with Supervisor() as supervisor:
    supervisor.start(part("stubborn", source, stop_seconds=float(sys.argv[2])))
    while len(list(folder.glob("[0-9]*"))) < 2: pass
    print("both up")
    supervisor.run_forever()
"""
)


def test_what_ignores_the_stop_is_killed_with_its_children_in_other_sessions(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "pids").mkdir()
    script = run(STUBBORN, str(tmp_path / "pids"), "0.5")
    script.says("both up")
    family = script.family()
    assert len(family) == 2
    script.send(signal.SIGTERM)
    assert script.process.wait(10) == 0
    assert psutil.wait_procs(family, 5)[1] == []


def test_a_second_ctrl_c_kills_at_once(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "pids").mkdir()
    script = run(STUBBORN, str(tmp_path / "pids"), "600")
    script.says("both up")
    family = script.family()
    script.send(signal.SIGINT)
    deadline = time.monotonic() + 20
    while script.process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
        script.send(signal.SIGINT)
    assert script.process.wait(5) == 0
    assert psutil.wait_procs(family, 5)[1] == []


def test_what_a_dead_part_left_in_its_group_is_killed_before_the_next_start(
    run: Callable[..., Any], until: Callable[..., None], tmp_path: Path
) -> None:
    left = tmp_path / "left"
    script = run(
        IMPORTS
        + """
source = (
    "import sys\\nif os.fork(): time.sleep(0.1); os._exit(3)\\n"
    "open(sys.argv[1] + '/left', 'a').write(f'{os.getpid()}\\\\n'); time.sleep(600)"
)
with Supervisor() as supervisor:
    supervisor.start(part("leaver", source))
    supervisor.run_forever()
""",
        str(tmp_path),
    )
    until(lambda: left.exists() and len(left.read_text().splitlines()) >= 2, 20)
    first = int(left.read_text().splitlines()[0])
    until(lambda: not psutil.pid_exists(first) or psutil.Process(first).status() == psutil.STATUS_ZOMBIE, 5)
    assert script.process.poll() is None


def test_children_die_with_a_killed_supervisor(run: Callable[..., Any], until: Callable[..., None]) -> None:
    script = run(
        IMPORTS
        + """
with Supervisor() as supervisor:
    for number in range(3):
        supervisor.start(part(str(number), "time.sleep(600)"))
    print("all up")
    supervisor.run_forever()
""",
        "unused",
    )
    script.says("all up")
    family = script.family()
    assert len(family) == 3
    script.send(signal.SIGKILL)
    assert psutil.wait_procs(family, 5)[1] == []


def test_a_part_that_never_gets_ready_is_a_clear_error() -> None:
    broken = Part("broken", [sys.executable, "-c", "raise SystemExit(3)"], ready=lambda: time.sleep(60))
    with pytest.raises(PartFailed, match="broken ended 5 times"), Supervisor() as supervisor:
        supervisor.start(broken)


def test_a_ready_that_gives_up_is_a_clear_error_and_the_part_is_stopped() -> None:
    def give_up() -> None:
        raise OSError("no answer")

    part = Part("mute", ["sleep", "600"], ready=give_up)
    with pytest.raises(PartFailed, match="mute did not get ready: no answer"), Supervisor() as supervisor:
        supervisor.start(part)
    assert not [p for p in psutil.Process().children() if p.name() == "sleep"]


def test_a_signal_during_the_start_ends_the_waiting() -> None:
    part = Part("slow", ["sleep", "600"], ready=lambda: time.sleep(30))
    started = time.monotonic()
    with Supervisor() as supervisor:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
        supervisor.start(part)
        assert supervisor.stopping
        supervisor.start(Part("never", ["/nonexistent"]))
        supervisor.run_forever()
    assert time.monotonic() - started < 10
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_start_outside_the_main_thread_is_refused() -> None:
    errors: list[BaseException] = []

    def start() -> None:
        try:
            Supervisor().start(Part("any", ["sleep", "600"]))
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(errors[0])


def test_env_adds_to_the_environment(tmp_path: Path, until: Callable[..., None]) -> None:
    seen = tmp_path / "seen"
    command = ["/bin/sh", "-c", f'echo "$PATH|$EXTRA" > {seen}; sleep 600']
    with Supervisor() as supervisor:
        supervisor.start(Part("env", command, {"EXTRA": "more"}))
        until(lambda: seen.exists() and seen.read_text().endswith("\n"))
    assert seen.read_text() == f"{os.environ['PATH']}|more\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_part_runs_as_its_user_and_still_dies_with_the_supervisor(
    run: Callable[..., Any], until: Callable[..., None]
) -> None:
    script = run(
        IMPORTS
        + """
with Supervisor() as supervisor:
    supervisor.start(Part("guest", ["sleep", "600"], user="nobody"))
    supervisor.run_forever()
""",
        "unused",
    )
    until(lambda: [process.name() for process in script.family()] == ["sleep"])
    family = script.family()
    assert family[0].username() == "nobody"
    script.send(signal.SIGKILL)
    assert psutil.wait_procs(family, 5)[1] == []
