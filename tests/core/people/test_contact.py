import tomllib
import unicodedata
from hashlib import sha256
from importlib.resources import files

import idna
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.core.people.column import BadColumns, choose_columns
from nurture.core.people.contact import BadAddress, BadRow, ContactRow, normalise_address, read_contact
from nurture.core.people.domain_name import account_domain, free_mail_domains, read_domain
from nurture.core.people.name_table import fold, names_of

STAGES = ["lead", "prospect"]


def read(**cells: str) -> ContactRow:
    cells = {"email": "jane@acme.com"} | cells
    return read_contact(list(cells.values()), choose_columns(list(cells), {}), STAGES)


@pytest.mark.parametrize(
    ("written", "email", "key"),
    [
        ("jane@acme.com", "jane@acme.com", "jane@acme.com"),
        ("  Jane.Doe@ACME.Com\n", "Jane.Doe@acme.com", "jane.doe@acme.com"),
        ("o'hara+news@acme.co.uk", "o'hara+news@acme.co.uk", "o'hara+news@acme.co.uk"),
        ("\ufeffjane@acme.com\u200b", "jane@acme.com", "jane@acme.com"),
        ("Jane Doe <jane@acme.com>", "jane@acme.com", "jane@acme.com"),
        ('"Doe, Jane" < jane@acme.com >', "jane@acme.com", "jane@acme.com"),
        ("jane@Bücher.de", "jane@bücher.de", "jane@xn--bcher-kva.de"),
        ("jane@xn--bcher-kva.de", "jane@bücher.de", "jane@xn--bcher-kva.de"),
        ("jane@BU\u0308CHER.DE", "jane@bücher.de", "jane@xn--bcher-kva.de"),
        ("jane@straße.de", "jane@straße.de", "jane@xn--strae-oqa.de"),
        ("jane@acme.ΟΔΟΣ", "jane@acme.οδοσ", "jane@acme.xn--pxavbq"),
        ("jane@例え。テスト", "jane@例え.テスト", "jane@xn--r8jz45g.xn--zckzah"),
        ("Jo\u0308rg@acme.com", "Jörg@acme.com", "jörg@acme.com"),
        ("jane@acme.test", "jane@acme.test", "jane@acme.test"),
    ],
)
def test_an_address_has_one_normal_form(written: str, email: str, key: str) -> None:
    address = normalise_address(written)
    assert (address.email, address.key) == (email, key)
    assert address.hash == sha256(key.encode()).hexdigest()
    assert address.domain == email.rpartition("@")[2]


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", "no address"),
        ("jane", "there is no @"),
        ("@acme.com", "nothing before"),
        ("jane@", "nothing after"),
        ("jane doe@acme.com", "blanks"),
        ("jane\r\nBcc: x@acme.com", "blanks"),
        ("jane\x00@acme.com", "characters that no address"),
        ("jane\u202edoe@acme.com", "characters that no address"),
        ('"jane doe"@acme.com', "characters that no address"),
        ("a@acme.com; b@acme.com", "more than one address"),
        ("a@acme.com, b@acme.com", "more than one address"),
        (".jane@acme.com", "a dot too many"),
        ("jane..doe@acme.com", "a dot too many"),
        ("jane.@acme.com", "a dot too many"),
        ("j" * 65 + "@acme.com", "longer than 64 bytes"),
        ("ü" * 33 + "@acme.com", "longer than 64 bytes"),
        ("jane@acme", "needs an ending"),
        ("jane@acme..com", "a dot too many"),
        ("jane@acme.com.", "a dot too many"),
        ("jane@-acme.com", "hyphens only"),
        ("jane@ac_me.com", "hyphens only"),
        ("jane@[192.0.2.1]", "hyphens only"),
        ("jane@192.0.2.1", "must end in letters"),
        ("jane@" + "a" * 64 + ".com", "longer than 63 bytes"),
        ("jane@" + "a." * 125 + "com", "longer than 25"),
        ("jane@laptop.local", "no mail can reach"),
        ("jane@i❤.ws", "no domain can have"),
        ("jane@xn--bcher-kva0.de", "not valid Punycode"),
        ("jane@xn--bcher-KVA-.de", "not valid Punycode"),
        ("jane@xn--acme-.de", "not valid Punycode"),
        ("jane@xn--bcher-2pa.de", "not valid Punycode"),  # would be bÜcher
        ("jane@xn---zxz.de", "not valid Punycode"),  # another spelling of xn--zxz
        ("jane@ab--c.de", "two hyphens"),
        ("jane@\u0301a.de", "no domain can have"),
        ("\ud800@acme.com", "characters that no address"),
    ],
)
def test_a_bad_address_says_what_to_change(written: str, says: str) -> None:
    with pytest.raises(BadAddress, match=says):
        normalise_address(written)


