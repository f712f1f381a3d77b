"""Writes the stylesheet into the tags of an HTML template, before Jinja compiles it.

Mail clients want CSS inside the tags. Doing that to a template instead of to each message costs
nothing per message; Jinja's own tags are hidden from the HTML parser meanwhile.
"""

import re

from css_inline import CSSInliner

_JINJA = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
_HIDDEN = re.compile("<!--jinja (\\d+)-->|\ue000(\\d+)\ue001")
_SHAPE = re.compile("<!--.*?-->|</?[a-z][a-z0-9]*|\ue000\\d+\ue001", re.DOTALL | re.IGNORECASE)


class UnableToInline(Exception):
    """The HTML parser would move the template's tags about; the message says where and why."""


def inlined(source: str, css: str) -> str:
    """Write `css` into the style attributes of a template, its Jinja tags staying where they are.

    Raises:
        UnableToInline: if the parser had to repair the HTML, which could move a condition away from
            what it guards.
    """
    tags: list[str] = []

    def hide(found: re.Match[str]) -> str:
        tags.append(found.group())
        # A statement may stand between table rows, where the parser lets only comments stay; an
        # expression may stand in an attribute or a title, where a comment would be text.
        number = len(tags) - 1
        return f"\ue000{number}\ue001" if found.group().startswith("{{") else _comment(number)

    hidden = _JINJA.sub(hide, source)
    styled = _styled(hidden, css)
    before, after = _shape(hidden), _shape(styled)
    if before != after:
        raise UnableToInline(_difference(before, after, tags))
    return _HIDDEN.sub(lambda found: tags[int(found.group(1) or found.group(2))], styled)


def _comment(number: int) -> str:
    return f"<!--jinja {number}-->"


def _styled(html: str, css: str) -> str:
    if "<html" not in html:
        return CSSInliner(load_remote_stylesheets=False).inline_fragment(html, css)
    # <style> holds what cannot be inlined (media queries) and stays.
    page = CSSInliner(
        inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False, extra_css=css
    )
    return page.inline(html)


def _shape(html: str) -> list[str]:
    return [token.lower() for token in _SHAPE.findall(html)]


def _difference(before: list[str], after: list[str], tags: list[str]) -> str:
    for wrote, read in zip([*before, "the end"], [*after, "the end"], strict=False):
        if wrote != read:
            return f"{_shown(wrote, tags)} is read as {_shown(read, tags)}"
    return "its tags are read in another order"


def _shown(token: str, tags: list[str]) -> str:
    found = _HIDDEN.fullmatch(token)
    return tags[int(found.group(1) or found.group(2))] if found else token.removesuffix("-->")
