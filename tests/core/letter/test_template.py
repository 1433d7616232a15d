import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.core.letter.template import (
    MAIL_ROOTS,
    Template,
    TemplateError,
    check_template,
    compile_template,
)

LISTS = {"orders": frozenset({"name", "total"}), "tags": frozenset[str]()}
VALUES: dict[str, object] = {
    "contact": {"given_name": "Ada", "email": "ada@x.example", "attributes": {"plan": "pro", "seats": 3}},
    "company": {"name": "Engine & Sons", "postal_address": None},
    "pricing_url": "https://t.example/p/abc?a=1&b=2",
    "orders": [{"name": "one", "total": 1}, {"name": "<two>", "total": 2}],
    "tags": ["a", "b"],
}


def faults(source: str) -> list[str]:
    return [str(fault) for fault in check_template(source, roots=MAIL_ROOTS, lists=LISTS)]


def compiled(source: str, *, html: bool = False) -> Template:
    return compile_template(source, html=html, lists=LISTS)


def render(source: str, *, html: bool = False, **more: object) -> str:
    return compiled(source, html=html).render({**VALUES, **more})


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("Hello {{ contact.given_name }}!\n", "Hello Ada!\n"),
        ("{{ contact.attributes.plan|upper }}", "PRO"),
        ("{{ contact.attributes.seats }}", "3"),
        ("{{ contact.attributes.none_of_it|default('free') }}", "free"),
        ("{{ contact.attributes.none_of_it|title|default('free', true) }}", "free"),
        ("{{ company.postal_address }}|{{ company.postal_address|upper }}", "|"),
        ("{% if contact.attributes.plan == 'pro' and not company.postal_address %}yes{% endif %}", "yes"),
        ("{% if contact.attributes.plan in ['pro', 'max'] %}a{% elif pricing_url %}b{% endif %}", "a"),
        ("{% if contact.attributes.none_of_it is defined %}a{% else %}b{% endif %}", "b"),
        ("{% if contact.attributes.seats != 3 or contact.title is undefined %}a{% endif %}", "a"),
        ("{% for o in orders %}{{ o.name }}={{ o.total }};{% endfor %}", "one=1;<two>=2;"),
        ("{% for t in tags %}{{ t|upper }}{% else %}-{% endfor %}", "AB"),
        ("{% raw %}{{ x }}{% endraw %}{# hidden #}", "{{ x }}"),
    ],
)
def test_allowed_templates_are_filled_in(source: str, shown: str) -> None:
    assert faults(source) == []
    assert render(source) == shown


@pytest.mark.parametrize("name", [None, "", "  "])
def test_a_blank_name_takes_its_default(name: str | None) -> None:
    assert render("Hi {{ contact.given_name|default('there') }}", contact={"given_name": name}) == "Hi there"
    assert render("Hi {{ contact.given_name|title|default('there') }}", contact={"given_name": name}) == (
        "Hi there"
    )


def test_title_keeps_names_readable() -> None:
    contact = {"given_name": "anne-marie o'neill's"}
    assert render("{{ contact.given_name|title }}", contact=contact) == "Anne-Marie O'neill's"


def test_a_missing_value_is_named() -> None:
    with pytest.raises(TemplateError, match=r"contact\.attributes\.budget has no value .*default"):
        render("{{ contact.attributes.budget }}")
    with pytest.raises(TemplateError, match=r"contact\.attributes\.budget"):
        render("{% if contact.attributes.budget == 'x' %}{% endif %}")
    with pytest.raises(TemplateError, match="unsubscribe_url"):
        render("{{ unsubscribe_url }}")


def test_html_is_escaped_and_text_is_not() -> None:
    class Safe(str):
        def __html__(self) -> str:
            return str(self)

    source = "{{ company.name }} {{ contact.given_name }} {{ contact.title|default('<b>') }}"
    contact = {"given_name": Safe("<script>")}
    assert render(source, contact=contact) == "Engine & Sons <script> <b>"
    assert render(source, html=True, contact=contact) == "Engine &amp; Sons &lt;script&gt; &lt;b&gt;"
    assert render("{{ pricing_url }}", html=True) == "https://t.example/p/abc?a=1&amp;b=2"


@pytest.mark.parametrize("name", ["items", "keys", "get", "pop", "mro"])
def test_x02_attributes_come_from_the_values_and_never_from_python(name: str) -> None:
    assert render(f"{{{{ contact.attributes.{name}|default('none') }}}}") == "none"
    contact = {"attributes": {name: "mine"}}
    assert render(f"{{{{ contact.attributes.{name} }}}}", contact=contact) == "mine"


