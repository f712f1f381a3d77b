"""How a campaign of the night compares: what a reviewer should not overlook, in words."""

MUCH = 2.0
"""Times a night before, or its reverse: more than chance."""
FEW = 20
"""Fewer messages than this say little about much and little."""
LARGE_SHARE = 0.3


def unusual(
    messages: int,
    *,
    yesterday: int | None,
    last_week: int | None,
    fallback_share: float,
    gift_cost: int,
    gift_budget: int | None,
    excluded: int,
    due: int,
) -> list[str]:
    """What stands out of a campaign's figures, each in words; nothing if all is as usual.

    ``yesterday``, ``last_week``: messages of those nights; missing where there were none planned.
    Volume is told against both, as a campaign may have its weekday.
    """
    found = []
    for before, when in ((yesterday, "yesterday's"), (last_week, "last week's")):
        if before is None or max(before, messages) < FEW:
            continue
        if before == 0:
            found.append(f"{messages} messages, none on {when} night")
        elif messages >= MUCH * before:
            found.append(f"{_times(messages / before)} × {when} volume")
        elif messages * MUCH <= before:
            found.append(f"{messages} messages, {before} on {when} night")
    if fallback_share > LARGE_SHARE:
        found.append(f"{fallback_share:.0%} fallback recommendations")
    if gift_budget and gift_cost > gift_budget / 2:
        found.append(f"its gifts take {gift_cost / gift_budget:.0%} of tonight's budget")
    if due >= FEW and excluded > due / 2:
        found.append(f"{excluded} of {due} who were due are excluded")
    return found


def _times(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 3 else f"{ratio:.1f}"
