"""Debian's Chromium, and what axe finds on the pages it shows."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Frame, Page, sync_playwright

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text("utf-8")
REFUSED = re.compile(r"responded with a status of 4(09|22)")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


class UnableToBrowse(Exception):
    """There is no browser here."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise UnableToBrowse("there is no Chromium; apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def watch(page: Page) -> list[str]:
    """What goes wrong in a page from now on: errors of scripts, and what its policy refused.

    That somebody else was quicker, or that a wording is no good, is an answer and no error.
    """
    wrong: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        if said.type == "error" and not REFUSED.search(said.text):
            wrong.append(said.text)

    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", hear)
    return wrong


def barriers(page: Page | Frame) -> list[str]:
    """What keeps somebody out of a page, by WCAG 2.2 AA, as far as a program can tell."""
    page.evaluate(AXE)
    options = json.dumps({**RULES, "iframes": False})
    found = page.evaluate(f"axe.run(document, {options})")
    return [
        f"{one['id']}: {one['help']} ({node['target']}: {node['html'][:160]})"
        for one in found["violations"]
        for node in one["nodes"]
    ]
