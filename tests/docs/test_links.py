"""Nothing a page points at is missing."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import NAMES, ROOT, anchors, blocks_of, prose, read

LINK = re.compile(r"!?\[[^]]*\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
FOLDERS = ("benchmarks", "care", "dags", "docs", "examples", "recommender", "templates", "tests")
NAMED = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`")


def links(page: str) -> list[str]:
    return [one or other for one, other in LINK.findall(prose(page))]


def leads_somewhere(page: str, link: str) -> bool:
    target, _, anchor = link.partition("#")
    path = ((ROOT / page).parent / target if target else ROOT / page).resolve()
    if not path.is_relative_to(ROOT) or not path.exists():
        return False
    return not anchor or anchor in anchors(path.relative_to(ROOT).as_posix())


@pytest.mark.parametrize("page", NAMES)
def test_every_link_leads_somewhere(page: str) -> None:
    inside = [link for link in links(page) if not link.startswith("https://")]
    assert [link for link in inside if not leads_somewhere(page, link)] == []


@pytest.mark.parametrize("page", NAMES)
def test_every_file_that_is_named_is_there(page: str) -> None:
    made_here = {block.mark.removeprefix("file: ") for block in blocks_of(page)}
    made_here |= {str(Path(name).parent / Path(name).stem) for name in made_here}
    named = {name.rstrip("/") for name in NAMED.findall(prose(page))}
    new = {name for name in named if Path(name).name in {Path(made).stem for made in made_here}}
    assert [name for name in named - made_here - new if not (ROOT / name).exists()] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), ["README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        for link in links(page):
            path = ((ROOT / page).parent / link.partition("#")[0]).resolve()
            if path.is_dir():
                waiting += [p.relative_to(ROOT).as_posix() for p in path.glob("*.md")]
            elif path.suffix == ".md" and path.is_relative_to(ROOT):
                waiting.append(path.relative_to(ROOT).as_posix())
    assert reached == set(NAMES)


def test_the_readme_explains_every_folder_of_the_tree() -> None:
    there = {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir() and not path.name.startswith(".") and path.name not in ("var", "dist")
    }
    explained = set(re.findall(r"^\| `(\w+)/", read("README.md"), re.MULTILINE))
    assert {name for name in there if any(ROOT.glob(f"{name}/**/*.*"))} - explained == {"docs"}
