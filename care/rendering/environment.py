"""Jinja as this house uses it: sandboxed, strict, compiled once."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from jinja2 import (
    BaseLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    meta,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from care.rendering.filters import FILTERS
from care.rendering.inlining import inlined

STYLESHEET = "_partials/style.css"
_PLAIN_FILTERS = ("first", "join", "length")


def create_environment(templates: Path, *, inline_css: bool) -> Environment:
    """Open a folder of templates.

    Autoescape is on for `.html` alone. Templates have the house's filters and no globals, so that
    they can neither loop over more than a letter holds nor switch escaping off. With `inline_css`
    the HTML is compiled as it will be sent; without, line numbers are those of the files.
    """
    loader = _InliningLoader(templates) if inline_css else FileSystemLoader(templates)
    environment = ImmutableSandboxedEnvironment(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=_is_html,
        auto_reload=False,
        cache_size=-1,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.clear()
    plain = {name: environment.filters[name] for name in _PLAIN_FILTERS}
    environment.filters = {**plain, **FILTERS}
    return environment


def template_version(
    templates: Path, names: tuple[str, ...], *, edited: Mapping[str, str] | None = None
) -> str:
    """Hash some templates and everything they include, by the files' names and content alone.

    ``edited``: name → source of those that read otherwise than their files.
    """
    found = referred(templates, names, edited=edited)
    listed = "\0".join(f"{name}\0{found[name]}" for name in sorted(found))
    return sha256(listed.encode()).hexdigest()[:16]


def referred(
    templates: Path, names: tuple[str, ...], *, edited: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Some templates and everything they include: name → source."""
    known, found = edited or {}, dict[str, str]()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            source = known.get(name)
            found[name] = (templates / name).read_text("utf-8") if source is None else source
            waiting += [*_references(found[name]), *([STYLESHEET] if _is_html(name) else [])]
    return found


@lru_cache(maxsize=256)
def _references(source: str) -> tuple[str, ...]:
    tree = ImmutableSandboxedEnvironment().parse(source)
    return tuple(name for name in meta.find_referenced_templates(tree) if name)


def _is_html(name: str | None) -> bool:
    return name is not None and name.endswith(".html")


class _InliningLoader(BaseLoader):
    """Reads a folder of templates and writes the stylesheet into the HTML ones."""

    def __init__(self, templates: Path) -> None:
        self._files = FileSystemLoader(templates)
        stylesheet = templates / STYLESHEET
        self._css = stylesheet.read_text("utf-8") if stylesheet.exists() else ""

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, filename, uptodate = self._files.get_source(environment, template)
        return (inlined(source, self._css) if _is_html(template) else source), filename, uptodate
