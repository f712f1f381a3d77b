"""Tries templates on made-up letters: what no reader of the files can see shows in the messages."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from traceback import walk_tb

from markupsafe import escape

from care.domain.channel import Channel
from care.domain.message import Letter, Rendered, RenderedEmail
from care.domain.sms import OPT_OUT, encoding_of
from care.rendering.composition import Composition, compose, template_names
from care.rendering.environment import create_environment
from care.rendering.problem import Problem
from care.rendering.specimen import specimens

_MAX_SPECIMEN_SEGMENTS = 3
_LEFTOVERS = re.compile(r"{{|}}|{%|%}|\bNone\b")
_GAPS = re.compile(r"\S {2,}|[ ,，][,，.。]|^[,，.。]", re.MULTILINE)
_STYLE = re.compile(r"<style.*?</style>", re.DOTALL)


def try_out(templates: Path, needed: Iterable[tuple[str, Channel, str]]) -> Iterator[Problem]:
    """Every problem that rendering the specimens brings to light; the templates must compile."""
    environment = create_environment(templates, inline_css=False)
    for campaign, channel, locale in needed:
        composition = compose(environment, templates, campaign, channel, locale)
        files = template_names(campaign, channel, locale)
        for letter in specimens(campaign, channel, locale):
            yield from _try(composition, letter, templates, files)


def _try(
    composition: Composition, letter: Letter, templates: Path, files: tuple[str, ...]
) -> Iterator[Problem]:
    try:
        message = composition.render(letter)
    except Exception as error:
        # Whatever a template raises would be raised at night, so it is a problem of the template.
        file, line = _where(error, templates, files[0])
        yield Problem(file, line, f"fails for a {letter.tier} customer: {error}", "mend it")
        return
    for file, said in zip(files, _fields(message), strict=True):
        for what, remedy in _faults(file, said, letter):
            yield Problem(file, 1, f"{what} for a {letter.tier} customer", remedy)
    if not isinstance(message, RenderedEmail):
        for what, remedy in _sms_faults(message.segments, str(message.encoding), letter.locale):
            yield Problem(files[0], 1, f"{what} for a {letter.tier} customer", remedy)


def _fields(message: Rendered) -> tuple[str, ...]:
    if isinstance(message, RenderedEmail):
        return message.subject, message.text, message.html
    return (message.body,)


def _faults(file: str, said: str, letter: Letter) -> Iterator[tuple[str, str]]:
    is_html = file.endswith(".html")
    if found := _LEFTOVERS.search(_STYLE.sub("", said)):
        yield f"says {found.group()!r}", "guard what may be missing with {% if %}"
    if not is_html and (found := _GAPS.search(said)):
        yield f"says {found.group()!r}", "guard the words around what may be missing"
    if letter.channel == Channel.EMAIL and not file.endswith(".subject"):
        for what, value in (
            ("the link to unsubscribe", letter.unsubscribe_url or ""),
            ("the postal address", letter.shop.postal_address),
        ):
            if (str(escape(value)) if is_html else value) not in said:
                yield f"{what} is missing", "include the footer"


def _sms_faults(segments: int, encoding: str, locale: str) -> Iterator[tuple[str, str]]:
    if segments > _MAX_SPECIMEN_SEGMENTS:
        yield f"takes {segments} parts", f"say it in {_MAX_SPECIMEN_SEGMENTS}"
    expected = encoding_of(OPT_OUT.get(locale, ""))
    if expected != encoding and locale in OPT_OUT:
        yield f"is {encoding}, not {expected}", "keep to characters of the cheaper alphabet"


def _where(error: Exception, templates: Path, otherwise: str) -> tuple[str, int]:
    place = (otherwise, 1)
    for frame, line in walk_tb(error.__traceback__):
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(templates):
            place = (path.relative_to(templates).as_posix(), line)
    return place
