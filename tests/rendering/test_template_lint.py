"""A template that would fail at night, cost double or leak is refused when it is loaded."""

from pathlib import Path

import pytest
from jinja2.exceptions import SecurityError, UndefinedError

from care.domain.channel import Channel
from care.rendering.environment import create_environment
from care.rendering.inlining import UnableToInline, inlined
from care.rendering.lint import UnableToLoadTemplates
from care.rendering.renderer import Renderer

TEXT, HTML, SMS = "birthday/email.en.txt", "birthday/email.en.html", "birthday/sms.en.txt"


def refused(templates: Path) -> UnableToLoadTemplates:
    with pytest.raises(UnableToLoadTemplates) as caught:
        Renderer(templates)
    return caught.value


def test_the_shipped_templates_are_in_order(templates: Path) -> None:
    Renderer(templates)


SPOILED = {
    "unclosed tag": (TEXT, "{% if gift %}", "Unexpected end of template", "mend"),
    "unknown name": (TEXT, "{{ nmae }}", "no letter knows 'nmae'", "name"),
    "unknown part": (TEXT, "{{ gift.nam }}", "gift has no 'nam'", "valid_until"),
    "unknown part in a loop": (
        TEXT,
        "{% for item in recommendations %}{{ item.price }}{% endfor %}",
        "item has no 'price'",
        "reason",
    ),
    "unknown filter": (TEXT, "{{ name|shout }}", "No filter named 'shout'", "first_up"),
    "switching escaping off": (HTML, "{{ name|safe }}", "No filter named 'safe'", ""),
    "autoescape": (HTML, "{% autoescape false %}{% endautoescape %}", "autoescape", "include"),
    "private": (TEXT, "{{ name.__class__ }}", "'__class__' is private", "leave it out"),
    "call": (TEXT, "{{ 'x'.format(1) }}", "a call", "filter"),
    "loop without end": (TEXT, "{% for i in range(9) %}{% endfor %}", "a call", ""),
    "growing": (TEXT, "{{ 'x' * 999999999 }}", "can grow", ""),
    "missing include": (TEXT, '{% include "_partials/gone.txt" %}', "is missing", "write it"),
    "computed include": (TEXT, "{% include tier ~ '.txt' %}", "computed", "write the name"),
    "text in html": (HTML, '{% include "_partials/gift.en.txt" %}', "gift.en.txt", "escaping"),
    "script": (HTML, "<script>1</script>", "'<script' in a letter", ""),
    "image": (HTML, '<img src="https://x.example/p.gif">', "'<img' in a letter", ""),
    "unquoted": (HTML, "<a href={{ shop.website }}>x</a>", "'={{' in a letter", "quotes"),
    "curly quote": (SMS, "it’s", "'’' doubles the price", 'write "\'"'),
    "signature twice": (SMS, "【x】", "'【' would be there twice", "added for you"),
    "opt-out twice": (SMS, "Reply STOP to opt out", "twice", "added for you"),
}


@pytest.mark.parametrize(("file", "addition", "what", "remedy"), SPOILED.values(), ids=SPOILED)
def test_a_broken_template_is_refused_with_its_line_and_a_remedy(
    file: str, addition: str, what: str, remedy: str, own_templates: Path
) -> None:
    path = own_templates / file
    source = path.read_text("utf-8")
    end = "{% endblock %}\n" if file == HTML else ""
    # The HTML's last block is reopened so that the addition is part of what is rendered.
    spoiled = source.rstrip("\n").removesuffix("{% endblock %}") + addition + "\n" + end
    path.write_text(spoiled, "utf-8")
    line = 1 + spoiled[: spoiled.rindex(addition)].count("\n")
    problems = refused(own_templates).problems
    found = [p for p in problems if what in p.what and remedy in p.remedy]
    assert found, problems
    assert (found[0].file, found[0].line) == (file, line)


