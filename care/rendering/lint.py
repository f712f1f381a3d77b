"""Reads templates before they are used and refuses a broken one with file, line and remedy."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from jinja2 import TemplateAssertionError, TemplateSyntaxError, meta, nodes

from care.domain.campaigns import CAMPAIGNS
from care.domain.channel import Channel
from care.domain.sms import OPT_OUT, Encoding, costly, encoding_of
from care.rendering.composition import template_names
from care.rendering.environment import STYLESHEET, create_environment
from care.rendering.inlining import UnableToInline, inlined
from care.rendering.phrase import check_phrases
from care.rendering.problem import Problem
from care.rendering.trial import try_out
from care.rendering.vocabulary import PARTS, VOCABULARY

Needed = tuple[str, Channel, str]

_MAY_REFER_TO = {".html": (".html", ".css"), ".txt": (".txt",), ".subject": (".txt",), ".css": ()}
_SPECIAL = {"super", "loop", "self"}
_FORBIDDEN_HTML = (
    (re.compile(r"<(script|img|link|form|iframe|object|svg|video)\b", re.I), "use text and CSS"),
    (re.compile(r"url\(|@import|\bsrc\s*=", re.I), "nothing may be fetched when it is read"),
    (re.compile(r"\son[a-z]+\s*=|javascript:", re.I), "a letter runs no code"),
    (re.compile(r"=\s*{{"), "put the attribute's value in quotes, or a value could end the tag"),
)


class UnableToLoadTemplates(Exception):
    """Some template would fail at night. `problems` lists every one, in order of file and line."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


def check_templates(templates: Path, needed: Iterable[Needed]) -> None:
    """Read the needed templates and all they refer to, then try them on made-up customers.

    Raises:
        UnableToLoadTemplates: naming every problem found.
    """
    wanted = list(needed)
    problems = set(_missing(templates, wanted)) | set(_misread(templates, wanted))
    problems |= set(check_phrases(templates, {locale for _, _, locale in wanted}))
    if not problems:
        problems = set(try_out(templates, wanted))
    if problems:
        raise UnableToLoadTemplates(tuple(sorted(problems)))


def _missing(templates: Path, needed: list[Needed]) -> Iterator[Problem]:
    if not needed:
        yield Problem(str(templates), 1, "no campaign has templates", "add a folder per campaign")
    for one in needed:
        for name in template_names(*one):
            if not (templates / name).is_file():
                yield Problem(
                    name, 1, "the file is missing", "write it, or take the channel off the campaign"
                )


def _misread(templates: Path, needed: list[Needed]) -> Iterator[Problem]:
    environment = create_environment(templates, inline_css=False)
    stylesheet = templates / STYLESHEET
    css = stylesheet.read_text("utf-8") if stylesheet.is_file() else ""
    seen: set[tuple[str, str | None]] = set()
    # SMS wording that fits GSM-7 costs half, so in those locales every character is looked at.
    waiting = [
        (name, locale if channel is Channel.SMS else None)
        for campaign, channel, locale in needed
        for name in template_names(campaign, channel, locale)
    ]
    while waiting:
        name, sms_locale = waiting.pop()
        if (name, sms_locale) in seen or not (templates / name).is_file():
            continue
        seen.add((name, sms_locale))
        try:
            source = (templates / name).read_text("utf-8")
            tree = environment.parse(source, name)
            if forbidden := list(_forbidden(name, tree)):
                yield from forbidden
                continue
            # This folds constants, so whatever could grow must have been refused before.
            undeclared = meta.find_undeclared_variables(tree)
        except UnicodeDecodeError:
            yield Problem(name, 1, "the file is not UTF-8", "save it as UTF-8")
            continue
        except TemplateAssertionError as error:
            there_are = f"there are the filters {', '.join(sorted(environment.filters))}"
            yield Problem(name, error.lineno, f"{error.message}", there_are)
            continue
        except TemplateSyntaxError as error:
            yield Problem(name, error.lineno, f"{error.message}", "mend the Jinja tag")
            continue
        yield from _unknown(name, tree, undeclared - VOCABULARY - _SPECIAL)
        yield from _in_references(name, tree, templates)
        if name.endswith(".html"):
            yield from _in_html(name, source, css)
        if sms_locale:
            yield from _in_sms(name, tree, sms_locale)
        referred = meta.find_referenced_templates(tree)
        waiting += [
            (other, sms_locale)
            for other in referred
            if other and Path(other).suffix in _MAY_REFER_TO
        ]


