"""Turns itself into a command that cannot outlive the process which started it.

Run by path (`child_command` builds the line), so it imports the standard library alone. A wrapper that
execs is safe where `preexec_fn` is not: the supervisor has threads.
"""

import ctypes
import os
import pwd
import signal
import sys

# `os.execvp` imports it late, when the user we became may not be allowed to read our Python.
import warnings  # noqa: F401
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
SAME_USER = "-"


def main(arguments: Sequence[str]) -> None:
    """Arguments: PARENT_PID DEATH_SIGNAL USER -- COMMAND…; USER `-` keeps the user."""
    parent, death_signal, user, _separator, *command = arguments
    for reset in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(reset, signal.SIG_DFL)
    if user != SAME_USER:
        become(user)
    die_with_parent(int(parent), int(death_signal))
    try:
        os.execvp(command[0], command)  # noqa: S606
    except OSError as error:
        sys.exit(f"cannot run {command[0]}: {error}")


def child_command(command: Sequence[str], *, death_signal: int, user: str | None = None) -> list[str]:
    """The line that runs `command` as a child of this process, which must be the one that starts it.

    The kernel sends the death signal when the *thread* that forked ends: start it from the main thread,
    or wait for it in the thread that starts it.
    """
    wrapper = [sys.executable, "-I", "-S", __file__]
    return [*wrapper, str(os.getpid()), str(int(death_signal)), user or SAME_USER, "--", *command]


def become(user: str) -> None:
    """Gives up this process's user for another; its working folder may be closed to that user."""
    account = pwd.getpwnam(user)
    os.initgroups(user, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    os.chdir("/")


def die_with_parent(parent: int, death_signal: int) -> None:
    """Asks the kernel for `death_signal` when `parent` dies; exits when it is dead already.

    To be called after a change of user, which clears the request. Without `prctl` (macOS) only the
    second half holds.
    """
    prctl = getattr(ctypes.CDLL(None, use_errno=True), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the process that started this one is gone")


if __name__ == "__main__":
    main(sys.argv[1:])
