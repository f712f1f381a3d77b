"""Figures that a benchmark or a script measured and wrote down in ``figures/``."""

import json
from collections.abc import Mapping
from typing import Any

from writing.table import DOCS, table

TELLING_MS = 20
"""What answers sooner has no row of its own."""


def measured(name: str) -> str:
    """What a benchmark measured stage by stage, as it wrote it down, and on what."""
    found = _read(name)
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
    drawn = ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in size.items())
    versions = ", ".join(f"{library} {number}" for library, number in ran_on["versions"].items())
    database = f", {ran_on['database']}" if "database" in ran_on else ""
    return (
        f"{drawn}{database}. {ran_on['processor']}, {ran_on['cores']} cores, "
        f"{ran_on['memory_gib']} GiB; Python {ran_on['python']}, {versions}.\n\n{rows}"
    )


def answers(name: str) -> str:
    """How long the console takes for each of its addresses, as ``benchmarks/console.py`` asked."""
    found = _read(name)
    ran_on = found["ran_on"]
    rows = table(
        ("Address", "First, ms", "Then, ms"),
        (
            (f"`{one['path']}`", f"{one['first_ms']:,.0f}", f"{one['warm_ms']:,.0f}")
            for one in sorted(found["answers"], key=lambda one: -one["warm_ms"])
            if one["warm_ms"] >= TELLING_MS
        ),
    )
    others = sum(one["warm_ms"] < TELLING_MS for one in found["answers"])
    drawn = ", ".join(f"{count:,} {what}" for what, count in found["size"].items())
    return (
        f"{drawn}, {ran_on['database']}. {ran_on['processor']}, {ran_on['cores']} cores, "
        f"{ran_on['memory_gib']} GiB; Python {ran_on['python']}.\n\n{rows}\n\n"
        f"The other {others} addresses take less than {TELLING_MS} ms."
    )


def items(data: str) -> str:
    """How well the item models do on public data, as ``benchmarks/items.py`` measured it."""
    shown = ("recall@10", "ndcg@10", "ndcg_all@10", "recall@20", "repeat_recall@10",
             "explore_recall@10", "coverage@10")  # fmt: skip
    head = (
        "Model",
        "Recall@10",
        "NDCG@10",
        "NDCG@10, all",
        "Recall@20",
        "Again",
        "New",
        "Coverage",
    )
    return table(
        head,
        (
            (f"`{name}`", *(f"{one[figure]:.3f}".lstrip("0") for figure in shown))
            for name, one in _read("items")["figures"][data].items()
        ),
    )


def timing(horizon: str) -> str:
    """How well the timing models do on public data, as ``benchmarks/timing.py`` measured it."""
    head = ("Model", "AUC", "AP", "Top 1,000", "Brier", "ECE", "Worst ECE", "Care AP", "Care list")
    shown = ("auc", "ap", "p@1000", "brier", "ece", "ece_worst", "care_ap", "care_list")
    return table(
        head,
        (
            (
                f"`{name}`",
                *(
                    f"{one[figure]:.{4 if figure == 'brier' else 3}f}".lstrip("0")
                    for figure in shown
                ),
            )
            for name, one in _read("timing")["accuracy"][horizon]["models"].items()
        ),
    )


def _places(figure: str) -> int:
    return 4 if figure in ("brier", "ece", "ece_worst") else 3


def timing_breaks() -> str:
    """How well broken rhythms are found, as ``benchmarks/timing.py`` measured it."""
    return table(
        ("Score", "AUC", "Right among the surest tenth"),
        (
            (f"`{name}`", f"{one['auc']:.3f}".lstrip("0"), f"{one['p@10%']:.3f}".lstrip("0"))
            for name, one in _read("timing")["breaks"].items()
        ),
    )


def timing_shift() -> str:
    """How true probabilities stay in a season unlike the one before."""
    return table(
        ("Season", "Model", "AP", "ECE", "Worst ECE"),
        (
            (
                season,
                f"`{name}`",
                *(f"{one[figure]:.3f}".lstrip("0") for figure in ("ap", "ece", "ece_worst")),
            )
            for season, found in _read("timing")["shift"].items()
            for name, one in found.items()
        ),
    )


def _seconds(seconds: float) -> str:
    """As many places as say something."""
    return f"{seconds:.{1 if seconds >= 1 else 2 if seconds >= 0.1 else 4}f}"


def value() -> str:
    """How well spend to come is foretold, as ``docs/value.py`` measured it."""
    found = _read("value")
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


def stages() -> str:
    """What became of products after their curve told a stage; see ``docs/products.py``."""
    found = _read("stages")
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
    found = _read("introductions")
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


def forecast() -> str:
    """What was foretold beside what came, as ``benchmarks/forecast.py`` measured it."""
    found = _read("forecast")
    rows = table(
        ("Campaign", "Foretold", "Came", "As last week", "Known"),
        (
            (
                f"`{name}`",
                f"{one['foretold']:,}",
                f"{one['came']:,}",
                f"{one['as_last_week']:,.0f}",
                "by date or habit" if one["known_ahead"] else "as before",
            )
            for name, one in found["campaigns"].items()
        ),
    )
    errors = table(
        ("Absolute error, as a share of what came", "Forecast", "As last week"),
        (
            (what.capitalize(), *(f"{found['missed'][way][what]:.0%}" for way in found["missed"]))
            for what in ("of a night", "of a campaign", "of a campaign and night")
        ),
    )
    return (
        f"{found['ahead']} nights from {found['first']}, foretold after {found['lived']}. *As last "
        "week* is the simplest forecast there is: every night as the mean night of the week "
        f"before.\n\n{rows}\n\n{errors}"
    )


def year() -> str:
    """A year of nights, as ``benchmarks/year.py`` lived through it."""
    found = _read("year")
    ran_on = found["machine"]
    counted = {
        "Nights": found["nights"],
        "Customers": found["customers"],
        "Touches": sum(found["touches"].values()),
        "Birthdays and anniversaries, each met once or excused": found["occasions"],
    }
    rows = table(
        (f"From {found['first']}", ""), ((n, f"{count:,}") for n, count in counted.items())
    )
    return f"{rows}\n\n{ran_on['processor']}, {ran_on['cores']} cores."


def _share(measured: Mapping[str, float]) -> str:
    return f"{measured['share']:.1%} ± {measured['error']:.1%}"


def _read(name: str) -> Any:
    return json.loads((DOCS / "figures" / f"{name}.json").read_text("utf-8"))
