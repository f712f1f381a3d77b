"""Every command on a page runs, or the page says why the tests do not run it."""

import re
import shlex
from pathlib import Path

import click
import pytest
import typer
from sqlalchemy import func, select

from care.cli import app
from care.storage.database import open_engine, reading
from care.storage.tables import metadata
from tests.docs.pages import NAMES, ROOT, Block, all_blocks, blocks_of, rows
from tests.docs.shell import promised, run

IN_DEMO, WITH_POSTGRESQL, IN_A_COPY = (
    "runs in the demo's home",
    "runs with PostgreSQL",
    "runs in a copy",
)
MARKS = re.compile(rf"not run: .{{10,}}|{IN_DEMO}|{WITH_POSTGRESQL}|{IN_A_COPY}|")
OF_ANOTHER_SUITE = ("docs/gateways.md",)
"""Run by the suite of what they document."""
LONG = ("docs/install.md",)
"""Plans a night: slow."""
COMMANDS = [block for block in all_blocks() if block.is_command]
PAGES = [name for name in NAMES if name not in OF_ANOTHER_SUITE]


def marked(mark: str, page: str) -> list[Block]:
    return [block for block in blocks_of(page) if block.is_command and block.mark == mark]


def pages_with(mark: str) -> list[str]:
    return [page for page in PAGES if marked(mark, page)]


@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_every_command_is_run_or_says_why_not(block: Block) -> None:
    assert MARKS.fullmatch(block.mark)


def care_commands() -> list[object]:
    found: list[object] = []
    for block in COMMANDS:
        for line in block.text.replace("\\\n", " ").splitlines():
            called = re.match(r"\s*(?:[A-Z_]+=\S+ )*care ([^|>]*)", line)
            if called:
                words = shlex.split(called[1].split(" 2", 1)[0], comments=True)
                found.append(pytest.param(words, id=f"{block}: {' '.join(words)}"))
    return found


@pytest.mark.parametrize("words", care_commands())
def test_every_command_of_ours_exists_with_its_options(words: list[str]) -> None:
    command: click.Command = typer.main.get_command(app)
    rest = words
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(click.Context(command), rest[0])
        assert found is not None, f"care {' '.join(words)}: there is no {rest[0]!r}"
        command, rest = found, rest[1:]
    if rest != ["--help"]:
        command.make_context(words[-1], rest)


def here(page: str, tmp_path: Path) -> None:
    blocks = marked("", page)
    said = dict(zip(blocks, run(blocks, temporary=tmp_path), strict=True))
    expected = promised(blocks_of(page))
    assert {block: said[block] for block in blocks if block in expected} == {
        block: text for block, text in expected.items() if block in said
    }


@pytest.mark.parametrize("page", [page for page in pages_with("") if page not in LONG])
def test_the_commands_of_a_page_print_what_it_says(page: str, tmp_path: Path) -> None:
    here(page, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("page", LONG)
def test_the_commands_of_a_long_page_print_what_it_says(page: str, tmp_path: Path) -> None:
    here(page, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("page", pages_with(IN_DEMO))
def test_what_a_page_does_with_the_demo_works(page: str, reader_home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reader"
    folder.mkdir()
    told = {"CARE_HOME": str(reader_home), "PYTHONPATH": str(ROOT)}
    run(marked(IN_DEMO, page), temporary=tmp_path, folder=folder, **told)


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("page", pages_with(WITH_POSTGRESQL))
def test_a_ledger_moves_to_postgresql(
    page: str, reader_home: Path, tmp_path: Path, postgresql_url: str
) -> None:
    old = f"sqlite:///{reader_home / 'care.sqlite'}"
    new = postgresql_url.replace("postgresql://", "postgresql+psycopg://")
    run(
        marked(WITH_POSTGRESQL, page),
        temporary=tmp_path,
        OLD_LEDGER=old,
        CARE_DATABASE_URL=new,
    )
    counted = []
    for url in (old, new):
        with reading(open_engine(url)) as connection:
            counted.append(
                {
                    table.name: connection.scalar(select(func.count()).select_from(table))
                    for table in metadata.sorted_tables
                }
            )
    assert counted[0] == counted[1]
    assert counted[0]["touches"] > 0
    told = {"CARE_HOME": str(reader_home), "CARE_DATABASE_URL": new}
    (status,) = run([_command("care status --json")], temporary=tmp_path, **told)
    assert '"night": "2017-11-16"' in status


def _command(text: str) -> Block:
    return Block("a test", 1, "bash", "", text)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_home_of_the_demo_is_explained(demo_home: Path) -> None:
    explained = {
        re.split(r"[/…<]", word)[0]
        for names, *_ in rows("docs/operate.md", "## What lies where")
        for word in re.findall(r"`([^`]+)`", names)
    }
    there = {re.sub(r"-(wal|shm)$", "", path.name) for path in demo_home.iterdir()}
    assert there <= explained