@pytest.mark.parametrize(
    "source",
    [
        "{{ contact.__class__ }}",
        "{{ contact.attributes.__init__ }}",
        "{{ contact.attributes._private }}",
        "{{ contact.attributes.plan.upper }}",
        "{{ contact.given_name.format }}",
        "{{ contact.given_name.format(contact) }}",
        "{{ contact['given_name'] }}",
        "{{ contact|attr('__class__') }}",
        "{{ contact.given_name|format('%s') }}",
        "{{ contact.given_name|map('upper') }}",
        "{{ contact.given_name|safe }}",
        "{{ contact.given_name|default(contact.email) }}",
        "{{ contact.given_name|default('a' * 10) }}",
        "{{ contact.given_name|default(value='a') }}",
        "{{ contact.given_name|default(*tags) }}",
        "{{ contact.given_name|upper(1) }}",
        "{{ contact.given_name|upper(*tags) }}",
        "{{ contact.given_name|upper(x=1) }}",
        "{{ contact.given_name|default('a', **contact) }}",
        "{{ contact.given_name|default('a', boolean=true) }}",
        "{{ contact }}",
        "{{ contact.attributes }}",
        "{{ orders }}",
        "{{ self }}",
        "{{ self._TemplateReference__context }}",
        "{{ lipsum.__globals__ }}",
        "{{ cycler }}",
        "{{ range(3) }}",
        "{{ dict(a=1) }}",
        "{{ namespace }}",
        "{{ loop.index }}",
        "{{ 'text' }}",
        "{{ 7 * 7 }}",
        "{{ -contact.attributes.seats }}",
        "{{ contact.email ~ contact.email }}",
        "{{ [1] }}",
        "{{ {'a': 1} }}",
        "{{ contact.email if contact.email else contact.title }}",
        "{{ contact.email == 'x' }}",
        "{{ contact.email is defined }}",
        "{{ pricing_url.host }}",
        "{% if contact.email is callable %}{% endif %}",
        "{% if contact.email < 'x' %}{% endif %}",
        "{% if contact.email == contact.title %}{% endif %}",
        "{% if 'a' == contact.email %}{% endif %}",
        "{% if contact.email == 'a' == 'b' %}{% endif %}",
        "{% if contact.email in 'abc' %}{% endif %}",
        "{% if (contact.email)() %}{% endif %}",
        "{% set x = 1 %}",
        "{% set x %}a{% endset %}",
        "{% with x = 1 %}{% endwith %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% from 'x' import y %}",
        "{% extends 'x' %}",
        "{% block x %}{% endblock %}",
        "{% macro x() %}{% endmacro %}",
        "{% call contact() %}{% endcall %}",
        "{% filter upper %}x{% endfilter %}",
        "{% autoescape false %}{% endautoescape %}",
        "{% do x %}",
        "{% for x in contact %}{% endfor %}",
        "{% for x in [1, 2] %}{% endfor %}",
        "{% for x in orders if x %}{% endfor %}",
        "{% for x in orders recursive %}{% endfor %}",
        "{% for x, y in orders %}{% endfor %}",
        "{% for contact in orders %}{% endfor %}",
        "{% for x in orders %}{{ x }}{% endfor %}",
        "{% for x in orders %}{% endfor %}{{ x.name }}",
        "{{ contact.given_name",
        "{% if contact.email %}",
    ],
)
@pytest.mark.parametrize("prefix", ["", "Hello\n{% if contact.email %}", "{{ contact.email|upper }}"])
def test_x02_everything_else_is_refused(source: str, prefix: str) -> None:
    whole = prefix + source + ("{% endif %}" if "if" in prefix else "")
    assert faults(whole)
    with pytest.raises(TemplateError):
        compiled(whole)


def test_x02_faults_say_the_line_and_what_to_change() -> None:
    source = "Hello\n{{ contact.given_nam }}\n\n{{ contct.email }}\n{% set x = 1 %}"
    assert faults(source) == [
        "line 2: `contact.given_nam` is not known: did you mean contact.given_name?",
        "line 4: `contct` is not known here: did you mean contact?",
        "line 5: {% set %} is not allowed: only if and for are",
    ]
    with pytest.raises(TemplateError) as caught:
        compiled(source)
    assert [fault.line for fault in caught.value.faults] == [2, 4, 5]


def test_x03_an_unclosed_tag_is_shown_where_it_starts() -> None:
    assert faults("a\n{{ pricing_url " + "x\n" * 3_000) == [
        "line 2: the tag that starts here is too long: is its closing brace missing?"
    ]


