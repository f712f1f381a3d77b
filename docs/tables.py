"""Writes the tables of these pages from the code they describe.

    python docs/tables.py

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``. What the code does not say
itself, the meaning of a key in words, comes from ``meanings.toml``; a key without one is an error.
What ``campaigns.md`` says of a campaign comes from its module's docstring, its settings and the
policy that is shipped; ``care.toml`` puts the campaigns in order.
"""

import json
import re
import tomllib
import types
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from enum import StrEnum
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from care.domain.campaign import Bounds, Campaign, CampaignSettings, MessageClass
from care.domain.campaigns import CAMPAIGNS
from care.domain.campaigns.festival import Culture, ShopDay
from care.domain.contact_policy import SendingHours
from care.domain.exclusion import IN_WORDS, Reason
from care.domain.gift import Gift
from care.domain.journey import Step
from care.domain.points import PointsRules
from care.domain.segment import Audience, Segment
from care.domain.setaside import REMEDIES, Flaw
from care.domain.tier import CarePlan, Tier
from care.intake.sources import TABLES as SOURCES
from care.intake.sources import Table
from care.policy import Policy, read_policy
from care.rendering.environment import create_environment
from care.rendering.vocabulary import PARTS, VOCABULARY
from care.settings import Settings, shipped

DOCS = Path(__file__).parent
SHOP: tuple[type[Table[Any]], ...] = tuple(SOURCES.values())
MARKED = re.compile(r"(<!-- table: ([\w.-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
CHOICE = re.compile(r"\^\(([a-z|]+)\)\$")
RULES = {name: campaign.settings for name, campaign in sorted(CAMPAIGNS.items())}
SECTIONS: Mapping[str, type[BaseModel]] = {
    name: field.annotation
    for name, field in Policy.model_fields.items()
    if isinstance(field.annotation, type)
    and issubclass(field.annotation, BaseModel)
    and name != "campaign_table"
}
"""The plain tables of a policy; tiers, gifts and campaigns stand there many times."""
PLAIN = {
    bool: "`true` or `false`",
    int: "whole number",
    float: "number",
    str: "text",
    time: "time of day",
    date: "day",
    Path: "path",
    SecretStr: "secret text",
}


class UnableToWriteTable(Exception):
    """A page asks for a table that cannot be written; the message says what is lacking."""


@cache
def meanings() -> dict[str, dict[str, str]]:
    """The words of ``meanings.toml``: table → key → meaning."""
    found: dict[str, dict[str, str]] = tomllib.loads((DOCS / "meanings.toml").read_text("utf-8"))
    return found


def meaning(table: str, key: str) -> str:
    """What a key means, in words.

    Raises:
        UnableToWriteTable: nobody has written it down yet.
    """
    try:
        return meanings()[table][key]
    except KeyError:
        raise UnableToWriteTable(
            f'{table}.{key} has no meaning yet; write one into docs/meanings.toml under ["{table}"]'
        ) from None


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; pipes inside a cell are escaped."""
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def keys(name: str, model: type[BaseModel], without: Iterable[str] = ()) -> str:
    """Every key of a model with its type, default and meaning."""
    left_out = set(without)
    return table(
        ("Key", "Type", "Default", "Meaning"),
        (
            (f"`{key}`", kind_of(field), default_of(field), meaning(name, key))
            for key, field in model.model_fields.items()
            if key not in left_out
        ),
    )


def kind_of(field: FieldInfo) -> str:
    """The type of a field and its bounds, as a person who edits a file would say it."""
    for bound in field.metadata:
        if choice := CHOICE.fullmatch(getattr(bound, "pattern", None) or ""):
            return " or ".join(f"`{word}`" for word in choice[1].split("|"))
    return _kind(field.annotation) + _bounds(field.metadata)


def _kind(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(parts[0])
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(part) for part in parts if part is not type(None))
    if origin is Literal:
        return " or ".join(f"`{part}`" for part in parts)
    if origin is tuple:
        return f"list of {_kind(parts[0])}"
    if origin is dict:
        kind = _kind(parts[1])
        return (
            f"{kind} for each {'locale' if 'text' in kind else 'name'}"
            if parts[0] is str
            else f"a {kind} for each `{parts[0].__name__.lower()}`"
        )
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return " or ".join(f"`{member}`" for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "table"
    return PLAIN[annotation]


def _bounds(metadata: Iterable[Any]) -> str:
    low = high = None
    said = []
    for bound in metadata:
        match bound:
            case Ge():
                low = bound.ge
            case Le():
                high = bound.le
            case MinLen():
                said.append(f"at least {bound.min_length}")
            case MaxLen():
                said.append(f"at most {bound.max_length}")
            case _ if pattern := getattr(bound, "pattern", None):
                said.append(f"`{pattern}`")
            case _:
                pass
    if low is not None and high is not None:
        said.append(f"{low} to {high}")
    elif low is not None:
        said.append(f"{low} or more")
    return f", {', '.join(said)}" if said else ""


def default_of(field: FieldInfo) -> str:
    """What stands in where a file says nothing, or that the file must say something."""
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "**required**"
    if value is None or value in ((), {}):
        return "none"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, BaseModel):
        return "none"
    return f"`{value}`"


def settings() -> str:
    """The environment variables of ``care/settings.py``."""
    return table(
        ("Variable", "Type", "Meaning"),
        (
            (f"`CARE_{name.upper()}`", kind_of(field), meaning("settings", name))
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
        rows.append((f"`{name}`", whose, meaning("shop", name)))
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


def measured(name: str) -> str:
    """What ``benchmarks/night.py`` or ``rules.py`` measured, as it wrote it down, and on what."""
    found = json.loads((DOCS / "figures" / f"{name}.json").read_text("utf-8"))
    ran_on, size = found["ran_on"], found["size"]
    rows = table(
        ("Stage", "Seconds", "Rows", "Rows/s", "Peak GiB", "The bare work", "Its seconds", "Ratio"),
        (
            (
                one["stage"].replace("  ", "— "),
                _seconds(one["seconds"]),
                f"{one['rows']:,}",
                f"{one['rows'] / one['seconds']:,.0f}",
                f"{one['peak_gib']:.2f}",
                one["bare"],
                f"{bare:.{2 if bare >= 0.01 else 4}f}"
                if (bare := one["bare_seconds"]) is not None
                else "",
                f"{bare / one['seconds']:.2f}" if bare is not None else "",
            )
            for one in found["stages"]
        ),
    )
    versions = ", ".join(f"{library} {number}" for library, number in ran_on["versions"].items())
    return (
        f"{size['customers']:,} customers, {size['order_lines']:,} order lines, "
        f"{ran_on['database']}. {ran_on['processor']}, {ran_on['cores']} cores, "
        f"{ran_on['memory_gib']} GiB; Python {ran_on['python']}, {versions}.\n\n{rows}"
    )


def _seconds(seconds: float) -> str:
    """As many places as say something."""
    return f"{seconds:.{1 if seconds >= 1 else 2 if seconds >= 0.1 else 4}f}"


def value() -> str:
    """How well spend to come is foretold, as ``docs/value.py`` measured it."""
    found = json.loads((DOCS / "figures" / "value.json").read_text("utf-8"))
    return table(
        ("Model", "Mean error", "Root mean square", "Order", "`smoothed` is better by"),
        (
            (
                f"`{name}`",
                f"{one['mae']:.0f}",
                f"{one['rmse']:.0f}",
                f"{one['order']:.3f}".lstrip("0"),
                f"{one['gain']:.1f} ± {one['gain_se']:.1f}" if one["gain_se"] else "",
            )
            for name, one in found.items()
        ),
    )


class Told(NamedTuple):
    """What the docstring of a campaign's module tells of it."""

    name: str
    when: str
    who: list[str]
    end: str


def told(campaign: Campaign) -> Told:
    """Read the docstring: ``Name: when``, then who gets it, and how it ends in the last paragraph.

    Raises:
        UnableToWriteTable: it has another form.
    """
    text = (import_module(campaign.rule.__module__).__doc__ or "").strip()
    first, *others = [" ".join(one.split()) for one in text.split("\n\n")]
    name, colon, when = first.partition(": ")
    if not (colon and when.endswith(".") and len(others) >= 2 and others[-1].startswith("It ends")):
        raise UnableToWriteTable(
            f"{campaign.name}: the docstring of its module must say `Name: when it is due.`, then "
            "who gets it, and in a last paragraph `It ends …`"
        )
    return Told(name, when, others[:-1], others[-1])


@cache
def shipped_policy() -> Policy:
    """The policy that is shipped, whose values stand beside the defaults."""
    return read_policy(shipped("policy.toml"))


def rows_of_care() -> list[tuple[str, str, list[str]]]:
    """Number, kind of care, and campaigns; those of no row in ``care.toml`` come last."""
    told = tomllib.loads((DOCS / "care.toml").read_text("utf-8"))
    rows = [
        (number, row["care"], [name for name in row["campaigns"] if name in CAMPAIGNS])
        for number, row in told.items()
    ]
    placed = {name for row in told.values() for name in row["campaigns"]}
    return [*rows, *(("", "", [name]) for name in CAMPAIGNS if name not in placed)]


def campaign_rows() -> str:
    """Which campaigns give which kind of care, and when each is due."""
    lines = []
    for number, care, names in rows_of_care():
        lines += [
            (number, care, f"[{one.name}](#{anchor_of(one)})", one.when[:1].upper() + one.when[1:])
            for one in (told(CAMPAIGNS[name]) for name in names)
        ] or [(number, care, "not yet", "")]
    return table(("No.", "Care", "Campaign", "When"), lines)


def anchor_of(one: Told) -> str:
    """What a link to the campaign's heading names."""
    return re.sub(r"[^\w\- ]", "", one.name.lower()).replace(" ", "-")


def campaign_portraits() -> str:
    """Every campaign under a heading of its own: when, who, how it ends, how to tune it."""
    names = [name for _, _, names in rows_of_care() for name in names]
    return "\n\n".join(portrait(CAMPAIGNS[name]) for name in names)


def portrait(campaign: Campaign) -> str:
    """One campaign, as its docstring, its settings and the shipped policy have it."""
    one = told(campaign)
    paragraphs = [f"## {one.name}", one.when[:1].upper() + one.when[1:], *one.who, one.end]
    paragraphs.append("\n".join(f"- {line}" for line in features(campaign)))
    if rows := tuning(campaign):
        paragraphs.append(table(("Key", "Type", "Default", "Shipped", "What it is"), rows))
    else:
        paragraphs.append("It has no keys of its own.")
    return "\n\n".join(paragraphs)


def features(campaign: Campaign) -> Iterable[str]:
    """What a person who plans with a campaign must know besides."""
    chosen = shipped_policy().campaigns.get(campaign.name)
    if chosen is None:
        yield f"The shipped policy leaves it out; a table `[campaigns.{campaign.name}]` brings it."
        usual = campaign.settings.model_fields["message_class"].default
    else:
        channels = ", then ".join(chosen.channels)
        look = "the policy, within bounds" if chosen.auto_approve else "a person"
        yield (
            f"Table `[campaigns.{campaign.name}]`; shipped with priority {chosen.priority}, by "
            f"{channels}, approved by {look}."
        )
        usual = chosen.message_class
    yield (
        "Service: no consent, no cap and no control group."
        if usual is MessageClass.SERVICE
        else "Marketing: needs her consent, counts towards the caps, has a control group."
    )
    if campaign.reads_behaviour:
        yield "Reads what she buys, so it pauses while the order feed is in doubt."
    if campaign.finds:
        segments = " or ".join(f"`{one}`" for one in Segment if one in campaign.finds)
        yield f"Finds customers of the segment {segments} only."
    if campaign.needs:
        needs = " and ".join(f"`{need}`" for need in sorted(campaign.needs))
        yield f"Needs {needs} of the shop; without, it is left out and the night says so."
    for key, field in campaign.settings.model_fields.items():
        if chosen is not None and get_args(field.annotation)[:1] == (Step,):
            steps = " · ".join(
                f"`{step.name}` {f'after {step.after_days} days' if step.after_days else 'at once'}"
                for step in getattr(chosen, key)
            )
            yield f"A journey, shipped with these `{key}`: {steps}."
    examples = {name: fact for facts in reversed(campaign.examples) for name, fact in facts.items()}
    if examples:
        named = (f"`facts.{name}` (such as {fact})" for name, fact in sorted(examples.items()))
        yield f"Its letters may also say {', '.join(named)}."


def tuning(campaign: Campaign) -> list[tuple[str, ...]]:
    """The keys of a campaign's own: type, default, what is shipped, meaning."""
    chosen = shipped_policy().campaigns.get(campaign.name)
    rows = []
    for key, field in campaign.settings.model_fields.items():
        if key in CampaignSettings.model_fields:
            continue
        if not field.description:
            raise UnableToWriteTable(f"{campaign.name}: its setting {key!r} needs a description")
        now = "" if chosen is None else said_value(getattr(chosen, key))
        rows.append((f"`{key}`", kind_of(field), default_of(field), now, field.description))
    return rows


def said_value(value: Any) -> str:
    """A value of a policy, briefly."""
    if isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        return f"{len(value)} of them"
    return "none" if value in (None, (), {}) else f"`{value}`"


def stages() -> str:
    """What became of products after their curve told a stage; see ``docs/products.py``."""
    found = json.loads((DOCS / "figures" / "stages.json").read_text("utf-8"))
    shown = ("retired", "decline", "maturity", "growth", "introduction", "not called")
    return table(
        ("Stage", "Products", "Sold of what was usual", "Sold less", "Sold none"),
        (
            (
                f"`{stage}`" if stage != "not called" else stage,
                f"{one['products']:,}",
                f"{one['of_usual']:.0%}",
                f"{one['less']:.0%}",
                f"{one['none']:.0%}",
            )
            for stage in shown
            for one in [found["reported"][stage]]
        ),
    )


def introductions() -> str:
    """Who buys a new product, as ``docs/products.py`` measured it."""
    found = json.loads((DOCS / "figures" / "introductions.json").read_text("utf-8"))
    words = {
        "keenest": "the keenest 50, as the campaign chooses them",
        "category": "the 50 who bought most of its category",
        "active": "anybody who was here in the last 60 days",
    }
    return table(
        ("Told", "Buy it within eight weeks", "On the part that it was chosen on"),
        (
            (said, *(_share(found[part][name]) for part in ("reported", "chosen on")))
            for name, said in words.items()
        ),
    )


def _share(measured: Mapping[str, float]) -> str:
    return f"{measured['share']:.1%} ± {measured['error']:.1%}"


TABLES: Mapping[str, Callable[[], str]] = {
    "campaigns.rows": campaign_rows,
    "campaigns.portraits": campaign_portraits,
    "value": value,
    "stages": stages,
    "introductions": introductions,
    "settings": settings,
    "shop.keys": shop_keys,
    **{f"shop.{model.NAME}": partial(shop_columns, model) for model in SHOP},
    "set_aside": set_aside,
    **{
        f"policy.{name}": partial(keys, f"policy.{name}", model) for name, model in SECTIONS.items()
    },
    "policy.sending_hours": partial(keys, "policy.sending_hours", SendingHours),
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
        for path in sorted(
            [*(DOCS / "figures").glob("night-*.json"), *(DOCS / "figures").glob("rules-*.json")]
        )
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
