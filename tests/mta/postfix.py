"""A Postfix of our own: configuration, queue and mailboxes in one folder, one port on loopback."""

import grp
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from nurture.embedded.child import child_command
from tests.installation import free_port, make_certificate, wait_until

MAIN = """
compatibility_level = 3.6
myhostname = mx.acme.example
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
disable_dns_lookups = yes
smtpd_peername_lookup = no
queue_directory = {folder}/queue
data_directory = {folder}/lib
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
queue_run_delay = 1s
minimal_backoff_time = 1s
smtpd_tls_security_level = may
smtpd_tls_cert_file = {folder}/tls.pem
smtpd_tls_key_file = {folder}/tls.pem
smtpd_tls_received_header = yes
virtual_mailbox_domains = acme.example
virtual_mailbox_maps = texthash:{folder}/mailboxes
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
transport_maps = texthash:{folder}/transport
"""
# The second server, of another domain, refuses everybody: the first has taken the mail by then.
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{dead_port} inet n - n - - smtpd
  -o myhostname=mx.dead.example
  -o {{ smtpd_recipient_restrictions = check_recipient_access static:{{550 5.1.1 nobody here by that name}} }}
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    """Mail servers of the domains `acme.example` (Maildirs), `dead.example` (bounces) and `ours` (LMTP)."""

    folder: Path
    port: int

    def inbox(self, name: str) -> list[EmailMessage]:
        """The mails in the Maildir of NAME@acme.example, oldest first."""
        files = sorted((self.folder / "mail" / name / "new").glob("*"), key=lambda file: file.stat().st_mtime)
        return [BytesParser(policy=policy.default).parsebytes(file.read_bytes()) for file in files]

    def log(self) -> str:
        """What Postfix has logged."""
        file = self.folder / "mail.log"
        return file.read_text(errors="replace") if file.exists() else "nothing logged"


@contextmanager
def running_postfix(
    folder: Path, mailboxes: tuple[str, ...], ours: tuple[str, ...], lmtp_port: int
) -> Iterator[Postfix]:
    """Postfix for the length of the block, in the existing empty `folder`; it does not outlive us."""
    postfix = Postfix(folder, free_port())
    _configure(postfix, mailboxes, ours, lmtp_port)
    subprocess.run(["postfix", "-c", str(folder), "check"], check=True, capture_output=True, timeout=30)
    master = subprocess.run(
        ["postconf", "-c", str(folder), "-h", "daemon_directory"], check=True, capture_output=True, text=True
    ).stdout.strip()
    line = child_command([f"{master}/master", "-c", str(folder), "-s"], death_signal=signal.SIGTERM)
    process = subprocess.Popen(line, start_new_session=True, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: "daemon started" in postfix.log(), 10, postfix.log)
        yield postfix
    finally:
        process.terminate()
        process.wait(10)


def _configure(postfix: Postfix, mailboxes: tuple[str, ...], ours: tuple[str, ...], lmtp_port: int) -> None:
    folder, user = postfix.folder, pwd.getpwnam("nobody")
    (folder / "queue").mkdir()
    for name, owner in (("lib", "postfix"), ("mail", "nobody")):
        (folder / name).mkdir()
        shutil.chown(folder / name, owner, grp.getgrgid(pwd.getpwnam(owner).pw_gid).gr_name)
    dead_port = free_port()
    transport = [f"{domain} lmtp:inet:127.0.0.1:{lmtp_port}" for domain in ours]
    transport.append(f"dead.example smtp:[127.0.0.1]:{dead_port}")
    files = {
        "main.cf": MAIN.format(folder=folder, uid=user.pw_uid, gid=user.pw_gid),
        "master.cf": MASTER.format(port=postfix.port, dead_port=dead_port),
        "transport": "\n".join([*transport, ""]),
        "mailboxes": "".join(f"{name}@acme.example {name}/\n" for name in mailboxes),
    }
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    make_certificate(folder / "tls.pem", "mx.acme.example")
