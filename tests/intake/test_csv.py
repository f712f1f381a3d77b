"""CSV as shops write it: whatever can be told into rows is, and a torn row costs itself alone."""

import codecs
import csv
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import ibis
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from care.intake.csvfile import detect_dialect, transcribe
from care.intake.encoding import LONGEST_LINE, detect_encoding
from care.intake.sources import UnableToReadSources
from care.intake.table import OpenTable, connect, open_table
from tests.intake.builders import a_shop_of_customers, customers_of_csv, issues_of

HEADER = ["customer_id", "name", "email"]


@cache
def duckdb() -> ibis.BaseBackend:
    return connect()


def opened(folder: Path, data: bytes, **keys: str) -> OpenTable:
    """Open a customers.csv of some bytes."""
    (folder / "customers.csv").write_bytes(data)
    sources = a_shop_of_customers(folder, **keys)
    return open_table(duckdb(), sources, sources.customers)


def rows_of(table: OpenTable) -> list[tuple[int, ...]]:
    frame = table.rows.select("row", *HEADER).to_pyarrow().to_pandas()
    return [
        tuple(None if pd.isna(value) else value for value in row)
        for row in frame.itertuples(index=False)
    ]


def torn_in(table: OpenTable) -> list[tuple[int, str, str]]:
    return list(table.torn[["row", "flaw", "value"]].itertuples(index=False, name=None))


PLAIN = "customer_id,name,email\nc1,Ann,a@example.com\nc2,王芳,w@example.com\n"


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (PLAIN.encode(), {}),
        (codecs.BOM_UTF8 + PLAIN.encode(), {}),
        (PLAIN.encode("gb18030"), {}),
        ("\ufeff".encode("gb18030") + PLAIN.encode("gb18030"), {"encoding": "gb18030"}),
        (PLAIN.replace("\n", "\r\n").encode(), {}),
        (PLAIN.rstrip("\n").encode(), {}),
        (b"\n\n" + PLAIN.encode(), {}),
        (PLAIN.replace(",", ";").encode(), {}),
        (PLAIN.replace(",", "\t").encode(), {}),
        (PLAIN.replace(",", "|").encode("gb18030"), {"delimiter": "|"}),
        (PLAIN.replace(",", '","').replace("\n", '"\n"').encode()[:-1].join([b'"', b""]), {}),
        (PLAIN.replace("email", " email ").encode(), {}),
        (PLAIN.replace("\n", ",\n").encode(), {}),
    ],
    ids=[
        "UTF-8",
        "with a mark",
        "GB18030",
        "GB18030 with a mark",
        "CR LF",
        "no last line end",
        "empty lines first",
        "semicolons",
        "tabs",
        "bars",
        "all in quotes",
        "blanks in the header",
        "a nameless last column",
    ],
)
def test_a_file_is_read_in_any_of_its_forms(tmp_path: Path, data: bytes, keys: dict[str, str]):
    table = opened(tmp_path, data, **keys)
    assert rows_of(table) == [(1, "c1", "Ann", "a@example.com"), (2, "c2", "王芳", "w@example.com")]
    assert table.torn.empty


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("c2,Bea", "2 cells"),
        ("c2,Bea,b@example.com,more", "4 cells"),
        ('c2,"Bea,b@example.com', "a quote is not closed"),
        ('c2,"Bea" Lee,b@example.com', "a quote is not closed"),
        ('"c2,Bea,b@example.com', "a quote is not closed"),
        ('c2,"Bea', "a quote is not closed"),
        ("no row at all", "1 cells"),
    ],
)
def test_a_torn_row_is_set_aside_by_its_number_and_the_rest_is_read(
    tmp_path: Path, line: str, found: str
):
    sound = [f"c{n},Ann,a{n}@example.com" for n in (1, 3, 4)]
    table = opened(tmp_path, "\n".join([",".join(HEADER), sound[0], line, *sound[1:], ""]).encode())
    assert [row[:2] for row in rows_of(table)] == [(1, "c1"), (3, "c3"), (4, "c4")]
    assert torn_in(table) == [(2, "torn_row", found)]


