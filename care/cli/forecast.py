"""`care forecast`: the coming nights from a terminal."""

from pathlib import Path
from typing import Annotated

import typer

from care.cli.option import AsJson, Home, open_home, print_json


def forecast(
    nights: Annotated[
        int, typer.Option(metavar="1-90", min=1, max=90, help="How many nights ahead.")
    ] = 30,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it too, as an SVG picture.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Foretell the coming nights; writes nothing.

    Plans the nights after the last one in memory, each as if all before it had gone out: messages
    by campaign and channel, parts of SMS, what gifts cost and which run out, and which caps bind.
    """
    from care import forecast as workflow

    found = workflow.forecast(open_home(home), count=nights)
    if svg is not None:
        from care.chart import draw_forecast

        svg.write_text(draw_forecast(found), "utf-8")
    if as_json:
        print_json(found.numbers())
    else:
        from care.terminal.forecast import print_forecast

        print_forecast(found)