@pytest.mark.parametrize(
    ("file", "line", "what"),
    [
        ("birthday/email.en.subject", "\n{{ tier }}\n{{ tier }}\n", "line break"),
        ("birthday/email.en.subject", "", "0 characters"),
        (TEXT, "Hello, {{ name }}.", "says 'None'"),
        (TEXT, "Hello,{% if gift %}{% endif %}, you.", "says ',,'"),
        (TEXT, "Hello.", "the link to unsubscribe is missing"),
        (HTML, "<p>Hello.</p>", "the postal address is missing"),
        (SMS, "Hello. " * 80, "takes 4 parts"),
        ("_partials/gift.en.txt", "{{ gift.code|first_up }}", "fails for a"),
    ],
)
def test_what_only_shows_in_a_message_is_found_on_made_up_customers(
    file: str, line: str, what: str, own_templates: Path
) -> None:
    (own_templates / file).write_text(line, "utf-8")
    assert what in str(refused(own_templates))


def test_a_fault_in_a_partial_is_told_where_it_is(own_templates: Path) -> None:
    (own_templates / "_partials/gift.en.txt").write_text("A gift:\n\n{{ gift.code|first_up }}\n")
    problems = refused(own_templates).problems
    assert {(p.file, p.line) for p in problems} == {("_partials/gift.en.txt", 3)}


def test_a_missing_template_is_named(own_templates: Path) -> None:
    (own_templates / SMS).unlink()
    assert f"{SMS}:1: the file is missing; write it" in str(refused(own_templates))


def test_a_campaign_without_templates_is_named(templates: Path) -> None:
    with pytest.raises(UnableToLoadTemplates, match=r"easter/sms\.en\.txt:1: the file is missing"):
        Renderer(templates, campaigns={"easter": [Channel.SMS]})


def test_an_empty_folder_is_not_a_set_of_templates(tmp_path: Path) -> None:
    assert "add a folder per campaign" in str(refused(tmp_path))


def test_a_file_in_another_encoding_is_refused(own_templates: Path) -> None:
    (own_templates / "birthday/sms.zh-CN.txt").write_bytes("生日快乐".encode("gb18030"))
    assert "save it as UTF-8" in str(refused(own_templates))


@pytest.mark.parametrize(
    "escape",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''['__class__'] }}",
        "{{ name.__init__.__globals__ }}",
        "{{ recommendations.append(1) }}",
        "{{ self.__init__ }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ ''.format.__globals__ }}",
        "{{ '{0.__class__}'.format(name) }}",
        "{{ nothing }}",
    ],
)
def test_the_sandbox_holds_without_the_lint(escape: str, templates: Path) -> None:
    template = create_environment(templates, inline_css=True).from_string(escape)
    with pytest.raises((SecurityError, UndefinedError)):
        template.render(name="x", recommendations=[])


def test_html_is_escaped_and_text_is_not(tmp_path: Path) -> None:
    for suffix in ("html", "txt", "subject"):
        (tmp_path / f"a.{suffix}").write_text("{{ name }}")
    environment = create_environment(tmp_path, inline_css=True)
    said = {
        s: environment.get_template(f"a.{s}").render(name="<b>") for s in ("html", "txt", "subject")
    }
    assert said == {"html": "&lt;b&gt;", "txt": "<b>", "subject": "<b>"}


def test_css_is_written_into_the_tags_and_jinja_stays_where_it_was() -> None:
    source = (
        '<table class="a"><tbody>{% for item in recommendations %}<tr><td class="b" '
        'title="{{ item.name }}">{{ item.name }}</td></tr>{% endfor %}</tbody></table>'
    )
    assert inlined(source, ".b{color:red}") == (
        '<table class="a"><tbody>{% for item in recommendations %}<tr><td class="b" '
        'title="{{ item.name }}" style="color: red;">{{ item.name }}</td></tr>{% endfor %}'
        "</tbody></table>"
    )


@pytest.mark.parametrize(
    "source",
    [
        "<table>{% if gift %}<tr><td>x</td></tr>{% endif %}</table>",
        "<tr><td>{{ name }}</td></tr>",
        "<p>{{ name }}<div>x</div></p>",
    ],
)
def test_html_that_a_parser_would_rearrange_is_refused(source: str) -> None:
    with pytest.raises(UnableToInline, match="is read as"):
        inlined(source, "p{color:red}")


def test_a_template_may_say_only_the_facts_its_campaign_declares(own_templates: Path) -> None:
    path = own_templates / TEXT
    path.write_text(path.read_text("utf-8") + "{{ facts.moon }}", "utf-8")
    (problem,) = {p.what for p in refused(own_templates).problems if "moon" in p.what}
    assert problem == "facts has no 'moon'"