def test_torn_rows_are_counted_as_read_and_name_their_remedy(tmp_path: Path):
    data = "customer_id,name\nc1,Ann\nc2,Bea,\nc3,Cy\n\nc5,Dee,,\n"
    taken = customers_of_csv(tmp_path, data.encode())
    assert taken.kept["customer_id"].tolist() == ["c1", "c3"]
    assert issues_of(taken) == [("row", "torn_row", "row")] * 2
    assert taken.set_aside["row"].tolist() == [2, 5]
    assert taken.read == len(taken.kept) + sum(taken.rows_set_aside.values()) == 4
    assert "as many cells as the header" in taken.set_aside["remedy"].iloc[0]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_bytes_that_are_no_text_cost_their_row(tmp_path: Path, encoding: str):
    lines = [f"c{n},王芳{n},a@example.com".encode(encoding) for n in range(200)]
    lines[7] = b"c7,\xff\xfe,a@example.com"
    lines[8] = b'c8,"W\xff, X",a@example.com'
    data = b"\n".join([",".join(HEADER).encode(), *lines])
    table = opened(tmp_path, data)
    assert torn_in(table) == [(8, "undecodable", ""), (9, "undecodable", "")]
    assert len(rows_of(table)) == 198
    assert rows_of(table)[7] == (10, "c9", "王芳9", "a@example.com")


def test_half_a_surrogate_pair_is_no_text(tmp_path: Path):
    half = "c1,Ann \ud83d,a@example.com".encode("utf-8", "surrogatepass")
    table = opened(tmp_path, b"customer_id,name,email\n" + half + b"\nc2,Bea,\n")
    assert torn_in(table) == [(1, "undecodable", "")]
    assert rows_of(table) == [(2, "c2", "Bea", None)]


def test_a_cell_in_quotes_may_hold_anything(tmp_path: Path):
    cells = ['a"b', "a,b", "a\nb", "a\r\nb", "a\n\n\nb", '"', "\n", "\x00", "👩‍🚀", '",\n"']
    text = io.StringIO(newline="")
    csv.writer(text).writerows([HEADER, *(("c", cell, "end") for cell in cells)])
    table = opened(tmp_path, text.getvalue().encode())
    assert rows_of(table) == [(n, "c", cell, "end") for n, cell in enumerate(cells, start=1)]


def test_a_quote_inside_a_cell_without_quotes_is_a_quote(tmp_path: Path):
    data = PLAIN.replace("Ann", 'Pipe 5" by 3"').replace("王芳", 'Ann "Bea" Lee')
    names = [row[2] for row in rows_of(opened(tmp_path, data.encode()))]
    assert names == ['Pipe 5" by 3"', 'Ann "Bea" Lee']


def test_a_carriage_return_inside_a_line_is_text(tmp_path: Path):
    data = PLAIN.replace("Ann", "Ann\rLee").replace("\n", "\r\n")
    assert rows_of(opened(tmp_path, data.encode()))[0][2] == "Ann\rLee"


def test_a_stray_quote_in_every_row_tears_each_and_no_more(tmp_path: Path):
    rows = [f'c{n},"Ann,a@example.com' if n % 2 else f"c{n},Bea," for n in range(2_000)]
    table = opened(tmp_path, "\n".join([",".join(HEADER), *rows]).encode())
    assert len(table.torn) == len(rows_of(table)) == 1_000


def test_a_line_without_end_is_torn_in_bounded_memory(tmp_path: Path):
    data = f"{','.join(HEADER)}\nc1,{'x' * 5 * LONGEST_LINE},a@example.com\nc2,Bea,\n"
    table = opened(tmp_path, data.encode())
    assert [row[0] for row in rows_of(table)] == [2]
    assert torn_in(table) == [(1, "undecodable", "")]


