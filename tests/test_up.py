"""`nurture up` ended in every way: its parts one by one, itself, asked and unasked; and started again."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from nurture.embedded.mailbox import Mailbox
from tests.installation import Installation, new_folder, wait_until, write_workspace
from tests.make import SECRET

pytestmark = pytest.mark.xdist_group("up")
PARTS = ("postgres", "valkey", "shipper", "now", "mail-1", "work", "clock", "inbound", "web")
GONE = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)


@pytest.fixture
def folder() -> Iterator[Path]:
    with new_folder() as folder:
        yield folder


@pytest.fixture
def mailbox(folder: Path) -> Iterator[Mailbox]:
    with Mailbox(folder / "mailbox") as mailbox:
        yield mailbox


@pytest.fixture
def nurture(folder: Path, mailbox: Mailbox) -> Iterator[Installation]:
    installation = Installation(folder, SMTP_URL=f"smtp://127.0.0.1:{mailbox.smtp_port}")
    yield installation
    installation.end()


def test_every_part_may_be_killed_and_the_program_too(
    nurture: Installation, mailbox: Mailbox, folder: Path
) -> None:
    nurture.start()
    nurture.do("workspace", "apply", str(write_workspace(folder)))

    # Each part in turn, faster than they are up again; a mail still goes out.
    for part in PARTS:
        kill_part(nurture, part)
    wait_until(nurture.answers, 15, nurture.log)
    nurture.import_contacts("ada@acme.example,Ada,Doe,Acme")
    await_mail(nurture, mailbox, "ada@acme.example")

    # The supervisor, which can say nothing any more: its family goes with it.
    kill_supervisor(nurture)

    # Again, on what is there.
    nurture.start()
    assert nurture.rows("SELECT count(*) FROM contacts") == [(1,)]
    nurture.import_contacts("eve@acme.example,Eve,Doe,Acme")
    await_mail(nurture, mailbox, "eve@acme.example")

    # A second one on the same folder is told so; the first goes on.
    second = nurture.run("up")
    assert second.returncode == 2
    assert nurture.process is not None
    assert f"is in use by another nurture (process {nurture.process.pid})" in second.stderr
    assert "Traceback" not in second.stderr

    # Asked to end, it ends with everything.
    family = nurture.family()
    assert nurture.stop() == 0
    assert living(family) == []
    assert len({mail.recipients for mail in mailbox.messages()}) == len(mailbox.messages()) == 2


def test_ctrl_c_in_the_middle_of_the_start_leaves_nothing(nurture: Installation) -> None:
    process = nurture.launch()
    wait_until(lambda: "part=postgres" in nurture.log(), 30, nurture.log)
    family = nurture.family()
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0, nurture.log()
    assert "Nurture is up" not in nurture.log() and "Traceback" not in nurture.log()
    assert family and living(family) == []


@pytest.mark.parametrize("variable", ["WEB_LISTEN", "LMTP_LISTEN"])
@pytest.mark.parametrize("command", ["up", "alone"])
def test_a_port_that_is_taken_is_named_and_nothing_is_started(
    folder: Path, variable: str, command: str
) -> None:
    alone = {"WEB_LISTEN": "web", "LMTP_LISTEN": "inbound"}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        nurture = Installation(folder, SMTP_URL="smtp://127.0.0.1:9", SECRET_KEY=SECRET, **{variable: listen})
        done = nurture.run("up" if command == "up" else alone[variable])
    assert done.returncode == 2
    assert done.stderr.startswith(f"nurture: cannot listen on {listen} ({variable}): Address already in use")
    assert "part started" not in done.stdout


def kill_part(nurture: Installation, part: str) -> None:
    """Kills a part and waits until it is started again."""
    killed = nurture.part_pids()[part]
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: nurture.part_pids()[part] != killed, 15, nurture.log)


def kill_supervisor(nurture: Installation) -> None:
    """Kills the supervisor alone and waits until everything it started is gone."""
    family = nurture.family()
    assert len(family) > len(PARTS)
    assert nurture.process is not None
    nurture.process.kill()
    nurture.process.wait()
    wait_until(lambda: not living(family), 10, lambda: str(living(family)))


def await_mail(nurture: Installation, mailbox: Mailbox, to: str) -> None:
    """Waits for the mail to an address."""
    wait_until(lambda: any(to in mail.recipients for mail in mailbox.messages()), 30, nurture.log)


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that are still there."""
    return [process for process in processes if process.is_running() and process.status() not in GONE]
