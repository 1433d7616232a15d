"""Real processes under a real supervisor, each test in a folder of its own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]


UP = """
import sys
from pathlib import Path
from nurture.embedded.postgres import postgres_part
from nurture.embedded.supervisor import Supervisor, lock_folder
from nurture.embedded.valkey import valkey_part
folder = Path(sys.argv[1])
with lock_folder(folder), Supervisor() as supervisor:
    supervisor.start(postgres_part(folder / "postgres"))
    supervisor.start(valkey_part(folder / "valkey"))
    print("all up")
    supervisor.run_forever()
"""


@pytest.fixture
def data_folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@contextmanager
def open_folder() -> Iterator[Path]:
    """Not tmp_path: as root, pytest closes that to the user PostgreSQL runs as."""
    folder = Path(tempfile.mkdtemp(prefix="nurture-test-", dir="/tmp"))
    try:
        yield folder / "data"
    finally:
        # A server that is still ending makes files while the folder goes.
        shutil.rmtree(folder, ignore_errors=True)


class Script:
    """A Python script in a process of its own; its output goes to a file."""

    def __init__(self, output: Path, source: str, *arguments: str) -> None:
        self.output = output
        self._known: list[psutil.Process] = []
        with open(output, "wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-c", source, *arguments],
                cwd=ROOT,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )

    def says(self, text: str, seconds: float = 30) -> None:
        """Waits until the output holds `text`."""
        wait_until(lambda: text in self.text() or self.process.poll() is not None, seconds)
        assert text in self.text(), self.text()

    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def family(self) -> list[psutil.Process]:
        """The processes below it; they are remembered, to be ended after the test."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        self._known += found
        return found

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        if self.process.poll() is None:
            self.family()
            self.send(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for process in self._known:
            if process.is_running():
                process.kill()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Script]]:
    """Starts scripts, and ends them after the test."""
    scripts: list[Script] = []

    def start(source: str, *arguments: str) -> Script:
        scripts.append(Script(tmp_path / f"output-{len(scripts)}", source, *arguments))
        return scripts[-1]

    yield start
    for script in scripts:
        script.end()


@pytest.fixture
def up(run: Callable[..., Script]) -> Callable[[Path], Script]:
    """Starts PostgreSQL and Valkey on a folder, and returns when both answer."""

    def start(folder: Path) -> Script:
        script = run(UP, str(folder))
        script.says("all up")
        return script

    return start


@dataclass(frozen=True)
class Running:
    folder: Path
    script: Script


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Both servers, for the tests of a module that leave them as they are; PGPORT set to mislead them."""
    with open_folder() as folder:
        source = "import os; os.environ['PGPORT'] = '6543'\n" + UP
        script = Script(tmp_path_factory.mktemp("running") / "output", source, str(folder))
        try:
            script.says("all up")
            yield Running(folder, script)
        finally:
            script.end()


@pytest.fixture
def until() -> Callable[..., None]:
    return wait_until


def wait_until(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Polls; fails when it does not hold in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.02)
