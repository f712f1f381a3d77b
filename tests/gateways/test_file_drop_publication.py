"""Publication: a reader sees a whole batch or none, whoever dies or runs at the same time."""

import errno
import fcntl
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from care.domain.batch import SealedBatch
from care.gateways.contract import UnableToReplaceBatch, UnableToSubmitBatch
from care.gateways.file_drop import FileDrop
from tests.gateways.builders import CLOSES, OPENS, a_batch, an_email, consumer, messages

FORK = multiprocessing.get_context("fork")
CONSUMER = consumer()


def in_a_process(work: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start work in a process of its own."""
    process = FORK.Process(target=work, args=arguments)
    process.start()
    return process


def publish(outbound: Path, batch: SealedBatch) -> None:
    """Submit a batch."""
    FileDrop(outbound).submit(batch)


def shelf_of(outbound: Path) -> Path:
    """Give the folder of the e-mail batches."""
    return outbound / "email"


def assert_published(outbound: Path, batch: SealedBatch) -> None:
    """Check that the batch lies there as a whole, and nothing else beside it."""
    folder = shelf_of(outbound) / batch.batch_id
    assert list(shelf_of(outbound).iterdir()) == [folder]
    names = [name for name, _ in batch.parts]
    assert sorted(path.name for path in folder.iterdir()) == ["_SUCCESS", "manifest.json", *names]
    assert {name: (folder / name).read_bytes() for name in names} == dict(batch.parts)
    manifest = (folder / "manifest.json").read_bytes()
    assert (folder / "_SUCCESS").read_text().strip() == hashlib.sha256(manifest).hexdigest()


def assert_all_that_can_be_seen_is_whole(outbound: Path) -> int:
    """Read every complete batch the way a gateway does; give how many there are."""
    folders = CONSUMER.waiting_batches(outbound)
    for folder in folders:
        manifest = CONSUMER.verified_manifest(
            folder, (folder / "manifest.json").read_bytes(), secret=b""
        )
        CONSUMER.verified_messages(folder, manifest)
    return len(folders)


def test_a_batch_lies_where_the_contract_says(tmp_path: Path) -> None:
    batch = a_batch()
    submission = FileDrop(tmp_path / "out").submit(batch)

    assert_published(tmp_path / "out", batch)
    folder = tmp_path / "out" / "email" / batch.batch_id
    assert submission.location == str(folder)
    assert submission.manifest_sha256 == hashlib.sha256(batch.manifest.encode()).hexdigest()
    assert json.loads((folder / "manifest.json").read_bytes())["batch_id"] == batch.batch_id


def test_nobody_else_may_read_a_batch(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        FileDrop(tmp_path / "out").submit(a_batch())
    finally:
        os.umask(mask)

    for path in [tmp_path / "out", *(tmp_path / "out").rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def die_at(step: int, outbound: Path, batch: SealedBatch) -> None:
    """Publish, but be killed just before the given fsync or rename."""
    left = step

    def counted(call: Callable[..., None]) -> Callable[..., None]:
        def wrapped(*arguments: Any) -> None:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            call(*arguments)

        return wrapped

    os.fsync, os.rename = counted(os.fsync), counted(os.rename)
    publish(outbound, batch)


def test_killed_at_any_step_it_leaves_nothing_half_and_resumes(tmp_path: Path) -> None:
    batch = a_batch(messages(4))
    for step in range(100):
        outbound = tmp_path / str(step)
        killed = in_a_process(die_at, step, outbound, batch)
        killed.join()
        assert_all_that_can_be_seen_is_whole(outbound)
        publish(outbound, batch)
        assert_published(outbound, batch)
        if killed.exitcode == 0:
            break
        assert killed.exitcode == -signal.SIGKILL
    assert step == 11  # 4 files and 5 folders forced to disk, 2 renames: each a place to die at


def watch(outbound: Path, stop: Path) -> None:
    """Read like a gateway, over and over, until told to stop."""
    while not stop.exists():
        assert_all_that_can_be_seen_is_whole(outbound)


def test_a_reader_never_sees_half_a_batch_while_publishers_are_killed(tmp_path: Path) -> None:
    outbound, stop = tmp_path / "out", tmp_path / "stop"
    rounds = [a_batch(messages(24), night=OPENS.date() + timedelta(days=n)) for n in range(20)]
    began = time.monotonic()
    publish(outbound, rounds[0])
    takes = time.monotonic() - began
    chance = random.Random(7)

    reader = in_a_process(watch, outbound, stop)
    killed = 0
    for batch in rounds[1:]:
        publisher = in_a_process(publish, outbound, batch)
        time.sleep(chance.uniform(0, takes))
        publisher.kill()
        publisher.join()
        killed += publisher.exitcode == -signal.SIGKILL
        publish(outbound, batch)
    stop.touch()
    reader.join()

    assert reader.exitcode == 0
    assert killed > 0
    assert assert_all_that_can_be_seen_is_whole(outbound) == len(rounds)
    assert sorted(path.name for path in shelf_of(outbound).iterdir()) == sorted(
        batch.batch_id for batch in rounds
    )


def publish_together(outbound: Path, batch: SealedBatch, start: Any, told: Any) -> None:
    """Submit a batch at the same moment as the others."""
    start.wait()
    told.put(FileDrop(outbound).submit(batch).manifest_sha256)


def test_publishers_of_one_batch_at_once_all_succeed_with_one_batch(tmp_path: Path) -> None:
    for attempt in range(5):
        outbound = tmp_path / str(attempt)
        start, told = FORK.Barrier(4), FORK.SimpleQueue()
        batches = [a_batch(created_at=OPENS + timedelta(seconds=n)) for n in range(4)]
        processes = [
            in_a_process(publish_together, outbound, batch, start, told) for batch in batches
        ]
        for process in processes:
            process.join()

        assert [process.exitcode for process in processes] == [0, 0, 0, 0]
        sha256s = {told.get() for _ in processes}
        assert len(sha256s) == 1
        assert sha256s <= {hashlib.sha256(batch.manifest.encode()).hexdigest() for batch in batches}
        assert list(shelf_of(outbound).iterdir()) == [shelf_of(outbound) / batches[0].batch_id]
        assert assert_all_that_can_be_seen_is_whole(outbound) == 1


def test_sealed_again_later_the_batch_that_is_there_stays(tmp_path: Path) -> None:
    first = FileDrop(tmp_path).submit(a_batch())
    again = FileDrop(tmp_path).submit(a_batch(created_at=OPENS + timedelta(hours=1)))

    assert again == first
    assert_published(tmp_path, a_batch())


def test_other_content_under_the_same_id_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    batch = a_batch()
    other = a_batch(messages(3, not_after=CLOSES + timedelta(hours=1)))
    assert other.batch_id == batch.batch_id
    publish(tmp_path, batch)

    with pytest.raises(UnableToReplaceBatch, match=r"409.*superseding"):
        publish(tmp_path, other)
    assert_published(tmp_path, batch)


@pytest.mark.parametrize("name", ["part-00001.jsonl", "manifest.json", "_SUCCESS"])
@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"{}\n")])
def test_a_batch_that_was_tampered_with_is_not_taken_for_published(
    tmp_path: Path, name: str, harm: Callable[[Path], object]
) -> None:
    batch = a_batch()
    publish(tmp_path, batch)
    harm(shelf_of(tmp_path) / batch.batch_id / name)

    with pytest.raises(UnableToReplaceBatch, match="was changed after it was published"):
        publish(tmp_path, batch)


def test_what_a_dead_publisher_staged_is_swept_and_what_a_living_one_stages_is_not(
    tmp_path: Path,
) -> None:
    dead, living = (shelf_of(tmp_path) / f".staging-other-{name}" for name in ("dead", "living"))
    dead.mkdir(parents=True)
    living.mkdir()
    (dead / "part-00000.jsonl").write_text("left behind")
    lock = os.open(living, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        publish(tmp_path, a_batch())
        assert living.exists()
    finally:
        os.close(lock)
    assert not dead.exists()

    publish(tmp_path, a_batch(messages(1)))
    assert not living.exists()


@contextmanager
def a_full_disk(folder: Path) -> Iterator[Callable[[], None]]:
    """Mount 64 KiB of memory as a disk; yields how to make room.

    Where mounting is not allowed, fsync stands in: it is where a disk reports late that it is full.
    """
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() == 0 and shutil.which("mount") and subprocess.run(mount).returncode == 0:

        def enlarge() -> None:
            subprocess.run(["mount", "-o", "remount,size=8m", folder], check=True)

        try:
            yield enlarge
        finally:
            subprocess.run(["umount", folder], check=True)
    else:

        def full(descriptor: int) -> None:
            if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", full)
            yield patch.undo


def test_a_full_disk_is_said_plainly_leaves_nothing_and_resumes(tmp_path: Path) -> None:
    long = an_email(text="tea " * 2_000)
    batch = a_batch(messages(20, says=long))
    with a_full_disk(tmp_path / "disk") as make_room:
        outbound = tmp_path / "disk" / "out"
        with pytest.raises(UnableToSubmitBatch, match=r"No space left.*free at least 1\d\d,\d{3}"):
            publish(outbound, batch)
        assert list(shelf_of(outbound).iterdir()) == []

        make_room()
        publish(outbound, batch)
        assert_published(outbound, batch)


def test_a_folder_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where the folder should be")

    with pytest.raises(UnableToSubmitBatch, match=r"check that .*out can be written"):
        publish(tmp_path / "out", a_batch())
