"""How pictures are drawn: one hue, light to dark, and words or numbers where shades would blur."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import vl_convert
from babel.numbers import get_currency_precision

from care.console.speech import Speech

INK, MID, PALE = "#1f3d4d", "#6f93a6", "#d5e1e7"
WIDTH = 760
WHITE_FROM = 0.65
NAMED = 8
"""So many campaigns have a row of their own; the others share one."""


def funnel(rows: pd.DataFrame, say: Speech) -> str:
    """From everybody to those whose message was accepted."""
    told = rows.assign(
        stage=[say.name("stage", one) for one in rows["stage"]],
        words=[say.number(one) for one in rows["count"]],
    )
    y = alt.Y("stage:N", sort=None, title=None, axis=alt.Axis(grid=False, ticks=False))
    base = alt.Chart(told).encode(y=y)
    # The scale shrinks large numbers, so ticks would crowd, and every bar carries its number.
    shrunk = alt.X("count:Q", title=None, axis=None).scale(type="symlog")
    bars = base.mark_bar(color=MID).encode(x=shrunk)
    numbers = base.mark_text(align="left", dx=5).encode(x=shrunk, text="words:N")
    return _svg((bars + numbers).properties(width=WIDTH, height=alt.Step(34)))


def by_campaign(rows: pd.DataFrame, say: Speech, *, value: str) -> str:
    """A row of bars for each campaign, the busiest first."""
    if rows.empty:
        return nothing(say)
    most = rows.groupby("campaign")[value].sum().sort_values(ascending=False, kind="stable")
    named = {name: say.name("campaign", name) for name in most.index[:NAMED]}
    told = rows.assign(campaign=rows["campaign"].map(named).fillna(say("picture.others")))
    order = [*named.values(), say("picture.others")]
    summed = told.groupby(["night", "campaign"], as_index=False).agg({value: "sum"})
    told = _days(summed, say)
    chart = (
        alt.Chart(told)
        .mark_bar(color=MID)
        .encode(
            x=_night(told),
            y=alt.Y(f"{value}:Q", title=None, axis=alt.Axis(tickCount=2)),
            row=alt.Row(
                "campaign:N",
                sort=order,
                title=None,
                header=alt.Header(labelAngle=0, labelAlign="left", labelLimit=200),
            ),
        )
        .properties(width=WIDTH - 160, height=44)
        .resolve_scale(y="independent")
    )
    return _svg(chart)


def exclusions(rows: pd.DataFrame, say: Speech) -> str:
    """How many for each reason on each night, as numbers on shades."""
    if rows.empty:
        return nothing(say)
    told = rows.assign(
        reason=[
            _why_not(outcome, reason, say)
            for outcome, reason in zip(rows["outcome"], rows["reason"], strict=True)
        ]
    )
    # Beyond so much of the way from light to dark white is read better than black.
    dark = float(np.expm1(np.log1p(told["count"].max()) * WHITE_FROM))
    told = _days(told.assign(dark=told["count"] > dark), say)
    # No line of a grid may run through the numbers.
    base = alt.Chart(told).encode(
        x=_night(told, grid=False),
        y=alt.Y("reason:N", title=None, axis=alt.Axis(labelLimit=320, grid=False)),
    )
    shades = base.mark_rect(stroke="#ffffff").encode(
        color=alt.Color("count:Q", legend=None).scale(range=[PALE, INK], type="symlog")
    )
    numbers = base.mark_text(fontSize=10).encode(
        text="count:Q",
        color=alt.condition("datum.dark", alt.value("#ffffff"), alt.value("#111111")),
    )
    return _svg((shades + numbers).properties(width=WIDTH - 300, height=alt.Step(24)))


def gifts(rows: pd.DataFrame, say: Speech) -> str:
    """What gifts cost each night, and the line of what they may."""
    if rows.empty:
        return nothing(say)
    per_unit = 10 ** get_currency_precision(say.currency)
    told = _days(rows.assign(spent=rows["spent"] / per_unit, budget=rows["budget"] / per_unit), say)
    x = _night(told)
    bars = alt.Chart(told).mark_bar(color=MID).encode(x=x, y=alt.Y("spent:Q", title=say.currency))
    limits = told.dropna(subset=["budget"])
    lines = alt.Chart(limits).mark_tick(color=INK, thickness=2, width=26).encode(x=x, y="budget:Q")
    return _svg((bars + lines).properties(width=WIDTH, height=220))


def batches(rows: pd.DataFrame, say: Speech) -> str:
    """What was handed over each night and what of it was acknowledged, a row a channel."""
    if rows.empty:
        return nothing(say)
    said = {one: say(f"picture.{one}") for one in ("records", "accepted", "rejected")}
    long = (
        rows.groupby(["night", "channel"], as_index=False)[list(said)]
        .sum()
        .melt(["night", "channel"], var_name="what", value_name="messages")
    )
    told = _days(
        long.assign(
            channel=[say.name("channel", one) for one in long["channel"]],
            what=long["what"].map(said),
        ),
        say,
    )
    shades = alt.Scale(domain=list(said.values()), range=[PALE, MID, "#000000"])
    chart = (
        alt.Chart(told)
        .mark_bar(stroke="#333333", strokeWidth=0.5)
        .encode(
            x=_night(told),
            xOffset=alt.XOffset("what:N", sort=list(said.values())),
            y=alt.Y("messages:Q", title=None),
            color=alt.Color("what:N", title=None, scale=shades, sort=list(said.values())),
            row=alt.Row("channel:N", title=None, header=alt.Header(labelAngle=0)),
        )
        .properties(width=WIDTH - 200, height=110)
    )
    return _svg(chart)


def models(rows: pd.DataFrame, say: Speech) -> str:
    """Each metric over the nights, a line a model told apart by dashes and marks."""
    if rows.empty:
        return nothing(say)
    told = _days(
        rows.assign(
            model=[say.name("source", str(one)) for one in rows["model"]],
            metric=[say.name("metric", str(one)) for one in rows["metric"]],
        ).dropna(subset=["value"]),
        say,
    )
    base = alt.Chart(told).encode(
        x=_night(told),
        y=alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=4)).scale(zero=False),
        color=alt.Color("model:N", title=None, legend=None).scale(
            range=[INK, "#000000", MID, "#9aa7ae", "#5b6f78"]
        ),
    )
    # One key is enough: marks tell models apart in any print, and lines join them.
    lines = base.mark_line().encode(strokeDash=alt.StrokeDash("model:N", legend=None))
    marks = base.mark_point(filled=True, size=55).encode(shape=alt.Shape("model:N", title=None))
    both = (lines + marks).properties(width=WIDTH - 220, height=150)
    return _svg(both.facet(row=alt.Row("metric:N", title=None)).resolve_scale(y="independent"))


def calibration(rows: pd.DataFrame, say: Speech) -> str:
    """What each model promised beside what came, a panel a model; dashed: promises kept."""
    if rows.empty:
        return nothing(say)
    named = [say.name("source", str(one)) for one in rows["model"]]
    told = rows[["promised", "seen"]].assign(model=named)
    most = float(told[["promised", "seen"]].to_numpy().max())
    # Most promises are small; the root gives them room.
    scale = alt.Scale(type="sqrt", domain=[0, most])
    axis = alt.Axis(format="%", tickCount=5)
    x = alt.X("promised:Q", title=say("picture.promised"), axis=axis).scale(scale)
    y = alt.Y("seen:Q", title=say("picture.seen"), axis=axis).scale(scale)
    base = alt.Chart(told)
    kept = base.mark_line(color=MID, strokeDash=[4, 4]).encode(x=x, y=alt.Y("promised:Q"))
    seen = base.mark_line(color=INK, point=alt.OverlayMarkDef(color=INK, size=40))
    panel = (kept + seen.encode(x=x, y=y)).properties(width=(WIDTH - 180) / 3, height=180)
    names = list(told["model"].drop_duplicates())
    return _svg(panel.facet(facet=alt.Facet("model:N", title=None, sort=names), columns=3))


def nothing(say: Speech) -> str:
    """A picture of no rows."""
    return words(say("picture.nothing"))


def words(sentence: str) -> str:
    """A sentence where a picture would be."""
    chart = alt.Chart(pd.DataFrame({"words": [sentence]})).mark_text(fontSize=14)
    return _svg(chart.encode(text="words:N").properties(width=WIDTH, height=60))


def _days(rows: pd.DataFrame, say: Speech) -> pd.DataFrame:
    """Nights in order and as the reader writes them."""
    days = pd.to_datetime(rows["night"])
    return rows.assign(
        night=days.dt.strftime("%Y-%m-%d"), day=[say.short_day(one.date()) for one in days]
    ).sort_values("night", kind="stable")


def _why_not(outcome: str, reason: str, say: Speech) -> str:
    if not reason:  # who is held out for comparison was not left out for anything
        return say.name("outcome", outcome)
    named = say.name("reason", reason)
    return say("tonight.deferred", reason=named) if outcome == "deferred" else named


def _night(rows: pd.DataFrame, *, grid: bool = True) -> Any:
    return alt.X(
        "day:O",
        title=None,
        sort=list(rows["day"].drop_duplicates()),
        axis=alt.Axis(labelAngle=-45, labelOverlap=True, grid=grid),
    )


def _svg(chart: Any) -> str:
    plain = chart.configure(
        font="sans-serif", background="#ffffff", axis=alt.AxisConfig(grid=True)
    ).configure_view(stroke=None)
    svg: str = vl_convert.vegalite_to_svg(plain.to_dict(format="vega-lite"))
    return svg
