"""Writes the tables of these pages from the code they describe.

    python docs/tables.py

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``. What a key means is the
description of its field; what has no field, such as a column of the shop's, is explained in
``meanings.toml``. A key without a meaning is an error. What ``campaigns.md`` says of a campaign
comes from its module's docstring, its settings and the policy that is shipped; ``care.toml`` puts
the campaigns in order.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pydantic import BaseModel
from writing.campaign import campaign_portraits, campaign_rows
from writing.figure import (
    answers,
    forecast,
    introductions,
    items,
    measured,
    stages,
    timing,
    timing_breaks,
    timing_shift,
    value,
    year,
)
from writing.key import explanation, keys, kind_of
from writing.meaning import meaning
from writing.table import DOCS, UnableToWriteTable, table

from care.domain.campaign import Bounds, CampaignSettings
from care.domain.campaigns import CAMPAIGNS
from care.domain.campaigns.festival import Culture, ShopDay
from care.domain.contact_policy import Blackout, Road, SendingHours
from care.domain.exclusion import IN_WORDS, Reason
from care.domain.gift import Gift
from care.domain.journey import Step
from care.domain.points import PointsRules
from care.domain.segment import Audience
from care.domain.setaside import REMEDIES, Flaw
from care.domain.tier import CarePlan, Tier
from care.intake.sources import TABLES as SOURCES
from care.intake.sources import Table
from care.policy import Policy
from care.rendering.environment import create_environment
from care.rendering.vocabulary import PARTS, VOCABULARY
from care.settings import Settings, shipped

SHOP: tuple[type[Table[Any]], ...] = tuple(SOURCES.values())
MARKED = re.compile(r"(<!-- table: ([\w.-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
RULES = {name: campaign.settings for name, campaign in sorted(CAMPAIGNS.items())}
SECTIONS: Mapping[str, type[BaseModel]] = {
    name: field.annotation
    for name, field in Policy.model_fields.items()
    if isinstance(field.annotation, type)
    and issubclass(field.annotation, BaseModel)
    and name != "campaign_table"
}
"""The plain tables of a policy; tiers, gifts and campaigns stand there many times."""


def settings() -> str:
    """The environment variables of ``care/settings.py``."""
    return table(
        ("Variable", "Type", "Meaning"),
        (
            (f"`CARE_{name.upper()}`", kind_of(field), explanation("settings", name, field))
            for name, field in Settings.model_fields.items()
        ),
    )


def campaign_settings(name: str) -> str:
    """What a campaign adds to the keys that every campaign has."""
    return keys(f"policy.{name}", RULES[name], without=CampaignSettings.model_fields)


def shop_keys() -> str:
    """What ``shop.toml`` may say of a table, and of which one."""
    models = SHOP
    names = dict.fromkeys(name for model in models for name in model.model_fields)
    rows = []
    for name in names:
        having = [model for model in models if name in model.model_fields]
        whose = "" if len(having) == len(models) else ", ".join(one.NAME for one in having)
        rows.append((f"`{name}`", whose, explanation("shop", name, having[0].model_fields[name])))
    return table(("Key", "Only of", "Meaning"), rows)


def shop_columns(model: type[Table[Any]]) -> str:
    """The canonical columns of one of the shop's tables."""
    must = {*model.KEYS, *model.REQUIRED}
    return table(
        ("Column", "Needed", "What it holds"),
        (
            (f"`{name}`", "yes" if name in must else "", meaning(f"shop.{model.NAME}", name))
            for name in model.COLUMNS
        ),
    )


def set_aside() -> str:
    """Every reason for setting a row or a field aside."""
    return table(
        ("Reason", "What was found", "Remedy"),
        ((f"`{flaw}`", meaning("set_aside", flaw), REMEDIES[flaw]) for flaw in Flaw),
    )


def exclusions() -> str:
    """Every reason for not contacting a candidate."""
    return table(("Reason", "In words"), ((f"`{reason}`", IN_WORDS[reason]) for reason in Reason))


def vocabulary() -> str:
    """The words a template may use."""
    rows = []
    for word in sorted(VOCABULARY):
        rows.append((f"`{word}`", meaning("vocabulary", word)))
        rows += [
            (f"`{word}.{part}`", meaning("vocabulary", f"{word}.{part}"))
            for part in sorted(PARTS.get(word, ()))
        ]
    return table(("Word", "What it is"), rows)