cell = st.text(st.sampled_from('ab王👩é,;"\r\n\t |\x00\u2028='), max_size=12)


@settings(max_examples=25)
@given(
    st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=20),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["utf-8", "gb18030"]),
)
@example([("1", "", ""), ("", "", "")], ",", csv.QUOTE_MINIMAL, "utf-8")
def test_what_a_csv_writer_wrote_is_read_as_it_was(
    tmp_path_factory, rows, delimiter, quoting, encoding
):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting)
    writer.writerows([HEADER, *rows])
    folder = tmp_path_factory.mktemp("csv")
    keys = {"delimiter": delimiter, "encoding": encoding}
    table = opened(folder, text.getvalue().encode(encoding), **keys)
    expected = [tuple(cell or None for cell in row) for row in rows]
    assert [tuple(cell or None for cell in row[1:]) for row in rows_of(table)] == expected
    assert table.torn.empty


junk = st.binary(max_size=40) | st.text(st.sampled_from('ab,"\r 王'), max_size=20).map(str.encode)


@settings(max_examples=25)
@given(st.lists(junk.filter(lambda line: b"\n" not in line), max_size=12))
def test_whatever_stands_between_them_sound_rows_are_read(tmp_path_factory, lines: Sequence[bytes]):
    data = b"customer_id,name,email\n"
    for number, line in enumerate(lines):
        data += line + f"\nsound{number},Ann,a@example.com\n".encode()
    table = opened(tmp_path_factory.mktemp("csv"), data, encoding="utf-8", delimiter=",")
    found = {row[1]: row[0] for row in rows_of(table)}
    numbers = sorted([*found.values(), *table.torn["row"]])
    assert len(set(numbers)) == len(numbers)
    assert all(number <= 2 * len(lines) for number in numbers)
    # a quote may be closed further down, if the row comes out whole; but for that nothing is lost
    if not any(b'"' in line for line in lines):
        assert all(found[f"sound{n}"] == 2 * n + 2 for n in range(len(lines)))


# ── What is found out ───────────────────────────────────────────────────────────────────────────


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        ("id,name\n1,Ann\n", "ascii", "utf-8"),
        ("id,name\n1,王芳\n", "utf-8", "utf-8"),
        ("编号,姓名\n1,王芳\n2,李娜\n", "gb18030", "gb18030"),
        ("id,name\n" + "1,Ann\n" * 9_000 + "2,王芳\n3,联通\n", "gb18030", "gb18030"),
        ("id,name\n1,镕堃\n2,王芳𠮷\n3,李娜\n", "gb18030", "gb18030"),
        ("id,nom\n" + "1,François Légaré\n2,Anaïs Noël\n" * 20, "latin-1", None),
        ("id,name\n1,Ann\n", "utf-16", None),
    ],
)
def test_the_encoding_is_found_out_or_asked_for(tmp_path: Path, text, encoding, found):
    assert detect_encoding(write(tmp_path / "x.csv", text, encoding)) == found


def test_a_few_bad_bytes_do_not_change_the_encoding(tmp_path: Path):
    lines = ["编号,姓名", *(f"{n},王芳" for n in range(300))]
    for encoding in ("utf-8", "gb18030"):
        data = [line.encode(encoding) for line in lines]
        data[5] = data[50] = b"x,\xff\xff"
        (tmp_path / "x.csv").write_bytes(b"\n".join(data))
        assert detect_encoding(tmp_path / "x.csv") == encoding


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b,c\n1,2,3\n", ","),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        ("name\tnote\nAnn\tx, y, z\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ('"last, first";age\n"Lee, Ann";40\n', ";"),
        ("only\n1\n2\n", ","),
        ('a,b\n"stray,2\n3,4\n5,6\n', ","),
    ],
)
def test_the_delimiter_is_found_out(tmp_path: Path, text: str, delimiter: str):
    assert detect_dialect(write(tmp_path / "x.csv", text)).delimiter == delimiter


