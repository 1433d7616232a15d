"""The program as its users run it: `nurture up` and the commands, each a process of its own."""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import yaml

from nurture.embedded.child import child_command
from nurture.embedded.postgres import database_url

ROOT = Path(__file__).parents[1]
OUR_VARIABLES = re.compile(
    r"SMTP_URL.*|DATABASE_URL|REDIS_URL|SECRET_KEY.*|\w+_LISTEN|BASE_URL|DATA_DIR|BOUNCE_DOMAIN|TRUSTED_PROXIES"
    r"|WEBHOOK_\w+|DKIM_\w+|JUDGE_SETTLE_SECONDS|LOG_LEVEL"
)
STARTED = re.compile(r"part started +part=(\S+) pid=(\d+)")


class Installation:
    """One data folder, and `nurture up` on it whenever it is started; ports are free ones."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.data = folder / "data"
        self.web_port, self.lmtp_port = free_port(), free_port()
        inherited = {name: value for name, value in os.environ.items() if not OUR_VARIABLES.fullmatch(name)}
        listen = {"WEB_LISTEN": f"127.0.0.1:{self.web_port}", "LMTP_LISTEN": f"127.0.0.1:{self.lmtp_port}"}
        self._environ = {**inherited, **listen, "PYTHONUNBUFFERED": "1", **environ}
        self._log = folder / "up.log"
        self._known: list[psutil.Process] = []
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.web_port}"

    def launch(self) -> subprocess.Popen[bytes]:
        """`nurture up`, without waiting; its output goes to the log."""
        line = child_command(self._line("up"), death_signal=signal.SIGTERM)
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                line, cwd=ROOT, env=self._environ, stdout=log, stderr=subprocess.STDOUT
            )
        return self.process

    def start(self) -> None:
        """`nurture up` until it says that everything is up."""
        process = self.launch()
        wait_until(lambda: "Nurture is up" in self.log() or process.poll() is not None, 40, self.log)
        assert process.poll() is None, self.log()

    def stop(self) -> int:
        """SIGTERM; its exit status, once it is gone."""
        assert self.process is not None
        self.family()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def end(self) -> None:
        """Ends it and whatever it should not have left behind."""
        if self.process is not None and self.process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                self.stop()
            self.process.kill()
            self.process.wait()
        for process in self._known:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command on the same data, to its end."""
        return subprocess.run(
            self._line(*arguments),
            cwd=ROOT,
            env=self._environ | {"NO_COLOR": "1", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def do(self, *arguments: str) -> str:
        """The output of a command that succeeds."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def import_contacts(self, *rows: str) -> None:
        """Imports rows of address, given name, family name, company."""
        file = self.data.parent / "contacts.csv"
        file.write_text("email,first name,last name,company\n" + "\n".join(rows) + "\n", encoding="utf-8")
        assert f"{len(rows)} new" in self.do("contacts", "import", str(file))

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """The database's answer to a query."""
        url = database_url(self.data / "postgres").replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(url) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def answers(self) -> bool:
        """Whether the database takes connections."""
        with suppress(psycopg.OperationalError):
            return bool(self.rows("SELECT 1"))
        return False

    def log(self) -> str:
        """What `nurture up` has said since its last start."""
        return self._log.read_text(errors="replace") if self._log.exists() else "not started"

    def part_pids(self) -> dict[str, int]:
        """The process of each part, as the log tells of its last start."""
        return {name: int(pid) for name, pid in STARTED.findall(self.log())}

    def family(self) -> list[psutil.Process]:
        """Everything below the supervisor; remembered, to be ended after the test."""
        assert self.process is not None
        found = psutil.Process(self.process.pid).children(recursive=True)
        self._known += found
        return found

    def _line(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "nurture.cli", *arguments, "--data", str(self.data)]


@contextmanager
def new_folder() -> Iterator[Path]:
    """Not pytest's: as root, that is closed to the user PostgreSQL runs as."""
    folder = Path(tempfile.mkdtemp(prefix="nurture-test-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def write_workspace(folder: Path, **changes: dict[str, Any]) -> Path:
    """The shipped workspace, mailing around the clock; `changes` replace keys of a file (`/` as `__`)."""
    copied = folder / "workspace"
    shutil.copytree(ROOT / "config" / "workspace", copied)
    always = {"window": {"days": DAYS, "from": "00:00", "to": "00:00"}, "skip_holidays": False}
    changes = {"workspace": {**always, "contact_cap": 100, **changes.pop("workspace", {})}, **changes}
    for name, values in changes.items():
        file = copied / f"{name.replace('__', '/').replace('_', '-')}.yaml"
        content = yaml.safe_load(file.read_text(encoding="utf-8")) | values
        file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return copied


def make_certificate(file: Path, name: str) -> None:
    """Writes a key and a certificate, signed by itself, for the host `name`."""
    request = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={name}"
    command = ["openssl", *request.split(), "-keyout", str(file), "-out", f"{file}.certificate"]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    with file.open("ab") as joined:
        joined.write(Path(f"{file}.certificate").read_bytes())
    file.chmod(0o600)


DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def free_port() -> int:
    """A port that nothing listens on, below those that the kernel gives to other tests' connections."""
    while True:
        port = random.randrange(12_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def wait_until(holds: Callable[[], object], seconds: float, say: Callable[[], str] = lambda: "") -> float:
    """Polls; the seconds it took. Fails when it does not hold in time."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"not within {seconds:g} s\n{say()[-6000:]}"
        time.sleep(0.05)
    return time.monotonic() - began
