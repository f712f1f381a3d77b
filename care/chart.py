"""Charts, drawn here as SVG: nothing is fetched, and no browser is needed."""

from typing import Any

import altair as alt
import pandas as pd
import vl_convert
from babel.numbers import get_currency_precision

from care.evaluation import ItemsEvaluated, TimingEvaluated
from care.forecast import Forecast

NAMED = 7
"""So many campaigns have a colour of their own; the others share one."""
OTHERS = "others"
PALETTE = (
    "#2a6f97", "#e07a5f", "#81b29a", "#f2cc8f", "#6d597a", "#b56576", "#3d405b", "#c9c9c9",
)  # fmt: skip


def draw_forecast(found: Forecast) -> str:
    """Messages a night by campaign, and below what their gifts cost: SVG."""
    rows = found.treated
    most = rows.groupby("campaign")["touches"].sum().sort_values(ascending=False, kind="stable")
    named = list(most.index[:NAMED])
    order = [name.replace("_", " ") for name in named] + [OTHERS] * (len(most) > NAMED)
    shown = rows["campaign"].where(rows["campaign"].isin(named), OTHERS).str.replace("_", " ")
    bars = rows.assign(campaign=shown).groupby(["night", "campaign"], as_index=False)
    per_unit = 10 ** get_currency_precision(found.currency)
    nights = pd.DataFrame({"night": [pd.Timestamp(one.night) for one in found.nights]})
    spent = nights.merge(
        rows.groupby("night", as_index=False)["gift_cost"].sum(), on="night", how="left"
    ).fillna({"gift_cost": 0})
    day = alt.X("yearmonthdate(night):O", title=None, axis=alt.Axis(format="%d %b", labelAngle=-90))
    volume = (
        alt.Chart(bars["touches"].sum(), title="Messages a night")
        .mark_bar()
        .encode(
            x=day.axis(None),
            y=alt.Y("touches:Q", title=None),
            color=alt.Color("campaign:N", title=None, sort=order).scale(
                domain=order, range=[*PALETTE[: min(len(most), NAMED)], PALETTE[-1]][: len(order)]
            ),
            order=alt.Order("place:Q"),
        )
        .transform_calculate(place=f"indexof({order!r}, datum.campaign)")
        .properties(width=640, height=220)
    )
    gifts = (
        alt.Chart(
            spent.assign(money=spent["gift_cost"] / per_unit), title=f"Gifts, {found.currency}"
        )
        .mark_bar(color=PALETTE[0])
        .encode(x=day, y=alt.Y("money:Q", title=None))
        .properties(width=640, height=90)
    )
    both = alt.vconcat(volume, gifts).resolve_scale(x="shared").configure(font="sans-serif")
    svg: str = vl_convert.vegalite_to_svg(both.to_dict(format="vega-lite"))
    return svg


def draw_items(found: ItemsEvaluated, *, as_png: bool = False) -> bytes:
    """Recall of each item model with its interval, best first; told apart without colour."""
    rows = pd.DataFrame(
        {
            "model": [name.replace("_", " ") for name in found.spread],
            "mean": [one.mean for one in found.spread.values()],
            "low": [one.low for one in found.spread.values()],
            "high": [one.high for one in found.spread.values()],
            "promoted": [name == found.promotion.promoted for name in found.spread],
        }
    )
    best_first = list(rows.sort_values("mean", ascending=False, kind="stable")["model"])
    level = f"{found.protocol['level']:.0%}"
    title = f"{found.metric} of {found.users:,} customers, {level} intervals"
    model = alt.Y("model:N", title=None, sort=best_first)
    base = alt.Chart(rows, title=title).properties(width=520, height=alt.Step(28))
    ends = base.mark_rule(size=2, color="#555555").encode(
        x=alt.X("low:Q", title=found.metric, axis=alt.Axis(tickCount=6)).scale(zero=True),
        x2="high:Q",
        y=model,
    )
    points = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=alt.X("mean:Q", title=found.metric),
        y=model,
        color=alt.condition("datum.promoted", alt.value("#000000"), alt.value("#8a8a8a")),
        shape=alt.condition("datum.promoted", alt.value("diamond"), alt.value("circle")),
    )
    words = base.mark_text(align="left", dx=8, fontSize=11).encode(
        x="high:Q", y=model, text=alt.Text("mean:Q", format=".3f")
    )
    return _drawn((ends + points + words).configure(font="sans-serif"), as_png=as_png)


def draw_timing(found: TimingEvaluated, *, as_png: bool = False) -> bytes:
    """Whether promises came true, and how right due lists are by length, at the first horizon."""
    horizon, trial = next(iter(found.trials.items()))
    shown = sorted(trial.figures, key=lambda name: -trial.figures[name]["ap"])[:4]
    model = alt.Color("model:N", legend=None, sort=[name.replace("_", " ") for name in shown])
    colour = model.scale(range=list(PALETTE[: len(shown)]))
    # Marks tell the models apart in any print, so colours need no key of their own.
    shape = alt.Shape("model:N", title=None, sort=[name.replace("_", " ") for name in shown])
    groups: list[dict[str, Any]] = [
        {**one, "model": name.replace("_", " ")}
        for name in shown
        for one in trial.calibration[name]
    ]
    most = max(max(one["promised"], one["seen"]) for one in groups)
    exact = alt.Chart(pd.DataFrame({"promised": [0.0, most], "seen": [0.0, most]}))
    promise = alt.Chart(pd.DataFrame(groups), title=f"Promised and seen within {horizon} days")
    held = exact.mark_line(color="#999999", strokeDash=[4, 4]).encode(
        x=alt.X("promised:Q", title="promised"), y=alt.Y("seen:Q", title="seen")
    ) + promise.mark_line(point=True).encode(x="promised:Q", y="seen:Q", color=colour, shape=shape)
    lists = [
        {**one, "model": name.replace("_", " ")} for name in shown for one in trial.lists[name]
    ]
    right = (
        alt.Chart(pd.DataFrame(lists), title="Right among the likeliest of one day")
        .mark_line(point=True)
        .encode(
            x=alt.X("length:Q", title="length of the list").scale(type="log"),
            y=alt.Y("precision:Q", title="share who buy", axis=alt.Axis(format="%")),
            color=colour,
            shape=shape,
        )
    )
    size = {"width": 320, "height": 280}
    both = alt.hconcat(held.properties(**size), right.properties(**size))
    return _drawn(both.configure(font="sans-serif"), as_png=as_png)


def _drawn(chart: alt.TopLevelMixin, *, as_png: bool) -> bytes:
    drawn = chart.to_dict(format="vega-lite")
    if as_png:
        png: bytes = vl_convert.vegalite_to_png(drawn, scale=2)
        return png
    svg: str = vl_convert.vegalite_to_svg(drawn)
    return svg.encode("utf-8")