STEADY = settings(derandomize=True, database=None, deadline=None)
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
LETTERS = st.text("abcXYZ019-._+äÖßéñΣσςжЯ中日한あアابجदक ", max_size=12)


@STEADY
@given(st.one_of(TEXT, LETTERS), st.one_of(TEXT, LETTERS), st.sampled_from(["com", "de", "рф", "TEST1", ""]))
def test_what_is_taken_is_a_valid_address_and_normal(local: str, host: str, ending: str) -> None:
    """The oracles, email-validator and idna, are stricter in what a registry checks: scripts, bidi."""
    try:
        address = normalise_address(f"{local}@{host}.{ending}")
    except BadAddress:
        return
    assert normalise_address(address.email) == address
    assert normalise_address(address.key).hash == address.hash
    if any(unicodedata.bidirectional(letter) in {"R", "AL", "AN"} for letter in address.domain):
        return
    try:
        domain = idna.encode(address.domain, uts46=True).decode()
    except idna.IDNAError:
        return
    assert address.key.endswith(f"@{domain}")
    valid = validate_email(address.email, check_deliverability=False, test_environment=True)
    assert valid.normalized == address.email


@STEADY
@given(st.one_of(TEXT, LETTERS), st.one_of(TEXT, LETTERS))
def test_what_the_oracle_takes_is_taken(local: str, host: str) -> None:
    written = f"{local}@{host}.com"
    try:
        valid = validate_email(written, check_deliverability=False)
    except (EmailNotValidError, UnicodeError):
        return
    if "\u200c" in written or "\u200d" in written:
        return
    assert normalise_address(written).domain == unicodedata.normalize("NFC", valid.domain)


def test_the_domain_stands_for_the_account() -> None:
    assert account_domain("acme.com") == "acme.com"
    assert account_domain("www.acme.com") == account_domain("mail.acme.com") == "acme.com"
    assert account_domain("mail.acme.co.uk") == "acme.co.uk"
    assert account_domain("sales.acme.com") == "sales.acme.com"
    assert account_domain("bücher.de") == "bücher.de"
    assert account_domain("mail.com.au") == "mail.com.au"
    for free in ("gmail.com", "web.de", "t-online.de", "mail.ru", "privaterelay.appleid.com", "eu.gmx.net"):
        assert account_domain(free) is None, free
    assert account_domain("notgmail.com") == "notgmail.com"


def test_every_free_mail_domain_is_a_canonical_domain() -> None:
    lines = (files("nurture.core") / "data" / "free_mail.txt").read_text("utf-8").split()
    assert len(free_mail_domains()) > 300
    assert all(read_domain(domain).text == domain for domain in free_mail_domains())
    assert all(lines.count(domain) == 1 for domain in free_mail_domains())


def test_a_row_becomes_a_contact() -> None:
    row = read(
        email="Jane@Acme.com",
        Vorname=" Jane\n Q. ",
        Nachname="Doe",
        Firma="ACME GmbH",
        title="CTO",
        Land="Deutschland",
        Zeitzone="europe/vienna",
        stage="Prospect",
        **{"Anzahl Mitarbeiter (ca.)": "12", "Notiz": "first\nsecond", "Leer": " "},
    )
    assert row == ContactRow(
        email="Jane@acme.com",
        key="jane@acme.com",
        hash=sha256(b"jane@acme.com").hexdigest(),
        domain="acme.com",
        given_name="Jane Q.",
        family_name="Doe",
        company="ACME GmbH",
        title="CTO",
        country="DE",
        time_zone="Europe/Vienna",
        stage="prospect",
        attributes={"anzahl_mitarbeiter_ca": "12", "notiz": "first\nsecond"},
    )


def test_a_short_row_says_nothing_about_the_rest() -> None:
    columns = choose_columns(["first name", "email", "company", "phone"], {})
    row = read_contact(["Jane", "jane@acme.com"], columns, STAGES)
    assert (row.given_name, row.company, row.stage, row.attributes) == ("Jane", None, None, {})


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"country": "Atlantis"}, "two-letter code"),
        ({"time zone": "CET+1"}, "IANA name"),
        ({"time zone": "localtime"}, "IANA name"),
        ({"time zone": "../../etc/passwd"}, "IANA name"),
        ({"stage": "customer"}, "one of lead, prospect"),
        ({"company": "x" * 201}, "company is longer than 200"),
        ({"phone": "1" * 1001}, "phone is longer than 1000"),
        ({"phone": "ü" * 1001}, "phone is longer than 1000"),
        ({"company": "AC\x07ME"}, "control characters"),
        ({"phone": "1\x1b[2J"}, "control characters"),
        ({"email": "jane"}, "there is no @"),
        ({"email": ""}, "no address"),
    ],
)
def test_a_bad_cell_refuses_its_row(cells: dict[str, str], says: str) -> None:
    with pytest.raises(BadRow, match=says) as refused:
        read(**cells)
    assert refused.value.value == next(iter(cells.values())).strip()[:1001]


