"""What becomes of an author's body: HTML with layout and inlined CSS, a text part, always a footer."""

import re

import pytest

from nurture.core.letter.template import compile_template
from nurture.workspace.trial import sample_values


def render(template, *, html, **changes):
    values = sample_values(template)
    values["contact"] = {**values["contact"], **changes}
    return compile_template(template, html=html).render(values)


def made(desk, body, name="body.md", **changes):
    """HTML and text of a mail with that body."""
    desk.write(f"again/{name}", body)
    mail = desk.mail("again")
    return render(mail.html, html=True, **changes), render(mail.text, html=False, **changes)


def html_desk(desk):
    (desk.mails / "again/body.md").unlink()
    return desk


class TestMarkdown:
    def test_tags_survive_in_text_and_links(self, desk):
        html, text = made(desk, "Hello **{{ contact.given_name }}**, see [prices]({{ pricing_url }}).\n")
        link = "https://t.sender.example/pricing_url"
        assert f'Hello <strong>Ada</strong>, see <a href="{link}">prices</a>.' in html
        assert f"Hello Ada, see prices ({link})." in text

    def test_tags_may_hold_quotes_and_closing_braces(self, desk):
        html, text = made(desk, "Hello {{ contact.title|default('}}\"<b>') }}\n", title="")
        assert "Hello }}&#34;&lt;b&gt;" in html
        assert 'Hello }}"<b>' in text

    def test_values_are_escaped_in_html_alone_x02(self, desk):
        html, text = made(desk, "Hello {{ contact.company }}\n", company="<script>{{ 7*7 }}")
        assert "&lt;script&gt;{{ 7*7 }}" in html
        assert "<script>" not in html
        assert "Hello <script>{{ 7*7 }}" in text

    def test_raw_html_is_shown_as_text(self, desk):
        html, _ = made(desk, "A <b>bold</b> claim\n\n<script>x</script>\n")
        assert "<b>" not in html
        assert "<script" not in html

    @pytest.mark.parametrize(("company", "seen"), [("Acme", "For Acme"), ("", "For you")])
    def test_statements_on_their_own_lines_leave_no_trace(self, desk, company, seen):
        body = "One\n\n{% if contact.company %}\nFor Acme\n{% else %}\nFor you\n{% endif %}\n\nTwo\n"
        html, text = made(desk, body, company=company)
        assert re.findall(r"<p[^>]*>(.*?)</p>", html)[:3] == ["One", seen, "Two"]
        assert text.startswith(f"One\n\n{seen}\n\nTwo\n")

    def test_a_condition_inside_a_sentence(self, desk):
        body = "One{% if contact.company %} for {{ contact.company }}{% endif %}.\n"
        assert "<p>One for Acme.</p>" in made(desk, body)[0]
        assert "<p>One.</p>" in made(desk, body, company="")[0]

    def test_a_link_alone_is_a_button_and_a_link_among_words_is_not(self, desk):
        html, text = made(
            desk, "[Go](https://acme.example/a?b=1&c=2)\n\nOr [read](https://acme.example/b).\n"
        )
        assert '<a class="button-link" href="https://acme.example/a?b=1&amp;c=2">Go</a></td>' in html
        assert html.count("button-link") == 1
        assert "Go (https://acme.example/a?b=1&c=2)\n\nOr read (https://acme.example/b)." in text

    def test_tables(self, desk):
        html, text = made(desk, "| A | B |\n|---|---|\n| 1 | {{ contact.title }} |\n")
        assert "<td>Head of Operations</td>" in html
        assert re.search(r"1 +Head of Operations", text)

    def test_a_link_that_is_its_own_label_is_written_once(self, desk):
        _, text = made(desk, "<https://acme.example/x>\n\n<mailto:kim@acme.example>\n")
        assert text.count("https://acme.example/x") == 1

    def test_words_that_look_like_our_own_stand_ins(self, desk):
        html, text = made(desk, "zq0000qz and {{ contact.given_name }} and zqx0000qz\n")
        assert "zq0000qz and Ada and zqx0000qz" in html
        assert "zq0000qz and Ada and zqx0000qz" in text


