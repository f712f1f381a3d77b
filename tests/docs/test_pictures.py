"""The pictures of the README are there, load quickly, and can be taken anew."""

import re
import shutil
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, read, script

SHOWN = sorted(
    {
        *re.findall(r"docs/pictures/[\w.-]+", read("README.md")),
        *(f"docs/{name}" for name in re.findall(r"pictures/[\w.-]+", read("docs/review.md"))),
    }
)


def size(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG, from its header."""
    head = picture.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


@pytest.mark.parametrize("name", SHOWN)
def test_a_picture_is_small_in_bytes_and_large_enough_to_read(name: str) -> None:
    picture = ROOT / name
    assert picture.stat().st_size <= script("pictures").LARGEST
    width, height = size(picture)
    assert width >= 900
    assert height >= 600


def test_every_picture_is_shown() -> None:
    there = {f"docs/pictures/{path.name}" for path in (ROOT / "docs" / "pictures").iterdir()}
    assert there == set(SHOWN)


@pytest.mark.slow
@pytest.mark.system
@pytest.mark.timeout(1500)
def test_all_pictures_are_taken_from_a_home(
    reader_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        pytest.skip("needs Chromium: apt-get install chromium")
    pictures = script("pictures")
    monkeypatch.setattr(pictures, "PICTURES", tmp_path / "pictures")

    console = script("console_pictures")
    monkeypatch.setattr(console, "PICTURES", tmp_path / "pictures")
    pictures.main(reader_home)
    console.main(reader_home)

    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == sorted(
        Path(name).name for name in SHOWN
    )
    for picture in (tmp_path / "pictures").iterdir():
        assert size(picture)[1] >= 600
