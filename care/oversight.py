"""What a policy may say and probably does not mean: found before somebody misses a letter."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from care.domain.campaign import CampaignSettings, MessageClass, Unanswered
from care.domain.campaigns import CAMPAIGNS
from care.domain.campaigns.festival import FestivalSettings
from care.domain.contact_policy import ContactPolicy
from care.domain.journey import JourneySettings, Step
from care.domain.segment import WITHOUT_ORDERS, Segment
from care.policy import Policy

LOOKED_AT_EVERY_MINUTES = 10
"""How often what is approved is released."""


def oversights(policy: Policy) -> list[str]:
    """Each in a sentence that names the key and a remedy; nothing here stops a night."""
    return [
        *_never_capped(policy),
        *_never_open(policy.contact),
        *_never_given(policy),
        *_ladders_with_a_gap(policy),
        *_never_seen(policy),
        *_journeys(policy),
        *_nobody(policy),
        *_days_nobody_keeps(policy),
        *_ties(policy),
    ]


def _never_capped(policy: Policy) -> Iterator[str]:
    gap = policy.contact.min_gap_days
    a_week, a_month = 1 + 6 // gap, 1 + 29 // gap
    caps = [("contact.touches_per_week", policy.contact.touches_per_week, a_week, 7)]
    for step, tier in enumerate(policy.tiers):
        care = f"tiers.{step}.care."
        caps += [
            (f"{care}touches_per_week", tier.care.touches_per_week or 0, a_week, 7),
            (f"{care}touches_per_month", tier.care.touches_per_month or 0, a_month, 30),
        ]
    for key, cap, possible, days in caps:
        if cap > possible:
            yield (
                f"{key} = {cap} is never reached: with contact.min_gap_days = {gap} no more than "
                f"{possible} fit in {days} days; write {possible}, or a smaller gap"
            )


def _never_open(contact: ContactPolicy) -> Iterator[str]:
    for channel, hours in contact.sending_hours.items():
        minutes = int(hours.length.total_seconds()) // 60
        if minutes < LOOKED_AT_EVERY_MINUTES:
            yield (
                f"contact.sending_hours.{channel} is open for {minutes} minutes a day, and what is "
                f"approved goes out every {LOOKED_AT_EVERY_MINUTES}: a day may pass unused; open "
                "it for longer"
            )


def _never_given(policy: Policy) -> Iterator[str]:
    offered = {
        rung
        for by_tier in policy.ladders.values()
        for ladder in by_tier.values()
        for rung in ladder
    }
    for name, gift in policy.gifts.items():
        if name not in offered:
            yield (
                f"gifts.{name} is on no ladder: nobody will get it; put it on one, or take it out"
            )
        elif gift.stock == 0:
            yield f"gifts.{name}.stock = 0: nobody will get it; add pieces, or take it off"
        elif gift.cost > policy.night.gift_budget:
            yield (
                f"gifts.{name} costs {gift.cost}, and night.gift_budget is "
                f"{policy.night.gift_budget}: nobody will get it; raise the budget, or take it off"
            )
    for campaign, by_tier in policy.ladders.items():
        if campaign not in policy.enabled:
            yield (
                f"ladders.{campaign}: the campaign is switched off, so nothing on it is given; "
                f"enable campaigns.{campaign}, or take the ladder out"
            )
        for tier, ladder in by_tier.items():
            for name in sorted({one for one in ladder if ladder.count(one) > 1}):
                yield f"ladders.{campaign}.{tier} has {name} twice; name it once"
            yield from _never_reached(policy, f"ladders.{campaign}.{tier}", ladder)
            if len(ladder) == 1:
                yield (
                    f"ladders.{campaign}.{tier} has {ladder[0]} alone, and nobody gets the same "
                    "gift twice in a row: whoever had it last gets none; add a second rung"
                )


def _never_reached(policy: Policy, place: str, ladder: Sequence[str]) -> Iterator[str]:
    """A rung below two that are always there: she had one of them last, and never both."""
    for step, rung in enumerate(ladder):
        cost = policy.gifts[rung].cost
        always = [
            better
            for better in dict.fromkeys(ladder[:step])
            for gift in [policy.gifts[better]]
            if not gift.runs_out and gift.for_everybody and gift.cost <= cost and better != rung
        ]
        if len(always) > 1:
            yield (
                f"{place}: {rung} is never reached, because there is always enough of "
                f"{' and '.join(always[:2])}; put the dearer one first, or take it off"
            )


def _ladders_with_a_gap(policy: Policy) -> Iterator[str]:
    for campaign, by_tier in policy.ladders.items():
        below = None
        for tier in policy.tier_order:
            if by_tier.get(tier):
                below = tier
            elif below is not None:
                yield (
                    f"ladders.{campaign}.{tier} has no gift, while {below} below it has: who rises "
                    "loses hers; give it a ladder"
                )


def _never_seen(policy: Policy) -> Iterator[str]:
    for name, chosen in policy.enabled.items():
        if chosen.auto_approve is None and chosen.unanswered is Unanswered.RELEASE:
            yield (
                f"campaigns.{name} needs a person's approval, yet goes out unseen if nobody "
                'decides: unanswered = "release"; write "expire", or bounds as auto_approve'
            )
        days = 1 + sum(getattr(chosen, key, 0) for key in ("lead_days", "grace_days", "late_days"))
        closes = max(policy.contact.sending_hours[road].end.hour for road in chosen.channels)
        hours = 24 * (days - 1) + closes
        if chosen.decide_within_hours > hours:
            yield (
                f"campaigns.{name}.decide_within_hours = {chosen.decide_within_hours}, but a "
                f"message found early can be sent for {days} day{'s' * (days > 1)} only, until "
                f"{closes}:00 of the last: write {hours} or less"
            )
        lead, late = (getattr(chosen, key, 0) for key in ("lead_days", "late_days"))
        if name == "points_expiry" and late > lead:
            yield (
                f"campaigns.{name}.late_days = {late} is more than lead_days = {lead}: no letter "
                f"goes out after the points' last day; write {lead} or less"
            )


def _journeys(policy: Policy) -> Iterator[str]:
    for name, chosen in policy.enabled.items():
        if isinstance(chosen, JourneySettings):
            for key, steps in chosen.branches.items():
                yield from _steps(policy, chosen, name, f"campaigns.{name}.{key}", steps)


def _steps(
    policy: Policy, chosen: JourneySettings, name: str, key: str, steps: tuple[Step, ...]
) -> Iterator[str]:
    lasts = steps[-1].after_days + chosen.late_days
    if chosen.cool_down_days < lasts:
        yield (
            f"campaigns.{name}.cool_down_days = {chosen.cool_down_days} is shorter than {key}, "
            f"which may last {lasts} days: journeys of one customer would overlap; write {lasts} "
            "or more"
        )
    known = {str(facts["step"]) for facts in CAMPAIGNS[name].examples if "step" in facts}
    for step in steps:
        if known and step.name not in known:
            yield (
                f"{key}: the templates were not tried on a step {step.name!r}; use one of "
                f"{', '.join(sorted(known))}"
            )
        forgotten = CAMPAIGNS[name].forgotten_after_days
        if forgotten is not None and step.after_days >= forgotten:
            yield (
                f"{key}: {step.name!r} after {step.after_days} days is never reached, for what "
                f"began the journey is forgotten after {forgotten}; let it come sooner"
            )
    if chosen.message_class is MessageClass.SERVICE:
        return
    contact = policy.contact
    gap = contact.min_gap_days if contact.touches_per_week > 1 else 7
    for before, step in pairwise(steps):
        between = step.after_days - before.after_days
        if between + chosen.late_days < gap:
            yield (
                f"{key}: {step.name!r} is never reached: it may go {between} to "
                f"{between + chosen.late_days} days after {before.name!r}, and contact leaves "
                f"{gap} between two touches; write after_days = {before.after_days + gap} or more"
            )
        elif between < gap:
            yield (
                f"{key}: {step.name!r} comes {between} days after {before.name!r}, and contact "
                f"leaves {gap} between two touches: it always waits; write after_days = "
                f"{before.after_days + gap} or more"
            )


def _nobody(policy: Policy) -> Iterator[str]:
    lowest = policy.tiers[0].name
    for name, chosen in policy.enabled.items():
        finds = CAMPAIGNS[name].finds or frozenset(Segment)
        wanted = frozenset(chosen.audience.segments) or finds
        tiers = chosen.audience.tiers
        if not wanted & finds:
            yield (
                f"campaigns.{name}.audience.segments is {_listed(wanted)}, and the campaign finds "
                f"only {_listed(finds)}: nobody gets it; add one of these"
            )
        elif wanted & finds <= WITHOUT_ORDERS and tiers and lowest not in tiers:
            yield (
                f"campaigns.{name}.audience: who never bought has the tier {lowest!r}, which "
                "audience.tiers leaves out: nobody gets it; add it"
            )


def _listed(segments: frozenset[Segment]) -> str:
    return ", ".join(str(one) for one in Segment if one in segments)


def _days_nobody_keeps(policy: Policy) -> Iterator[str]:
    chosen = policy.enabled.get("festival")
    if not isinstance(chosen, FestivalSettings):
        return
    kept = {name for culture in chosen.cultures for name in culture.festivals}
    names = [day.name for day in chosen.shop_days]
    for place, day in enumerate(chosen.shop_days):
        key = f"campaigns.festival.shop_days.{place}"
        if day.name not in kept:
            yield f"{key}: no culture keeps {day.name!r}; add it to the festivals of one"
        if day.name in names[:place]:
            yield f"{key}: there are two days {day.name!r}, and the last one counts; rename one"
        if lacking := [one for one in policy.shop.locales if not day.label.get(one, "").strip()]:
            usual = next(iter(day.label.values()))
            yield (
                f"{key}.label: {', '.join(lacking)} is missing, so {usual!r} stands in letters of "
                "that language; add it"
            )
    for place, culture in enumerate(chosen.cultures):
        if strange := [one for one in culture.locales if one not in policy.shop.locales]:
            yield (
                f"campaigns.festival.cultures.{place}.locales: the shop does not write "
                f"{', '.join(strange)}, so these wishes go out in {policy.shop.locales[0]}; add it "
                "to shop.locales, or take it out"
            )


def _ties(policy: Policy) -> Iterator[str]:
    by_priority: dict[int, list[str]] = {}
    for name, chosen in policy.enabled.items():
        if _competes(chosen):
            by_priority.setdefault(chosen.priority, []).append(name)
    for priority, names in by_priority.items():
        if len(names) > 1:
            keys = [f"campaigns.{name}.priority" for name in names]
            yield (
                f"{', '.join(keys[:-1])} and {keys[-1]} are equal ({priority}): of two for one "
                "customer the one that ends sooner wins, then the alphabet; make them differ"
            )


def _competes(chosen: CampaignSettings) -> bool:
    """What is owed is always sent, so its priority decides nothing between touches."""
    return chosen.message_class is MessageClass.MARKETING