class TestHtml:
    PAGE = (
        "<!doctype html><html><head><style>p{color:red} @media (max-width:480px){p{color:blue}}</style>"
        "</head><body><p>Hello {{ contact.given_name }}</p><table>"
        "{% if contact.company %}<tr><td>Row</td></tr>"
        "{% endif %}</table></body></html>\n"
    )

    def test_css_is_inlined_and_media_queries_stay(self, desk):
        html, _ = made(html_desk(desk), self.PAGE, "body.html")
        assert '<p style="color: red;">Hello Ada</p>' in html
        assert "@media (max-width:480px)" in html

    def test_conditions_between_rows_stay_where_they_are(self, desk):
        html_desk(desk)
        assert "<tr><td>Row</td></tr>" in made(desk, self.PAGE, "body.html")[0]
        assert "Row" not in made(desk, self.PAGE, "body.html", company="")[0]

    def test_no_layout_is_put_around_it_and_the_footer_is_last(self, desk):
        html, text = made(html_desk(desk), self.PAGE, "body.html")
        assert html.count("<body") == 1
        assert (
            html.index("Row") < html.index("https://t.sender.example/unsubscribe_url") < html.index("</body>")
        )
        assert text.startswith("Hello Ada\n")
        assert "color" not in text


class TestFooter:
    """L07: no mail without postal address and unsubscribe link."""

    @pytest.mark.parametrize(
        "body",
        [
            "Hello\n",
            "[Unsubscribe]({{ unsubscribe_url }})\n",
            "{{ company.postal_address }}\n",
            "{% if contact.company %}{{ company.postal_address }} [x]({{ unsubscribe_url }}){% endif %}\n",
        ],
    )
    @pytest.mark.parametrize("company", ["Acme", ""])
    def test_l07_the_standard_footer_is_added(self, desk, body, company):
        for part in made(desk, body, company=company):
            assert "1 Long Street" in part
            assert "https://t.sender.example/unsubscribe_url" in part
            assert "https://t.sender.example/preferences_url" in part

    def test_l07_an_author_s_own_footer_is_enough(self, desk):
        own = "Hello\n\n{{ company.postal_address }}, [no more mail]({{ unsubscribe_url }})\n"
        for part in made(desk, own):
            assert part.count("unsubscribe_url") == 1
            assert part.count("1 Long Street") == 1

    @pytest.mark.parametrize(
        "hidden",
        [
            "<!-- {{ company.postal_address }} <a href='{{ unsubscribe_url }}'>x</a> -->",
            "<title>{{ company.postal_address }}</title><a href='{{ unsubscribe_url }}'>x</a>",
            "{{ company.postal_address }} {{ unsubscribe_url|upper }}",
            "{{ company.postal_address }} <title><a href='{{ unsubscribe_url }}'>x</a></title>",
        ],
    )
    def test_l07_a_footer_that_nobody_sees_does_not_count(self, desk, hidden):
        html, _ = made(html_desk(desk), f"<body><p>Hello</p>{hidden}</body>", "body.html")
        assert ">Choose what we send you</a>" in html

    def test_l07_a_written_text_part_gets_its_footer_too(self, desk):
        _, text = made(desk, "Plain words\n", "body.txt")
        assert text.startswith("Plain words\n\n-- \nSender Ltd\n1 Long Street\nLondon\n")
        assert "Unsubscribe: https://t.sender.example/unsubscribe_url\n" in text

    def test_l07_a_text_part_with_its_own_footer_keeps_it(self, desk):
        _, text = made(desk, "Hi\n{{ company.postal_address }}\n{{ unsubscribe_url }}\n", "body.txt")
        assert text.count("unsubscribe_url") == 1


class TestText:
    def test_a_written_text_part_is_used(self, desk):
        desk.write("again/body.txt", "One\n{% if contact.company %}\nTwo\n{% endif %}\nThree\n")
        template = desk.mail("again").text
        assert render(template, html=False).startswith("One\nTwo\nThree\n")
        assert render(template, html=False, company="").startswith("One\nThree\n")


def test_the_mailbox_of_mail_yaml(desk):
    desk.write("again/mail.yaml", "mailbox: hello\n")
    assert desk.mail("again").mailbox == "hello"
    assert desk.mail("welcome").mailbox is None


def test_the_subject_is_a_template_without_its_line_break(desk):
    assert desk.mail().subject == "Welcome, {{ contact.given_name|default('friend') }}"
