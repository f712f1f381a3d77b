"""Templates of which some read otherwise for a night: the same checks, the same rendering."""

import shutil
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from jinja2 import TemplateError

from care.domain.channel import Channel
from care.rendering.composition import template_names
from care.rendering.environment import template_version
from care.rendering.renderer import Renderer

Place = tuple[str, Channel, str]
"""A campaign, a channel and a locale: what one message is written from."""


def part_of(name: str) -> str:
    """The part that a template file is: ``subject``, ``txt`` or ``html``."""
    return name.rpartition(".")[2]


def read_texts(templates: Path, place: Place) -> dict[str, str]:
    """Part → source of the house's own templates."""
    return {part_of(name): (templates / name).read_text("utf-8") for name in template_names(*place)}


def version_of(templates: Path, place: Place, texts: Mapping[str, str]) -> str:
    """The version that messages of a place name when it says these texts, by part."""
    names = template_names(*place)
    edited = {name: texts[part_of(name)] for name in names if part_of(name) in texts}
    return template_version(templates, names, edited=edited)


def open_edited(templates: Path, place: Place, texts: Mapping[str, str]) -> Renderer:
    """A renderer of one place, with some of its parts replaced, checked as all templates are.

    Raises:
        UnableToLoadTemplates: naming file, line and remedy of everything that is wrong.
    """
    told = tuple(sorted(texts.items()))
    try:
        version = version_of(templates, place, texts)
    except (TemplateError, OSError, UnicodeDecodeError):  # opening it tells what is wrong, and how
        return _open(templates, place, told)
    return _open_version(templates, place, told, version)


@lru_cache(maxsize=32)
def _open_version(
    templates: Path,
    place: Place,
    texts: tuple[tuple[str, str], ...],
    version: str,  # noqa: ARG001 (of all that the texts include, besides)
) -> Renderer:
    """Compiled once: a page that tries a wording is asked for again and again."""
    return _open(templates, place, texts)


def _open(templates: Path, place: Place, told: tuple[tuple[str, str], ...]) -> Renderer:
    (campaign, channel, locale), texts = place, dict(told)
    with TemporaryDirectory(prefix="nightcare-wording-") as folder:
        copy = Path(folder) / "templates"
        shutil.copytree(templates, copy)
        for name in template_names(*place):
            if part_of(name) in texts:
                (copy / name).write_text(texts[part_of(name)], "utf-8")
        return Renderer(copy, campaigns={campaign: [channel]}, locales=[locale])
