"""Models on the screen: what was trained, who speaks, and what became of the title."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from care.champion import Listed, Shown
from care.domain.title import TitleEvent
from care.terminal.screen import Line, console, label, listed, table

STATE_STYLE = {"champion": "green", "was champion": "", "refused": "yellow"}
IN_WORDS = {
    "promoted": "promoted",
    "refused": "refused",
    "appointed": "given the title",
    "rolled_back": "given the title back",
}


def print_models(found: Sequence[Listed], refused: Sequence[TitleEvent]) -> None:
    """Every model, a line each, and the nights whose data trained nothing."""
    if not found and not refused:
        console.print("No model was trained yet. `care night --night DATE` trains them.")
        return
    rows = table()
    for name in ("model", "state", "figure", "baselines"):
        # A name that is cut cannot be copied into the next command.
        rows.add_column(
            name, justify="right" if name == "figure" else "left", no_wrap=name == "model"
        )
    for one in found:
        figure = "" if one.figure is None else f"{one.metric} {one.figure:.3f}"
        rows.add_row(
            Text(one.model.model_id, no_wrap=True),
            Text(one.state, STATE_STYLE[one.state]),
            figure,
            ", ".join(f"{name} {value:.3f}" for name, value in sorted(one.baselines.items())),
        )
    console.print(rows)
    for event in refused:
        said = f"{event.kind} of {event.night}: nothing trained, {event.reason}"
        console.print(Text(said, "yellow"))


def print_model(found: Shown) -> None:
    """One model with its papers and its record."""
    model = found.listed.model
    console.rule(f"[bold]{model.model_id}: {found.listed.state}", style="cyan")
    console.print(listed([*_facts(found), *_figures(found)]))
    for event in found.events:
        console.print(Text(f"{event.at:%Y-%m-%d %H:%M} UTC  {_said(event, model.model_id)}"))


def _facts(found: Shown) -> Iterator[Line]:
    model, papers = found.listed.model, found.papers
    yield label("Verdict"), model.verdict
    if found.broken is not None:
        yield label("File", "bold red"), found.broken
    else:
        yield label("File"), f"{model.artifact}, SHA-256 {model.artifact_sha256[:12]} verified"
    if papers is None:
        return
    yield label("Learnt from"), f"data {papers.data[:12]}"
    shown = [f"{name} {value}" for name, value in sorted(papers.parameters.items())]
    yield label("Parameters"), ", ".join(shown) or "none"
    yield (
        label("Made with"),
        ", ".join(f"{name} {v}" for name, v in sorted(papers.versions.items())),
    )


def _figures(found: Shown) -> Iterator[Line]:
    model = found.listed.model
    for name, figures in sorted(model.figures.items()):
        style = "bold green" if name == model.name else "bold"
        shown = ", ".join(f"{metric} {value:.3f}" for metric, value in sorted(figures.items()))
        yield label(name, style), shown


def _said(event: TitleEvent, model_id: str) -> str:
    if event.model_id != model_id:
        return f"lost the title to {event.model_id}, by {event.actor}"
    before = f", before it {event.champion_before}" if event.champion_before else ""
    return f"{IN_WORDS[event.event]} by {event.actor}{before}: {event.reason}"
