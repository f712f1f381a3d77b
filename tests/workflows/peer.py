"""A gateway at the other end of the file drop: takes each key once, and answers."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

Line = dict[str, Any]
Refusal = tuple[str, bool]
"""A code, and whether the message may be offered again."""


@dataclass(slots=True)
class Peer:
    """``taken``: message id by key. ``offered``: how often each key came."""

    outbound: Path
    taken: dict[str, str] = field(default_factory=dict)
    offered: dict[str, int] = field(default_factory=dict)

    def answer(self, refuse: Callable[[Line], Refusal | None] = lambda line: None) -> list[str]:
        """Answer every batch that waits; return their ids."""
        answered = []
        for folder in published(self.outbound):
            if (folder / "ack.json").exists():
                continue
            rejects = []
            for line in lines_of(folder):
                key = line["idempotency_key"]
                self.offered[key] = self.offered.get(key, 0) + 1
                refusal = None if key in self.taken else refuse(line)
                if refusal is None:
                    self.taken[key] = line["message_id"]
                else:
                    code, retryable = refusal
                    rejects.append(
                        {"message_id": line["message_id"], "code": code, "retryable": retryable}
                    )
            acknowledge(folder, rejects=rejects)
            answered.append(folder.name)
        return answered


def published(outbound: Path) -> list[Path]:
    """Batches that can be seen, by name, each whole."""
    folders = sorted(marker.parent for marker in outbound.glob("[!.]*/[!.]*/_SUCCESS"))
    for folder in folders:
        manifest = (folder / "manifest.json").read_bytes()
        assert (folder / "_SUCCESS").read_text().strip() == hashlib.sha256(manifest).hexdigest()
        for part in orjson.loads(manifest)["parts"]:
            data = (folder / part["name"]).read_bytes()
            assert hashlib.sha256(data).hexdigest() == part["sha256"]
    return folders


def manifest_of(folder: Path) -> dict[str, Any]:
    """What a batch says of itself."""
    manifest: dict[str, Any] = orjson.loads((folder / "manifest.json").read_bytes())
    return manifest


def lines_of(folder: Path) -> list[Line]:
    """The messages of one batch."""
    parts = (path.read_bytes() for path in sorted(folder.glob("part-*.jsonl")))
    return [orjson.loads(line) for part in parts for line in part.split(b"\n")[:-1]]


def exported(outbound: Path) -> list[Line]:
    """Every message that ever left, batch after batch."""
    return [line for folder in published(outbound) for line in lines_of(folder)]


def parts_of(outbound: Path) -> Mapping[str, bytes]:
    """The bytes of every part, by its place."""
    return {
        str(path.relative_to(outbound)): path.read_bytes()
        for folder in published(outbound)
        for path in sorted(folder.glob("part-*.jsonl"))
    }


def acknowledge(folder: Path, *, rejects: list[dict[str, Any]] | None = None, **said: Any) -> None:
    """Write the answer to one batch; ``said`` replaces what it would say."""
    manifest = (folder / "manifest.json").read_bytes()
    records, refused = orjson.loads(manifest)["records"], rejects or []
    accepted = records - len(refused)
    status = "accepted" if not refused else "partial" if accepted else "rejected"
    answer = {
        "batch_id": folder.name,
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
        "status": status,
        "accepted": accepted,
        "rejects": refused,
    }
    (folder / "ack.json").write_bytes(orjson.dumps(answer | said))