@pytest.mark.parametrize(
    ("data", "keys", "key", "problem", "remedy"),
    [
        (b"", {}, "path", "customers.csv is empty", "Deliver it with a header"),
        (b"\n \n", {}, "path", "customers.csv is empty", "Deliver it with a header"),
        (
            PLAIN.encode("utf-16"),
            {},
            "encoding",
            "neither UTF-8 nor GB18030",
            "Save it as UTF-8",
        ),
        (
            "编号,姓名\n1,王芳\n".encode("gb18030"),
            {"encoding": "utf-8"},
            "encoding",
            "the header of customers.csv is not utf-8",
            "Correct the encoding",
        ),
        (b"customer_id,name,Name\n1,a,b\n", {}, "path", "has 'name' twice", "Rename one"),
        (
            PLAIN.encode(),
            {"delimiter": ";"},
            "columns.customer_id",
            "there is no column 'customer_id'",
            "correct the delimiter",
        ),
        (
            b"c1,Ann Lee,ann@example.com\nc2,Bea,b@example.com\n",
            {},
            "columns.customer_id",
            "its first row is no header",
            "Put the columns' names there",
        ),
        (PLAIN.replace("\n", "\r").encode(), {}, "path", "end with CR alone", "LF or CR LF"),
    ],
    ids=[
        "empty",
        "blank",
        "UTF-16",
        "wrong encoding",
        "twice",
        "wrong delimiter",
        "no header",
        "CR",
    ],
)
def test_a_file_that_cannot_be_told_into_rows_is_refused(
    tmp_path: Path, data: bytes, keys: dict[str, str], key: str, problem: str, remedy: str
):
    with pytest.raises(UnableToReadSources) as refused:
        opened(tmp_path, data, **keys)
    message = str(refused.value)
    assert f"customers.{key}: " in message
    assert problem in message
    assert remedy in message
    assert "Ann" not in message


def test_files_of_one_table_may_differ_in_all_but_their_names(tmp_path: Path):
    (tmp_path / "customers-1.csv").write_bytes("customer_id,name\nc1,王芳\nc2\n".encode("gb18030"))
    (tmp_path / "customers-2.csv").write_bytes(b"email;customer_id\na@example.com;c3\n")
    sources = a_shop_of_customers(tmp_path, path="customers-*.csv")
    table = open_table(duckdb(), sources, sources.customers)
    assert table.files == ("customers-1.csv", "customers-2.csv")
    frame = table.read()
    assert frame[["file", "row", "customer_id"]].to_numpy().tolist() == [[0, 1, "c1"], [1, 1, "c3"]]
    assert frame["name"].fillna("-").tolist() == ["王芳", "-"]
    assert table.torn[["file", "row"]].to_numpy().tolist() == [[0, 2]]


def test_a_format_may_be_said_where_the_name_tells_nothing(tmp_path: Path):
    (tmp_path / "export").write_bytes(PLAIN.encode())
    for keys in ({}, {"format": "csv"}):
        sources = a_shop_of_customers(tmp_path, path="export", **keys)
        assert len(open_table(duckdb(), sources, sources.customers).read()) == 2
    with pytest.raises(UnableToReadSources, match="export is no Parquet"):
        opened(tmp_path, b"", path="export", format="parquet")


def test_nothing_of_a_file_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    drafts = tmp_path / "drafts"
    drafts.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(drafts))
    customers_of_csv(tmp_path, PLAIN.encode())
    assert list(drafts.iterdir()) == []


def test_rows_are_written_plainly_and_numbered(tmp_path: Path):
    source = write(tmp_path / "x.csv", 'a;b\r\n1;"x;\r\ny"\r\n\r\n3;z\r\n', "gb18030")
    torn = transcribe(source, detect_dialect(source), tmp_path / "plain.csv")
    assert (tmp_path / "plain.csv").read_bytes() == b'"1";"1";"x;\r\ny"\n3;3;z\n'
    assert len(torn.rows) == 0
