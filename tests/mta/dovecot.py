"""A Dovecot of our own: one user, Maildirs in one folder, one port on loopback."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imapclient import IMAPClient

from nurture.embedded.child import child_command
from nurture.mail.imap_account import ImapAccount, parse_imap_url
from tests.installation import free_port, make_certificate, wait_until

CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/tls.pem
ssl_key = <{folder}/tls.pem
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
mailbox_list_index = no
maildir_stat_dirs = yes
{extra}
passdb {{
  driver = static
  args = password=it%%is/secret
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""
# The next version is configured in another language.
VERSION = "2.3"
NO_IDLE = "imap_capability = IMAP4rev1 LITERAL+ SASL-IR UIDPLUS"


def is_there() -> bool:
    """Whether the Dovecot of `VERSION` is installed."""
    if shutil.which("dovecot") is None:
        return False
    told = subprocess.run(["dovecot", "--version"], capture_output=True, text=True, timeout=30)
    return told.stdout.startswith(f"{VERSION}.")


@dataclass
class Dovecot:
    """An IMAP server; user `sales` has the password `it%is/secret`."""

    folder: Path
    port: int
    tls_port: int
    process: subprocess.Popen[bytes] | None = None

    def account(self, options: str = "", *, scheme: str = "imap") -> ImapAccount:
        """The account, with the options of the URL."""
        port = self.tls_port if scheme == "imaps" else self.port
        return parse_imap_url(
            "main", f"{scheme}://sales:it%25is%2Fsecret@127.0.0.1:{port}/INBOX?{options}".rstrip("?")
        )

    @contextmanager
    def client(self) -> Iterator[IMAPClient]:
        """Somebody else's mail program in the same mailbox."""
        with IMAPClient("127.0.0.1", self.port, ssl=False, timeout=10) as client:
            client.login("sales", "it%is/secret")
            yield client

    def put(self, *mails: bytes, folder: str = "INBOX") -> None:
        """Let mails arrive."""
        with self.client() as client:
            for mail in mails:
                client.append(folder, mail)

    def start(self) -> None:
        line = child_command(
            ["dovecot", "-c", str(self.folder / "dovecot.conf"), "-F"], death_signal=signal.SIGTERM
        )
        self.process = subprocess.Popen(line, start_new_session=True, stdin=subprocess.DEVNULL)
        wait_until(self._answers, 10, self.log)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)

    def log(self) -> str:
        """What Dovecot has logged."""
        file = self.folder / "dovecot.log"
        return file.read_text(errors="replace") if file.exists() else "nothing logged"

    def _answers(self) -> bool:
        try:
            with self.client():
                return True
        except OSError:
            return False


@contextmanager
def running_dovecot(folder: Path, extra: str = "") -> Iterator[Dovecot]:
    """Dovecot for the length of the block, in the existing empty `folder`; it does not outlive us."""
    dovecot = Dovecot(folder, free_port(), free_port())
    user = pwd.getpwnam("nobody")
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", user.pw_uid, user.pw_gid)
    os.chmod(folder, 0o755)  # noqa: S103
    make_certificate(folder / "tls.pem", "localhost")
    (folder / "dovecot.conf").write_text(
        CONFIGURATION.format(
            folder=folder,
            uid=user.pw_uid,
            gid=user.pw_gid,
            port=dovecot.port,
            tls_port=dovecot.tls_port,
            extra=extra,
        ),
        encoding="utf-8",
    )
    try:
        dovecot.start()
        yield dovecot
    finally:
        dovecot.stop()