def filters() -> str:
    """The filters a template may use."""
    known = create_environment(shipped("templates"), inline_css=False).filters
    return table(
        ("Filter", "What it does"),
        ((f"`{name}`", meaning("filters", name)) for name in sorted(known)),
    )


def reasons() -> str:
    """The phrases of ``templates/reasons.toml``."""
    phrases = tomllib.loads((shipped("templates") / "reasons.toml").read_text("utf-8"))
    return table(
        ("Code", "The evidence", "English", "Chinese"),
        (
            (f"`{code}`", meaning("reasons", code), said["en"], said["zh-CN"])
            for code, said in phrases.items()
        ),
    )


def layers() -> str:
    """Who may import whom, as the import contract has it."""
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    flow = next(contract for contract in contracts if contract["id"] == "flow")
    return table(
        ("Layer, from the door inwards", "What it is"),
        (
            (" ".join(f"`{name}`" for name in layer.split(" | ")), meaning("layers", layer))
            for layer in flow["layers"]
        ),
    )


TABLES: Mapping[str, Callable[[], str]] = {
    "campaigns.rows": campaign_rows,
    "campaigns.portraits": campaign_portraits,
    "value": value,
    "stages": stages,
    "introductions": introductions,
    **{
        f"items.{data}": partial(items, data)
        for data in ("tafeng", "complete_journey_goods", "complete_journey_everything")
    },
    **{f"timing.{horizon}": partial(timing, horizon) for horizon in ("7", "14")},
    "timing.breaks": timing_breaks,
    "timing.shift": timing_shift,
    "forecast": forecast,
    "year": year,
    "settings": settings,
    "shop.keys": shop_keys,
    **{f"shop.{model.NAME}": partial(shop_columns, model) for model in SHOP},
    "set_aside": set_aside,
    **{
        f"policy.{name}": partial(keys, f"policy.{name}", model) for name, model in SECTIONS.items()
    },
    "policy.sending_hours": partial(keys, "policy.sending_hours", SendingHours),
    "policy.roads": partial(keys, "policy.roads", Road),
    "policy.blackouts": partial(keys, "policy.blackouts", Blackout),
    "policy.tiers": partial(keys, "policy.tiers", Tier),
    "policy.care": partial(keys, "policy.care", CarePlan),
    "policy.gifts": partial(keys, "policy.gifts", Gift),
    "policy.points": partial(keys, "policy.points", PointsRules),
    "policy.campaigns": partial(keys, "policy.campaigns", CampaignSettings),
    "policy.steps": partial(keys, "policy.steps", Step),
    "policy.audience": partial(keys, "policy.audience", Audience),
    "policy.auto_approve": partial(keys, "policy.auto_approve", Bounds),
    **{f"policy.{name}": partial(campaign_settings, name) for name in RULES},
    "policy.festival.cultures": partial(keys, "policy.festival.cultures", Culture),
    "policy.festival.shop_days": partial(keys, "policy.festival.shop_days", ShopDay),
    "exclusions": exclusions,
    "vocabulary": vocabulary,
    "filters": filters,
    "reasons": reasons,
    "layers": layers,
    **{
        f"measured.{path.stem}": partial(measured, path.stem)
        for kind in ("night", "rules", "choice", "recommender")
        for path in sorted((DOCS / "figures").glob(f"{kind}-*.json"))
    },
    **{
        f"answers.{path.stem}": partial(answers, path.stem)
        for path in sorted((DOCS / "figures").glob("console-*.json"))
    },
}
"""Every table a page can ask for. A campaign is here because its module is there."""


def refreshed(page: str) -> str:
    """A page with all its tables as they should be now."""

    def write(found: re.Match[str]) -> str:
        before, name, after = found.groups()
        if name not in TABLES:
            raise UnableToWriteTable(
                f"there is no table {name!r}; the tables are {', '.join(TABLES)}"
            )
        return f"{before}{TABLES[name]()}\n{after}"

    return MARKED.sub(write, page)


def main() -> None:
    """Bring every page up to date, and say which ones changed."""
    for path in sorted(DOCS.glob("*.md")):
        page = path.read_text("utf-8")
        if (fresh := refreshed(page)) != page:
            path.write_text(fresh, "utf-8")
            print(f"{path.relative_to(DOCS.parent)} rewritten")


if __name__ == "__main__":
    main()
