"""A real SMTP server that answers by script, for the moments a well-behaved one never has."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

DROP = "drop"  # closes the connection
STALL = "stall"  # keeps silent until the server ends
USUAL = {"EHLO": "250-here\r\n250 SIZE 1000000", "DATA": "354 go on", "QUIT": "221 bye"}

Script = Callable[[str], str | None]


class MailServer:
    """Serves each connection in a thread. `script` gets every command, "GREETING" and "." (the final dot).

    It returns a reply, DROP or STALL, or None for the usual good one; it may do other things meanwhile.
    """

    def __init__(self, script: Script = lambda command: None) -> None:
        self.script = script
        self.delivered: list[str] = []
        self.raw: list[bytes] = []
        self.commands: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.ended = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]

    def count(self, verb: str) -> int:
        return sum(command.startswith(verb) for command in self.commands)

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines, contextlib.suppress(OSError):
            if self._answer(connection, "GREETING", "220 ready"):
                self._talk(connection, lines)

    def _talk(self, connection: socket.socket, lines: Any) -> None:
        recipient = ""
        for line in lines:
            text = line.decode().strip()
            verb = text[:4].upper()
            command = verb + text[4:]
            if verb == "RCPT":
                recipient = command.partition("<")[2].partition(">")[0]
            reply = self._answer(connection, command, USUAL.get(verb, "250 2.0.0 fine"))
            if reply.startswith("354") and not self._take(connection, lines, recipient):
                return
            if not reply or verb == "QUIT":
                return

    def _take(self, connection: socket.socket, lines: Iterable[bytes], recipient: str) -> bool:
        message = b""
        for line in lines:
            if line == b".\r\n":
                return bool(self._answer(connection, ".", "250 2.0.0 queued", (recipient, message)))
            message += line.removeprefix(b".")
        return False

    def _answer(
        self, connection: socket.socket, command: str, usual: str, mail: tuple[str, bytes] | None = None
    ) -> str:
        """The reply that was sent; empty where the connection is to end. A `mail` is kept before its 250."""
        self.commands.append(command)
        reply = self.script(command) or usual
        if reply == STALL:
            self.ended.wait(30)
        if reply in (DROP, STALL):
            return ""
        if mail and reply.startswith("250"):
            self.delivered.append(mail[0])
            self.raw.append(mail[1])
        connection.sendall(f"{reply}\r\n".encode())
        return reply
