"""`care …`: the house from a terminal. Heavy imports happen inside the commands that need them."""

import logging
import sys

import typer

from care.cli import (
    consent,
    console,
    evaluate,
    forecast,
    gifts,
    intake,
    models,
    night,
    points,
    policy,
    review,
    suppress,
)
from care.cli.exit import Exit, code_of, in_words
from care.cli.log import log_as_told
from care.cli.option import PLAIN

__all__ = ["Exit", "app", "main"]

FIRST_STEPS = """\b
Start here:
  care demo                      three nights of a shop, in a few minutes
  care status                    how the last night stands
  care console                   look at what waits in a browser, and decide
  care review list --waiting     the same at a terminal
  care explain CUSTOMER          why she was contacted, or was not
  care forecast                  the next thirty nights, if nothing changes

\b
Exit codes:
  0 done      1 failed: the message says what did not answer; try again
  2 misused   3 wrong configuration: correct the file or the variable it names
  4 refused: the house will not do that; the message says why

\b
Everything lies under --home. Settings are CARE_... variables; CARE_LOG=INFO tells what is done,
CARE_LOG=DEBUG adds where an error came from.
"""

app = typer.Typer(
    name="care",
    help="Nightly customer care: plan a night, review its campaigns, release what was approved.",
    epilog=FIRST_STEPS,
    pretty_exceptions_enable=False,
    add_completion=False,
    **PLAIN,
)
app.command()(night.demo)
app.command("night")(night.run_night)
app.command()(night.release)
app.command()(night.status)
app.command()(console.console)
app.command()(night.explain)
app.command()(forecast.forecast)
app.add_typer(evaluate.evaluate, name="evaluate")
app.add_typer(review.review, name="review")
app.add_typer(gifts.gifts, name="gifts")
app.add_typer(models.models, name="models")
app.add_typer(consent.consent, name="consent")
app.add_typer(suppress.suppress, name="suppress")
app.add_typer(points.points, name="points")
app.add_typer(policy.policy, name="policy")
app.add_typer(intake.intake, name="intake")


def main() -> None:
    """Run a command; what a person did wrong is told in a sentence, never as a traceback."""
    try:
        log_as_told()
        app()
    except Exception as error:
        code = code_of(error)
        if code is None:
            raise
        print(f"care: {in_words(error)}", file=sys.stderr)
        logging.getLogger(__name__).debug("where it came from:", exc_info=error)
        sys.exit(code)
