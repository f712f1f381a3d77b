"""`care evaluate …`: what the models are worth on a shop's own orders."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from care.cli.option import PLAIN, AsJson, print_json

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

LISTS = ("--k", "--models", "--horizon", "--origins")
PICTURES = (".svg", ".png")

Names = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME…", help="Measure only these. Default: all there are"),
]
Zone = Annotated[
    str, typer.Option(metavar="ZONE", help="Where moments with a UTC offset become days.")
]

evaluate = typer.Typer(help="Measure the models on a shop's own orders.", **PLAIN)


class Lists(TyperCommand):
    """A command some of whose options take several words: ``--k 10 20`` is ``--k 10 --k 20``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat an option of ``LISTS`` before each of its words."""
        return super().parse_args(ctx, list(_spread(args)))


def _spread(args: Sequence[str]) -> list[str]:
    words: list[str] = []
    option, given = "", False
    for word in args:
        if word.startswith("-"):
            option, given = (word, False) if word in LISTS else ("", False)
            words.append(word)
        elif option and given:
            words += [option, word]
        else:
            given = bool(option)
            words.append(word)
    return words


@evaluate.command(cls=Lists)
def items(
    orders: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Order lines, Parquet or CSV: customer_id, order_id, ordered_at, product_id, and "
            "quantity if there is one.",
        ),
    ],
    k: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NUMBER…",
            help="Lengths of list, such as 10 20; models are compared at the first. Default: 10 20",
        ),
    ] = None,
    models: Names = None,
    timezone: Zone = "UTC",
    basket_index: Annotated[
        bool,
        typer.Option(
            "--basket-index",
            help="There are no dates: basket_index, or ordered_at, counts each one's baskets.",
        ),
    ] = False,
    test_users: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Test only these customers: one id a line, a JSON list, or its list 'test'.",
        ),
    ] = None,
    min_baskets: Annotated[
        int, typer.Option(min=2, help="Baskets that earn a customer a place in the test.")
    ] = 5,
    min_rows: Annotated[
        int, typer.Option(min=1, help="Rows that earn a product a place in the test.")
    ] = 10,
    max_users: Annotated[
        int | None, typer.Option(min=1, help="Test a sample of so many customers.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of that sample, and of the intervals.")] = 0,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw recall with intervals, as .svg or .png."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Foretell each customer's last basket from all before it.

    Every model learns from the same history and ranks the same customers' products. Says how well
    each does, by how much they are apart and how surely, and which of them would be promoted.
    """
    ks = _lengths(k)
    _drawable(plot)
    zone = _zone(timezone)

    from care import evaluation as workflow
    from recommender.items import MODELS

    found = workflow.evaluate_order_file(
        orders,
        zone=zone,
        by_place=basket_index,
        test_users=test_users,
        ks=ks,
        min_baskets=min_baskets,
        min_rows=min_rows,
        max_users=max_users,
        seed=seed,
        models=tuple(MODELS) if models is None else _words(models),
    )
    if plot is not None:
        from care.chart import draw_items

        plot.write_bytes(draw_items(found, as_png=plot.suffix.lower() == ".png"))
    if as_json:
        print_json(found.numbers())
    else:
        from care.terminal.evaluation import print_items

        print_items(found)


@evaluate.command(cls=Lists)
def timing(
    orders: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Order lines, Parquet or CSV: customer_id, order_id, ordered_at, product_id, "
            "product_type, and quantity if there is one.",
        ),
    ],
    horizon: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DAYS…",
            help="Days to look ahead, such as 7 14; models are compared at the first. "
            "Default: 7 14",
        ),
    ] = None,
    products: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="product_id and product_type, where the order lines do not tell the type.",
        ),
    ] = None,
    origins: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATE…",
            help="Last known days to foretell from. Default: the last five, 14 days apart, whose "
            "horizons are over",
        ),
    ] = None,
    models: Names = None,
    timezone: Zone = "UTC",
    seed: Annotated[int, typer.Option(min=0, help="Of the intervals.")] = 0,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw calibration and due lists at the first horizon, .svg or .png.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Foretell from several past days who buys which type of product again.

    At each of them every model learns from the orders up to that day alone. Says how well each
    ranks, whether its probabilities came true, and which of them would be promoted.
    """
    horizons = _horizons(horizon)
    _drawable(plot)
    zone, days = _zone(timezone), None if origins is None else _dates(origins)

    from care import evaluation as workflow
    from recommender.timing import MODELS

    found = workflow.evaluate_order_file_timing(
        orders,
        zone=zone,
        products=products,
        horizons=horizons,
        origins=days,
        models=tuple(MODELS) if models is None else _words(models),
        seed=seed,
    )
    if plot is not None:
        from care.chart import draw_timing

        plot.write_bytes(draw_timing(found, as_png=plot.suffix.lower() == ".png"))
    if as_json:
        print_json(found.numbers())
    else:
        from care.terminal.evaluation import print_timing

        print_timing(found)


def _drawable(plot: Path | None) -> None:
    if plot is not None and plot.suffix.lower() not in PICTURES:
        raise typer.BadParameter(
            f"{plot.name!r} ends with neither of {', '.join(PICTURES)}", param_hint="--plot"
        )


def _horizons(given: Sequence[str] | None) -> tuple[int, ...]:
    words = _words(given or ("7", "14"))
    wrong = [word for word in words if not re.fullmatch(r"[1-9][0-9]{0,2}", word)]
    if wrong or not words:
        raise typer.BadParameter(
            f"{', '.join(wrong) or 'nothing'!r} is no number of days from 1 to 999; "
            "write --horizon 7 14",
            param_hint="--horizon",
        )
    return tuple(int(word) for word in words)


def _dates(given: Sequence[str]) -> "tuple[date, ...]":
    from datetime import date

    found = []
    for word in _words(given):
        try:
            found.append(date.fromisoformat(word))
        except ValueError:
            raise typer.BadParameter(
                f"{word!r} is no date; write it as 2017-11-14", param_hint="--origins"
            ) from None
    if not found:
        raise typer.BadParameter("nothing is no date; write 2017-11-14", param_hint="--origins")
    return tuple(found)


def _words(given: Sequence[str]) -> tuple[str, ...]:
    """The words of a list, which may also be parted by commas; each once."""
    return tuple(dict.fromkeys(word for one in given for word in re.split(r"[,\s]+", one) if word))


def _lengths(given: Sequence[str] | None) -> tuple[int, ...]:
    words = _words(given or ("10", "20"))
    wrong = [word for word in words if not re.fullmatch(r"[1-9][0-9]{0,3}", word)]
    if wrong or not words:
        raise typer.BadParameter(
            f"{', '.join(wrong) or 'nothing'!r} is no length of a list; write --k 10 20",
            param_hint="--k",
        )
    return tuple(int(word) for word in words)


def _zone(name: str) -> "ZoneInfo":
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise typer.BadParameter(
            f"{name!r} is no time zone; write it as America/New_York", param_hint="--timezone"
        ) from None
