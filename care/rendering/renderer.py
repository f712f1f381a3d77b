"""Letters in, messages out."""

from collections.abc import Collection, Iterable, Mapping
from copy import copy
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from jinja2 import UndefinedError

from care.domain.channel import Channel
from care.domain.message import Letter, Rendered
from care.rendering.composition import Composition, compose
from care.rendering.environment import create_environment
from care.rendering.guard import UnableToSay
from care.rendering.lint import check_templates

LOCALES = ("zh-CN", "en")


class UnableToRender(Exception):
    """One letter cannot be rendered; set it aside and go on. Quotes nothing personal."""

    def __init__(self, campaign: str, channel: str, locale: str, why: str) -> None:
        super().__init__(campaign, channel, locale, why)
        self.campaign, self.channel, self.locale, self.why = campaign, channel, locale, why

    def __str__(self) -> str:
        return f"{self.campaign}/{self.channel}.{self.locale}: {self.why}"


class Renderer:
    """Renders letters with one folder of templates, checked and compiled when it is made.

    `campaigns` names each campaign and the channels it uses; by default every folder that does not
    start with an underscore, on every channel that it has a file for. Every campaign must have
    templates for each of its channels and every locale.

    Raises:
        UnableToLoadTemplates: naming file, line and remedy of everything that is wrong.
    """

    def __init__(
        self,
        templates: Path,
        *,
        campaigns: Mapping[str, Collection[Channel]] | None = None,
        locales: Collection[str] = LOCALES,
    ) -> None:
        if campaigns is None:
            campaigns = _in_folders(templates)
        needed = [
            (campaign, channel, locale)
            for campaign, channels in campaigns.items()
            for channel in channels
            for locale in locales
        ]
        check_templates(templates, needed)
        environment = create_environment(templates, inline_css=True)
        self._compositions: dict[tuple[str, str, str], Composition] = {
            one: compose(environment, templates, *one) for one in needed
        }

    def but_for(self, edited: "Renderer") -> "Renderer":
        """The same, but whatever ``edited`` has templates for is rendered with those."""
        both = copy(self)
        both._compositions = {**self._compositions, **edited._compositions}
        return both

    def render(self, letter: Letter) -> Rendered:
        """Render one letter. Raises UnableToRender."""
        composition = self._compositions.get((letter.campaign, letter.channel, letter.locale))
        if composition is None:
            raise _unable(letter, "no such templates were loaded; add the files and load again")
        try:
            return composition.render(letter)
        except UnableToSay as error:
            raise _unable(letter, str(error)) from error
        except UndefinedError as error:
            raise _unable(letter, f"the letter lacks what its template says: {error}") from error
        except Exception as error:
            # A poisoned row may break anything; its text may be personal, so only its kind is told.
            raise _unable(letter, f"{type(error).__name__} while rendering") from error

    def render_all(
        self, letters: Iterable[Letter]
    ) -> tuple[dict[int, Rendered], dict[int, UnableToRender]]:
        """Render letters by their position: those that became messages, and those set aside."""
        rendered: dict[int, Rendered] = {}
        set_aside: dict[int, UnableToRender] = {}
        for position, letter in enumerate(letters):
            try:
                rendered[position] = self.render(letter)
            except UnableToRender as error:
                set_aside[position] = error
        return rendered, set_aside


def open_renderer(
    templates: Path, *, campaigns: Mapping[str, Collection[Channel]], locales: Collection[str]
) -> Renderer:
    """Like ``Renderer``, but templates that this process checked before are not checked again.

    They are the same if every file of the folder is, by name and content.

    Raises:
        UnableToLoadTemplates: naming file, line and remedy of everything that is wrong.
    """
    used = tuple(sorted((name, tuple(channels)) for name, channels in campaigns.items()))
    return _checked(templates, _fingerprint(templates), used, tuple(locales))


@lru_cache(maxsize=4)
def _checked(
    templates: Path,
    _fingerprint: str,
    campaigns: tuple[tuple[str, tuple[Channel, ...]], ...],
    locales: tuple[str, ...],
) -> Renderer:
    return Renderer(templates, campaigns=dict(campaigns), locales=locales)


def _fingerprint(templates: Path) -> str:
    found = sha256()
    for path in sorted(path for path in templates.rglob("*") if path.is_file()):
        found.update(f"{path.relative_to(templates)}\0".encode())
        found.update(sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _in_folders(templates: Path) -> dict[str, list[Channel]]:
    return {
        folder.name: [channel for channel in Channel if any(folder.glob(f"{channel}.*"))]
        for folder in sorted(templates.glob("[!_]*/"))
        if folder.is_dir()
    }


def _unable(letter: Letter, why: str) -> UnableToRender:
    return UnableToRender(letter.campaign, str(letter.channel), letter.locale, why)
