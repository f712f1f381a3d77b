"""A campaign, as its module's docstring, its settings and the shipped policy have it."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel

from care.domain.campaign import Campaign, CampaignSettings, MessageClass
from care.domain.campaigns import CAMPAIGNS
from care.domain.journey import Step
from care.domain.segment import Segment
from care.policy import Policy, read_policy
from care.settings import shipped
from writing.key import default_of, explanation, kind_of
from writing.table import DOCS, UnableToWriteTable, table


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
        meant = explanation(f"policy.{campaign.name}", key, field)
        now = "" if chosen is None else said_value(getattr(chosen, key))
        rows.append((f"`{key}`", kind_of(field), default_of(field), now, meant))
    return rows


def said_value(value: Any) -> str:
    """A value of a policy, briefly."""
    if isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        return f"{len(value)} of them"
    if isinstance(value, tuple) and value:
        return ", ".join(f"`{one}`" for one in value)
    return "none" if value in (None, (), {}) else f"`{value}`"
