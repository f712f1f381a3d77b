"""What every store promises: files whole or not at all, and one writer of what is written once."""

import hashlib
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import ibis
import pytest

from care.storage.store import Store, UnableToUseStore, facts_of, open_store


def test_what_is_written_is_read_again(store: Store):
    assert not store.exists("a/b.txt")
    store.write("a/b.txt", b"one")
    store.write("a/b.txt", b"two")
    assert store.read("a/b.txt") == b"two"
    assert store.exists("a/b.txt")


def test_a_file_that_is_not_there_is_not_found(store: Store):
    with pytest.raises(FileNotFoundError):
        store.read("nothing")
    with pytest.raises(FileNotFoundError):
        store.facts("nothing")
    assert store.names("nowhere") == []


def test_names_come_in_order_and_without_drafts(store: Store):
    for name in ("2017-12-02/m", "2017-12-01/m", "2017-11-30/m"):
        store.write(f"nights/{name}", b"")
    assert store.names("nights") == ["2017-11-30", "2017-12-01", "2017-12-02"]
    assert store.names("nights/2017-12-01") == ["m"]


def test_facts_are_the_hash_and_size_of_the_bytes(store: Store):
    content = b"x" * 3_000_000
    store.write("big", content)
    assert store.facts("big") == facts_of(content)
    assert store.facts("big").sha256 == hashlib.sha256(content).hexdigest()
    assert store.facts("big").bytes == 3_000_000


def test_of_many_writers_of_one_file_exactly_one_succeeds(store: Store):
    with ThreadPoolExecutor(8) as writers:
        won = list(writers.map(lambda n: store.write_once("once", str(n).encode()), range(16)))
    assert won.count(True) == 1
    assert store.read("once") == str(won.index(True)).encode()


def test_a_finished_file_is_adopted_and_can_be_queried(store: Store):
    connection = ibis.duckdb.connect()
    store.attach(connection)
    with store.drafts() as folder:
        connection.raw_sql(f"COPY (SELECT 42 AS answer) TO '{folder / 'draft.parquet'}'")
        store.adopt(folder / "draft.parquet", "table/part.parquet")
    found = connection.read_parquet(store.url("table/part.parquet")).to_pyarrow()
    assert found["answer"].to_pylist() == [42]


def test_no_draft_is_left_behind(folder_store: Store):
    folder_store.write("a", b"1")
    folder_store.write_once("b", b"2")
    folder_store.write_once("b", b"3")
    with suppress(ZeroDivisionError), folder_store.drafts() as folder:
        (folder / "half").write_bytes(b"half")
        raise ZeroDivisionError
    assert sorted(path.name for path in Path(folder_store.root).iterdir()) == ["a", "b"]


def test_local_files_are_for_their_owner_only(folder_store: Store):
    folder_store.write("a/one", b"1")
    folder_store.write_once("a/two", b"2")
    for path in Path(folder_store.root).rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


@pytest.mark.parametrize("url", ["nowhere://bucket/care", "s4://bucket"])
def test_a_store_of_no_known_kind_is_refused_with_a_remedy(url: str):
    with pytest.raises(UnableToUseStore, match="Set CARE_STORE_URL to a folder"):
        open_store(url)