def test_a_value_without_a_column_is_not_lost_silently() -> None:
    columns = choose_columns(["email", "company", ""], {})
    assert read_contact(["jane@acme.com", "ACME", " ", "", ""], columns, STAGES).company == "ACME"
    for stray in (["jane@acme.com", "ACME", "Inc"], ["jane@acme.com", "ACME", "", "", "Inc"]):
        with pytest.raises(BadRow, match=f"cell {len(stray)} has a value"):
            read_contact(stray, columns, STAGES)


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        (["E-Mail", "Vorname", "Nachname", "Firma", "Land"], "email given_name family_name company country"),
        (["email address", "first name", "LAST_NAME", "Company"], "email given_name family_name company"),
        (["Courriel", "prénom", "Nom", "Société", "Pays"], "email given_name family_name company country"),
        (["Correo electrónico", "Nombre", "Apellidos"], "email given_name family_name"),
        (["メールアドレス", "会社名"], "email company"),
        (["Электронная почта", "Имя", "Фамилия"], "email given_name family_name"),
        (["Email", "Job Title", "Country/Region", "Time Zone"], "email title country time_zone"),
    ],
)
def test_columns_are_known_by_their_names(header: list[str], fields: str) -> None:
    assert choose_columns(header, {}).fields == tuple(zip(fields.split(), range(len(header)), strict=True))


def test_a_mapping_says_what_columns_mean() -> None:
    header = ["Kontakt", "E-Mail", "電話", "Größe (m)", "Secret", "Company", "Firma"]
    mapping = {" kontakt ": "email", "電話": "phone", "Secret": "-", "Firma": "company", "Company": "group"}
    columns = choose_columns(header, mapping)
    assert dict(columns.fields) == {"email": 0, "company": 6}
    assert dict(columns.attributes) == {"e_mail": 1, "phone": 2, "grosse_m": 3, "group": 5}


@pytest.mark.parametrize(
    ("header", "mapping", "says"),
    [
        (["Kontakt", "Firma"], {}, 'columns are "Kontakt", "Firma".*--map "Kontakt=email"'),
        (["jane@acme.com", "Jane"], {}, "must name the columns"),
        (["Email", "Phone", "phone "], {}, 'Two columns have the same name: "Phone", "phone"'),
        (["Email", "Phone no", "Phone-No"], {}, 'columns "Phone no", "Phone-No" would all be phone_no'),
        (["Email", "Work Email"], {}, 'columns "Email", "Work Email" would all be email'),
        (
            ["Email", "Company", "Firma"],
            {"Firma": "company"},
            'columns "Company", "Firma" would all be company',
        ),
        (["Email"], {"Mail": "email"}, 'There is no column "Mail" to map. The columns are "Email"'),
        (["Email", "X"], {"X": "Bad Name"}, 'cannot be mapped to "Bad Name"'),
        (["Email", "X"], {"X": "x" * 64}, "cannot be mapped"),
        (["Email", "電話"], {}, '--map "電話=phone"'),
        (["Email", "2nd phone"], {}, "cannot be kept under its name"),
        (["", ""], {}, "No column holds the addresses"),
    ],
)
def test_a_bad_header_says_what_to_change(header: list[str], mapping: dict[str, str], says: str) -> None:
    with pytest.raises(BadColumns, match=says):
        choose_columns(header, mapping)


def test_the_name_tables_hold_each_name_once() -> None:
    for table in ("countries", "column_names"):
        text = (files("nurture.core") / "data" / f"{table}.toml").read_text("utf-8")
        entries: dict[str, list[str]] = tomllib.loads(text)
        names = [(fold(name), value) for value, names in entries.items() for name in (value, *names)]
        assert all(names_of(table)[name] == value for name, value in names)


def test_the_countries_are_those_of_iso_3166() -> None:
    table = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text("utf-8").splitlines()
    codes = {line.split("\t")[0] for line in table if not line.startswith("#")}
    assert set(names_of("countries").values()) == codes
    for name, code in {
        "uk": "GB",
        "U.S.A.": "US",
        "gb": "GB",
        "Cote d'Ivoire": "CI",
        "Österreich": "AT",
    }.items():
        assert read(country=name).country == code
