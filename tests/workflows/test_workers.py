"""Eight workers on mapped shards, on both databases: one set of touches, and equal bytes."""

import hashlib
import multiprocessing
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from care import correspondence, desk, nightly, training
from care.runtime import open_runtime
from tests.workflows.builders import NIGHT, a_house, approve, at, release_at
from tests.workflows.laws import assert_laws

pytestmark = pytest.mark.slow

SHARDS = 8


def _compose(home, database_url, shard):
    """What one worker does: opens the house by itself, and writes a shard's messages."""
    runtime = open_runtime(
        home=home, database_url=database_url, policy_path=home / "policy.toml", shards=SHARDS
    )
    return correspondence.compose(runtime, night=NIGHT, shard=shard)


def _plan(home, database_url):
    runtime = open_runtime(
        home=home, database_url=database_url, policy_path=home / "policy.toml", shards=SHARDS
    )
    return nightly.plan(runtime, night=NIGHT, now=at("01:00"))


def _night_with_workers(home: Path, database_url: str | None, workers: int) -> dict[str, str]:
    """A whole night, composed by so many processes at once; hashes of what was sealed, by part."""
    a_house(home, database_url)
    runtime = open_runtime(
        home=home, database_url=database_url, policy_path=home / "policy.toml", shards=SHARDS
    )
    nightly.take_snapshot(runtime, night=NIGHT)
    training.train_items(runtime, night=NIGHT, now=at("01:00"))
    training.train_timing(runtime, night=NIGHT, now=at("01:00"))
    nightly.score(runtime, night=NIGHT)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        plans = [pool.submit(_plan, home, database_url) for _ in range(min(2, workers))]
        shards = plans[0].result()
        assert all(plan.result() == shards for plan in plans)
        # every shard twice: a worker that was thought lost comes back
        composing = [
            pool.submit(_compose, home, database_url, shard) for shard in [*shards, *shards]
        ]
        assert sum(composed.result() for composed in composing) >= SHARDS
    desk.queue(runtime, night=NIGHT, now=at("01:00"))
    approve(runtime)
    release_at(runtime, "06:30")
    assert_laws(runtime)
    return {
        str(part.relative_to(home)): hashlib.sha256(part.read_bytes()).hexdigest()
        for part in sorted((home / "outbound").glob("*/*/part-*.jsonl"))
    }


@pytest.fixture(scope="module")
def sealed_by_one(tmp_path_factory):
    home = tmp_path_factory.mktemp("one") / "home"
    return home, _night_with_workers(home, None, workers=1)


def test_eight_workers_seal_the_same_bytes_as_one(sealed_by_one, tmp_path, database_url):
    alone, parts = sealed_by_one
    home = tmp_path / "home"
    home.mkdir()
    for key in ("care.key", "gateway.key"):  # the same pseudonyms and tokens
        shutil.copy(alone / key, home / key)
    assert parts
    assert _night_with_workers(home, database_url, workers=8) == parts
