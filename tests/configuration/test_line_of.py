"""The line a key is written on is found in any TOML that a person may write."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.configuration import line_of

AWKWARD = '''\
# a comment with [brackets] and = signs
title = "before any table"

[shop]   # the shop
name = { en = "Maple", zh-CN = "枫" }   # inline
"quoted key" = 1
'single' = 2
sender.name = "dotted"
sender . address = "dotted, with room"
"a.b" = "no table a"
text = """
[not.a.table]
name = "not a key"
"""
literal = \'\'\'
[nor.this]\'\'\'
list = [
  "[tiers]",   # in a list
  "name = 1",
]
after = 3

[[tiers]]
name = "member"
min = 0
[[tiers]]

# the second one
name = "gold"
  [tiers.label]
  en = "Gold"
  [[tiers.perks]]
  kind = "first"
  [[tiers.perks]]
  kind = "second"
[[tiers]]
name = "diamond"
label = { en = "Diamond" }

[ gifts . "tea 茶" . label ]
en = "tea"
[gifts.card]
cost = 60
'''


def line_with(text: str, *, nth: int = 1) -> int:
    lines = [n for n, line in enumerate(AWKWARD.splitlines(), 1) if text in line]
    return lines[nth - 1]


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (["title"], line_with("title")),
        (["shop"], line_with("[shop]")),
        (["shop", "name"], line_with("Maple")),
        (["shop", "name", "en"], line_with("Maple")),
        (["shop", "quoted key"], line_with("quoted key")),
        (["shop", "single"], line_with("'single'")),
        (["shop", "sender", "name"], line_with("sender.name")),
        (["shop", "sender", "address"], line_with("sender . address")),
        (["shop", "a.b"], line_with('"a.b"')),
        (["shop", "text"], line_with("text = ")),
        (["shop", "literal"], line_with("literal = ")),
        (["shop", "list"], line_with("list = [")),
        (["shop", "list", "1"], line_with("list = [")),
        (["shop", "after"], line_with("after = 3")),
        (["tiers"], line_with("[[tiers]]")),
        (["tiers", "0", "min"], line_with("min = 0")),
        (["tiers", "1"], line_with("[[tiers]]", nth=2)),
        (["tiers", "1", "name"], line_with('"gold"')),
        (["tiers", "1", "label", "en"], line_with('"Gold"')),
        (["tiers", "1", "perks", "0", "kind"], line_with('"first"')),
        (["tiers", "1", "perks", "1", "kind"], line_with('"second"')),
        (["tiers", "2", "name"], line_with('"diamond"')),
        (["tiers", "2", "label", "en"], line_with('"Diamond"')),
        (["gifts", "tea 茶", "label", "en"], line_with('en = "tea"')),
        (["gifts", "card", "cost"], line_with("cost = 60")),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, list) else "",
)
def test_a_key_is_found_where_it_is_written(names, line):
    assert line_of(AWKWARD, names) == line


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (["shop", "phone"], line_with("[shop]")),
        (["shop", "name", "fr"], line_with("Maple")),
        (["shop", "sender", "phone"], line_with("sender.name")),
        (["tiers", "1", "min"], line_with("[[tiers]]", nth=2)),
        (["tiers", "1", "label", "fr"], line_with("[tiers.label]")),
        (["tiers", "2", "label", "fr"], line_with('"Diamond"')),
        (["gifts"], line_with("[ gifts")),
        (["gifts", "tea 茶", "cost"], line_with("[ gifts")),
        (["gifts", "tea", "cost"], line_with("[ gifts")),
        (["nowhere"], 1),
        ([], 1),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, list) else "",
)
def test_what_is_missing_is_told_at_the_nearest_table_that_holds_it(names, line):
    assert line_of(AWKWARD, names) == line


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n"])
def test_nothing_is_on_the_first_line(text):
    assert line_of(text, ["shop"]) == 1


def test_line_ends_and_marks_of_other_systems_do_not_count():
    assert line_of("\ufeff[shop]\r\nname = 1\r\n\r\nphone = 2\r\n", ["shop", "phone"]) == 4


# ── A law: whatever is written is found on its own line ─────────────────────────────────────────

BARE = st.text("abcxyz-_09", min_size=1, max_size=6)
QUOTED = st.text("ab .=[]#\"'é茶", max_size=6)
KEYS = st.one_of(BARE, QUOTED)
VALUES = st.one_of(
    st.integers(-9, 9).map(str),
    st.sampled_from(
        ['"# no comment"', "'[no table]'", "[1,\n 2, # two\n]", '"""\nx = 1\n"""', "{ }"]
    ),
)


def quoted(key: str) -> str:
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def documents(draw: Any) -> tuple[str, dict[tuple[str, ...], int]]:
    """A TOML text and the line of every key in it."""
    lines: list[str] = []
    written: dict[tuple[str, ...], int] = {}

    def write(line: str) -> int:
        lines.extend(draw(st.lists(st.sampled_from(["", "  ", "# x = 1", "# [t]"]), max_size=2)))
        began = len(lines) + 1
        lines.extend(line.split("\n"))
        return began

    def assign(path: tuple[str, ...]) -> None:
        for key in draw(st.lists(KEYS, max_size=3, unique=True)):
            comment = draw(st.sampled_from(["", "  # y = 2"]))
            written[*path, key] = write(f"{quoted(key)} = {draw(VALUES)}{comment}")

    assign(())
    taken = {path[0] for path in written}
    for name in draw(st.lists(KEYS.filter(lambda key: key not in taken), max_size=3, unique=True)):
        if draw(st.booleans()):
            written[(name,)] = write(f"[{quoted(name)}]")
            assign((name,))
        else:
            for place in range(draw(st.integers(1, 3))):
                written[name, str(place)] = write(f"[[ {quoted(name)} ]]")
                assign((name, str(place)))
    return "\n".join(lines), written


@given(documents())
def test_every_key_of_any_text_is_found_on_its_line(document):
    text, written = document
    tomllib.loads(text)
    assert {path: line_of(text, path) for path in written} == written
