"""`care policy …`: what the merchant decided, checked before a night does."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from care.cli.option import PLAIN, AsJson, Home, print_json

if TYPE_CHECKING:
    from care.intake.sources import Sources
    from care.policy import Policy

TOLD_BY = {"unpaid": "orders.state"}
"""What campaigns need that is no table of the shop's: what tells it."""

policy = typer.Typer(help="Check what the merchant decided, before a night does.", **PLAIN)


@policy.command()
def check(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Default: the policy that a night would use."),
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Check a policy and the templates it needs.

    Says in words what a night would refuse, naming file, line and remedy (exit code 3), and notes
    what is allowed but probably not meant. Where the shop's data is at hand, also categories that
    the catalogue does not know, and campaigns that need what the shop does not tell.
    """
    from care.oversight import oversights
    from care.policy import read_policy
    from care.rendering.renderer import Renderer
    from care.settings import read_settings

    settings = read_settings(home=home)
    checked = path or settings.policy_path
    found = read_policy(checked)
    Renderer(settings.templates_path, campaigns=found.used_channels, locales=found.shop.locales)
    notes = oversights(found)
    if settings.sources.exists():
        notes += _unknown_categories(found, settings.sources)
        notes += _not_delivered(found.enabled, settings.sources)
    by_priority = sorted(found.enabled.items(), key=lambda one: -one[1].priority)
    if as_json:
        names = [name for name, _ in by_priority]
        print_json(
            {"policy": str(checked), "sha256": found.sha256, "campaigns": names, "notes": notes}
        )
        return
    print(f"{checked} is fine: {len(found.tiers)} tiers, {len(found.gifts)} gifts, campaigns:")
    for name, chosen in by_priority:
        review_by = "policy, within bounds" if chosen.auto_approve else "a person"
        print(f"  {name}: priority {chosen.priority}, approved by {review_by}")
    for note in notes:
        print(f"note: {note}")


def _unknown_categories(found: "Policy", sources: Path) -> list[str]:
    from care.intake.products import read_products
    from care.intake.sources import UnableToReadSources, read_sources

    try:
        known = set(read_products(read_sources(sources)).kept["category"])
    except UnableToReadSources as error:
        return [f"the shop's catalogue could not be looked at: {error}"]
    wording, rules = found.wording, found.recommendations
    listed = {"never_name": wording.never_name, "sensitive": wording.sensitive}
    protected = [
        f"wording.{where} holds {name!r}, which is no category of the shop's: nothing is "
        "protected by it"
        for where, names in listed.items()
        for name in names
        if name not in known
    ]
    ruled = [
        f"recommendations.{where} holds {name!r}, which is no category of the shop's: it rules "
        "nothing; correct its name, or take it out"
        for where, names in rules.categories.items()
        for name in names
        if name not in known
    ]
    return protected + ruled


def _not_delivered(campaigns: Iterable[str], sources: Path) -> list[str]:
    from care.domain.campaigns import CAMPAIGNS
    from care.intake.sources import UnableToReadSources, read_sources

    notes = []
    try:
        lacking = _Lacking(read_sources(sources))
        for name in campaigns:
            for need in sorted(CAMPAIGNS[name].needs):
                found = [lacking.of(one) for one in need.split("|")]
                if all(found):
                    lacks, remedy = zip(*filter(None, found), strict=True)
                    notes.append(
                        f"campaigns.{name} needs {' or '.join(need.split('|'))}, and the shop has "
                        f"no {' and no '.join(lacks)}: every night leaves it out; "
                        f"{' or '.join(remedy)} in {sources.name}, or write enabled = false"
                    )
    except UnableToReadSources as error:
        return [f"what campaigns need of the shop could not be looked at: {error}"]
    return notes


class _Lacking:
    """What the shop does not tell of what campaigns need, and what to do about it."""

    def __init__(self, shop: "Sources") -> None:
        self._shop = shop
        self._columns: dict[str, set[str]] = {}

    def of(self, need: str) -> tuple[str, str] | None:
        """What is lacking and the remedy; nothing if the shop tells it."""
        from care.intake.table import connect, open_table

        key, _, column = TOLD_BY.get(need, need).partition(".")
        table = getattr(self._shop, key)
        if table is None:
            return f"table [{key}]", f"describe it as [{key}]"
        if key not in self._columns:
            self._columns[key] = set(open_table(connect(), self._shop, table).rows.columns)
        if column and column not in self._columns[key]:
            return f"column for {key}.{column}", f"name it under [{key}.columns]"
        return None