def _forbidden(name: str, tree: nodes.Template) -> Iterator[Problem]:
    for node in tree.find_all(nodes.Node):
        match node:
            case nodes.Getattr(attr=attr) if attr.startswith("_"):
                yield Problem(name, node.lineno, f"{attr!r} is private", "leave it out")
            case nodes.Call(node=called) if not (
                isinstance(called, nodes.Name) and called.name == "super"
            ):
                yield Problem(name, node.lineno, "a call", "use a filter; templates call nothing")
            case nodes.Mul() | nodes.Pow() | nodes.Mod():
                yield Problem(name, node.lineno, "arithmetic that can grow", "leave it out")
            case nodes.EvalContextModifier() | nodes.Macro() | nodes.Import() | nodes.FromImport():
                yield Problem(
                    name, node.lineno, "macros and autoescape switches", "use an include instead"
                )
            case _:
                pass


def _unknown(name: str, tree: nodes.Template, unknown: set[str]) -> Iterator[Problem]:
    known = ", ".join(sorted(VOCABULARY))
    for word in tree.find_all(nodes.Name):
        if word.name in unknown:
            yield Problem(
                name, word.lineno, f"no letter knows {word.name!r}", f"say one of {known}"
            )
    campaign = CAMPAIGNS.get(name.partition("/")[0])
    parts = PARTS | {"facts": frozenset(campaign.declared if campaign else ())}
    parts |= {
        loop.target.name: PARTS["product"]
        for loop in tree.find_all(nodes.For)
        if isinstance(loop.target, nodes.Name)
    }
    for part in tree.find_all(nodes.Getattr):
        whole = part.node.name if isinstance(part.node, nodes.Name) else ""
        if part.attr not in parts.get(whole, {part.attr}):
            there_is = f"it has {', '.join(sorted(parts[whole])) or 'nothing'}"
            yield Problem(name, part.lineno, f"{whole} has no {part.attr!r}", there_is)


def _in_references(name: str, tree: nodes.Template, templates: Path) -> Iterator[Problem]:
    allowed = _MAY_REFER_TO[Path(name).suffix]
    for node in tree.find_all((nodes.Include, nodes.Extends)):
        target = getattr(node, "template", None)
        if not isinstance(target, nodes.Const) or not isinstance(target.value, str):
            yield Problem(name, node.lineno, "a computed file name", "write the name out")
        elif not target.value.endswith(allowed):
            remedy = f"it may only use {' and '.join(allowed) or 'nothing'}, or escaping would fail"
            yield Problem(name, node.lineno, f"refers to {target.value}", remedy)
        elif not (templates / target.value).is_file():
            yield Problem(name, node.lineno, f"{target.value} is missing", "write it")


def _in_html(name: str, source: str, css: str) -> Iterator[Problem]:
    for number, line in enumerate(source.splitlines(), start=1):
        for pattern, remedy in _FORBIDDEN_HTML:
            if found := pattern.search(line):
                yield Problem(name, number, f"{found.group().strip()!r} in a letter", remedy)
    try:
        inlined(source, css)
    except UnableToInline as error:
        yield Problem(name, 1, str(error), "close every tag and write <tbody> out")


def _in_sms(name: str, tree: nodes.Template, locale: str) -> Iterator[Problem]:
    cheap = encoding_of(OPT_OUT.get(locale, "")) is Encoding.GSM_7
    for data in tree.find_all(nodes.TemplateData):
        line = data.lineno
        for position, character, substitute in costly(data.data) if cheap else ():
            at = line + data.data.count("\n", 0, position)
            remedy = f"write {substitute!r}" if substitute else "leave it out"
            yield Problem(name, at, f"{character!r} doubles the price of the SMS", remedy)
        for added in ("【", OPT_OUT.get(locale, "【")):
            if added in data.data:
                at = line + data.data.count("\n", 0, data.data.index(added))
                yield Problem(name, at, f"{added!r} would be there twice", "it is added for you")