HOSTILE = {
    "range": "{% for x in range(10**9) %}{% endfor %}",
    "repeat": "{{ 'a'*10**9 }}",
    "power": "{{ 2**9999999 }}",
    "power in a condition": "{% if 2**9999999 == 1 %}{% endif %}",
    "power in a default": "{{ contact.email|default(9**9**9) }}",
    "short brackets": "{{ " + "(" * 1_900 + "1" + ")" * 50 + " }}",
    "short nots": "{% if " + "not " * 450 + "pricing_url %}{% endif %}",
    "short ands": "{% if " + "a and " * 300 + "pricing_url %}{% endif %}",
    "short filters": "{{ pricing_url" + "|upper" * 300 + " }}",
    "short sums": "{{ 1" + "*99999" * 300 + " }}",
    "long tags": ("{{ 1" + "+1" * 900 + " }}") * 100,
    "long number": "{{ " + "9" * 190_000 + " }}",
    "long hex number": "{% if pricing_url == 0x" + "f" * 190_000 + " %}{% endif %}",
    "endless float": "{% if pricing_url == 1e999 %}{% endif %}",
    "brackets": "{{ " + "(" * 190_000,
    "closed brackets": "{{ " + "(" * 90_000 + "1" + ")" * 90_000 + " }}",
    "lists": "{{ " + "[" * 90_000 + "]" * 90_000 + " }}",
    "nots": "{% if " + "not " * 40_000 + "pricing_url %}{% endif %}",
    "ands": "{% if " + "pricing_url and " * 11_000 + "pricing_url %}{% endif %}",
    "filters": "{{ pricing_url" + "|upper" * 30_000 + " }}",
    "dots": "{{ pricing_url" + ".a" * 90_000 + " }}",
    "sums": "{{ 1" + "+1" * 90_000 + " }}",
    "choices": "{% if pricing_url in [" + "1," * 90_000 + "] %}{% endif %}",
    "ifs": "{% if pricing_url %}" * 9_000,
    "few ifs": "{% if pricing_url %}" * 900 + "{% endif %}" * 900,
    "elifs": "{% if pricing_url %}" + "{% elif pricing_url %}" * 5_000 + "{% endif %}",
    "loops": "{% for a in tags %}{% for b in tags %}{% for c in tags %}x{% endfor %}{% endfor %}{% endfor %}",
    "tags": "{{pricing_url}}" * 13_000,
    "unclosed comment": "{#" * 90_000,
    "unclosed text": "{{ '" + "\\" * 190_000,
    "long text": "x" * 200_001,
    "long text in bytes": "é" * 100_001,
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_x03_hostile_templates_are_refused_in_time(source: str) -> None:
    start = time.process_time()
    with pytest.raises(TemplateError):
        compiled(source)
    assert time.process_time() - start < 2


LARGEST = {
    "tags": "{{contact.email|upper|lower|title|trim}} and some plain text around it to be read\n" * 1_000,
    "branches": "{% if contact.email and pricing_url != 'x' or not contact.title %}a{% endif %}" * 500,
    "elifs": "{% if pricing_url == 'a' %}" + "{% elif pricing_url == 'b' %}c" * 990 + "{% endif %}",
    "loop": "{% for a in tags %}" + "{{ a|upper }}" * 80 + "{% endfor %}",
    "nested loop": "{% for a in tags %}{% for b in tags %}{% if a %}{% endif %}{% endfor %}{% endfor %}",
}


@pytest.mark.parametrize("source", LARGEST.values(), ids=LARGEST.keys())
def test_x03_the_largest_allowed_templates_render_in_time(source: str) -> None:
    start = time.process_time()
    contact = {"email": "a@b.example", "title": None}
    rendered = compile_template(source[:200_000], html=True, lists=LISTS).render(
        {"contact": contact, "pricing_url": "q", "tags": ["x"] * 100}
    )
    assert isinstance(rendered, str)
    assert time.process_time() - start < 2


def test_x03_output_and_lists_are_bounded() -> None:
    with pytest.raises(TemplateError, match="longer than 1,000,000"):
        render("{{ contact.email }}" * 11, contact={"email": "x" * 100_000})
    with pytest.raises(TemplateError, match="orders has more than 100 rows"):
        render("{% for o in orders %}{% endfor %}", orders=[{}] * 101)
    with pytest.raises(TemplateError, match="pricing_url is a object"):
        render("{{ pricing_url }}", pricing_url=object())


WORDS = st.sampled_from(
    ["{{", "}}", "{%", "%}", "if", "else", "elif", "endif", "for", "in", "endfor", "and", "not", "==", "|"]
    + ["contact", ".", "given_name", "attributes", "plan", "orders", "o", "upper", "default", "(", ")", "'x'"]
    + ["1", "~", "[", "]", "is", "defined", "set", "pricing_url", "text", "<b>", "\n", "*", "raw", "{#", "#}"]
)
PIECES = st.sampled_from(
    ["{{ pricing_url }}", "{{ contact.given_name|title }}", "{% if contact.attributes.plan == 'pro' %}"]
    + ["{% if not pricing_url %}", "{% else %}", "{% endif %}", "{% for o in orders %}", "{% endfor %}"]
    + ["{{ o.name }}", "text", "{{ contact.attributes.x|default('-') }}", "{% elif pricing_url %}"]
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.lists(WORDS, max_size=30), st.lists(PIECES, max_size=12)))
def test_x02_what_passes_the_check_compiles_and_renders(words: list[str]) -> None:
    source = " ".join(words)
    if not faults(source):
        assert isinstance(render(source), str)
