"""What the people read of pages, and what the reps' webhooks accept."""

import hmac
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from nurture.demo.diary import Diary, read_diary
from nurture.demo.forms import fill_in, read_forms
from nurture.demo.hooks import is_signed
from nurture.demo.installation import forget_installation, free_ports

PAGE = """<form method="post"><input type="hidden" name="form_id" value="f1">
<input name="name" value="Ana"><input type="email" value="ana@x.example" readonly>
<select name="size"><option value="">Choose</option><option value="1-10">1</option>
<option value="11-50">2</option></select>
<select name="when"><option value="">Choose</option><option value="now" selected>now</option></select>
<textarea name="need">
</textarea><button>Send</button></form>
<form method="post"><button name="decision" value="accept">Yes</button></form>
<form method="post"><select name="reason"><option value="other">Other</option></select>
<button name="decision" value="reject">No</button></form>"""
KEY = b"k" * 32
SECRET = f"whsec_{b64encode(KEY).decode()}"


def test_a_form_is_filled_in_as_a_browser_would() -> None:
    form = read_forms(PAGE)[0]
    assert fill_in(form, {"size": "11-50", "need": "Help", "name": "", "absent": "x"}) == {
        "form_id": "f1",
        "name": "Ana",
        "size": "11-50",
        "when": "now",
        "need": "Help",
    }


def test_the_button_that_is_pressed_says_which_form_it_was() -> None:
    accept, reject = read_forms(PAGE)[1:]
    assert fill_in(accept, {}) == {"decision": "accept"}
    assert fill_in(reject, {"reason": "not there"}) == {"reason": "other", "decision": "reject"}


def sign(body: bytes, moment: str = "1000", key: bytes = KEY) -> dict[str, str]:
    signature = hmac.new(key, b"id1." + moment.encode() + b"." + body, sha256).digest()
    return {
        "webhook-id": "id1",
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{b64encode(b'old').decode()} v1,{b64encode(signature).decode()}",
    }


def test_a_webhook_is_taken_with_a_right_signature_of_this_moment_only() -> None:
    assert is_signed(SECRET, sign(b"{}"), b"{}", 1010)
    assert not is_signed(SECRET, sign(b"{}"), b"{} ", 1010)
    assert not is_signed(SECRET, sign(b"{}", key=b"j" * 32), b"{}", 1010)
    assert not is_signed(SECRET, sign(b"{}"), b"{}", 2000)
    assert not is_signed(SECRET, sign(b"{}") | {"webhook-id": "id2"}, b"{}", 1010)
    assert not is_signed(SECRET, {}, b"{}", 1010)


def test_a_line_that_is_still_being_written_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "diary.jsonl"
    assert read_diary(file) == ()
    diary = Diary(file)
    diary.write("opened", "a@x.example", verdict="human")
    with file.open("a") as stream:
        stream.write('{"deed": "cli')
    [entry] = read_diary(file)
    assert (entry.deed, entry.who, entry.detail) == ("opened", "a@x.example", {"verdict": "human"})


def test_the_environment_of_another_installation_is_forgotten() -> None:
    environ = {"DATABASE_URL": "x", "SMTP_URL_SALES": "y", "DKIM_DOMAIN": "z", "PATH": "/bin"}
    forget_installation(environ)
    assert environ == {"PATH": "/bin"}


def test_ports_are_different() -> None:
    assert len(set(free_ports(5))) == 5
