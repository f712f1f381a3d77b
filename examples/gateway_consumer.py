"""A gateway that takes batches from a folder: the other side of the file drop, to read and to run.

    python examples/gateway_consumer.py OUTBOUND_DIR [--once] [--reject-rate 0.02] [--ledger FILE]

It does all that the contract asks of a gateway (docs/gateways.md) with nothing but Python's
standard library. Only the sending itself is make-believe: a "sent" message is a row in the ledger.

1. Look only at folders that hold ``_SUCCESS``; the rest is still being written.
2. Check the manifest against ``_SUCCESS``, the parts against the manifest, and the signature if
   the environment gives CARE_GATEWAY_SECRET. If anything differs, refuse the batch as a whole.
3. Take each message over once by its ``idempotency_key``, whatever batch brings it, in one
   transaction with the answer.
4. Write the answer as ``ack.json``: whole or not at all. A batch seen before gets the same answer.
5. Send what was taken over inside its window, and never outside it.
"""

import argparse
import hashlib
import hmac
import json
import os
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LEDGER = """
CREATE TABLE IF NOT EXISTS batches (
    batch_id TEXT, manifest_sha256 TEXT, answer TEXT NOT NULL,
    PRIMARY KEY (batch_id, manifest_sha256));
CREATE TABLE IF NOT EXISTS messages (
    idempotency_key TEXT PRIMARY KEY, render_sha256 TEXT NOT NULL, message_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'expired')),
    not_before TEXT NOT NULL, not_after TEXT NOT NULL,
    line TEXT);  -- the message itself, forgotten as soon as it is sent
"""


Json = dict[str, Any]


class Refused(Exception):
    """The batch cannot be trusted as a whole."""


def main() -> None:
    """Serve the folder until interrupted, or once."""
    options = read_options()
    ledger = open_ledger(options.ledger or ledger_beside(options.outbound))
    secret = read_secret()
    while True:
        now = options.now or datetime.now(UTC)
        for folder in waiting_batches(options.outbound):
            answer = take(folder, ledger, secret=secret, reject_rate=options.reject_rate, now=now)
            write_answer(folder, answer)
            print(summary(folder, answer))
        print(send_due(ledger, now), flush=True)
        if options.once:
            break
        time.sleep(options.every)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Consume outbound batches, as a gateway would.")
    parser.add_argument("outbound", type=Path, metavar="OUTBOUND_DIR")
    parser.add_argument("--once", action="store_true", help="stop after one look at the folder")
    parser.add_argument("--every", type=float, default=5, metavar="SECONDS", help="between looks")
    parser.add_argument("--reject-rate", type=float, default=0, help="share refused, make-believe")
    parser.add_argument("--ledger", type=Path, help="default: OUTBOUND_DIR.ledger.sqlite")
    parser.add_argument("--now", type=moment, help="the time to pretend, ISO 8601")
    return parser.parse_args()


def read_secret() -> bytes:
    """Read the secret shared with the sender; without it signatures go unchecked."""
    try:
        return bytes.fromhex(os.environ.get("CARE_GATEWAY_SECRET", ""))
    except ValueError:
        sys.exit("CARE_GATEWAY_SECRET must be the hexadecimal digits the sender uses")


def ledger_beside(outbound: Path) -> Path:
    """Keep the ledger next to the folder, not in it: the folder is the sender's."""
    return outbound.resolve().with_name(f"{outbound.resolve().name}.ledger.sqlite")


def moment(text: str) -> datetime:
    """Read an ISO 8601 time; without a zone it is UTC."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def open_ledger(path: Path) -> sqlite3.Connection:
    """Open the gateway's own memory: what it answered, and every key it ever took over."""
    ledger = sqlite3.connect(path, isolation_level=None, timeout=30)
    ledger.execute("PRAGMA secure_delete = ON")  # what was sent shall not linger in the file
    ledger.executescript(LEDGER)
    path.chmod(0o600)
    return ledger


def waiting_batches(outbound: Path) -> list[Path]:
    """Batches that are complete and not answered. Hidden folders are unfinished: never look."""
    complete = sorted(marker.parent for marker in outbound.glob("[!.]*/[!.]*/_SUCCESS"))
    return [folder for folder in complete if not (folder / "ack.json").exists()]


def take(
    folder: Path, ledger: sqlite3.Connection, *, secret: bytes, reject_rate: float, now: datetime
) -> Json:
    """Verify one batch, take its messages over, and give the answer for ``ack.json``."""
    manifest_bytes = (folder / "manifest.json").read_bytes()
    answer: Json = {"batch_id": folder.name, "manifest_sha256": sha256(manifest_bytes)}
    try:
        manifest = verified_manifest(folder, manifest_bytes, secret)
        messages = verified_messages(folder, manifest)
    except (Refused, KeyError, ValueError) as trouble:
        # Not remembered: nothing was taken over, and a repaired batch deserves another look.
        reason = str(trouble) if isinstance(trouble, Refused) else "it is not as documented"
        return answer | {"status": "rejected", "accepted": 0, "rejects": [], "reason": reason}

    seen = (answer["batch_id"], answer["manifest_sha256"])
    with transaction(ledger):
        known = ledger.execute(
            "SELECT answer FROM batches WHERE batch_id = ? AND manifest_sha256 = ?", seen
        ).fetchone()
        if known:
            return dict(json.loads(known[0]))
        rejects = []
        for message in messages:
            refused = take_over(message, ledger, reject_rate, now, manifest["attempt"])
            if refused:
                code, retryable = refused
                reject = {"message_id": message["message_id"], "code": code, "retryable": retryable}
                rejects.append(reject)
        answer |= {
            "status": status(len(messages), len(rejects)),
            "accepted": len(messages) - len(rejects),
            "rejects": rejects,
        }
        ledger.execute("INSERT INTO batches VALUES (?, ?, ?)", (*seen, json.dumps(answer)))
    return answer


@contextmanager
def transaction(ledger: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, and one consumer at a time."""
    ledger.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        ledger.execute("ROLLBACK")
        raise
    ledger.execute("COMMIT")


def verified_manifest(folder: Path, manifest_bytes: bytes, secret: bytes) -> Json:
    """Read the manifest, or refuse it."""
    if (folder / "_SUCCESS").read_bytes().strip() != sha256(manifest_bytes).encode():
        raise Refused("manifest.json is not what _SUCCESS says")
    manifest: Json = json.loads(manifest_bytes)
    if manifest["schema"] != "nightcare.batch/1":
        raise Refused(f"schema {manifest['schema']} is not known here")
    if manifest["batch_id"] != folder.name:
        raise Refused(f"the folder holds batch {manifest['batch_id']}")
    if secret:
        rest = {name: value for name, value in manifest.items() if name != "signature"}
        unsigned = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        expected = hmac.new(secret, unsigned.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(manifest["signature"], expected):
            raise Refused("the signature does not match CARE_GATEWAY_SECRET")
    return manifest


def verified_messages(folder: Path, manifest: Json) -> list[Json]:
    """Read every part, or refuse the batch."""
    messages: list[Json] = []
    for part in manifest["parts"]:
        path = folder / part["name"]
        if path.parent != folder or not path.is_file():
            raise Refused(f"{part['name']} is missing")
        data = path.read_bytes()
        if len(data) != part["bytes"] or sha256(data) != part["sha256"]:
            raise Refused(f"{part['name']} is not what the manifest says")
        # Split on line feeds only: str.splitlines would also split inside a message.
        lines = data.split(b"\n")[:-1]
        if len(lines) != part["records"]:
            raise Refused(f"{part['name']} holds {len(lines)} records, not {part['records']}")
        messages += [json.loads(line) for line in lines]
    if len(messages) != manifest["records"]:
        raise Refused(f"the batch holds {len(messages)} records, not {manifest['records']}")
    keys = sorted(message["idempotency_key"] for message in messages)
    if sha256("".join(f"{key}\n" for key in keys).encode()) != manifest["keys_sha256"]:
        raise Refused("the idempotency keys are not those of the manifest")
    return messages


def take_over(
    message: Json, ledger: sqlite3.Connection, reject_rate: float, now: datetime, attempt: int
) -> tuple[str, bool] | None:
    """Promise to send one message; or give why not: a code, and whether it may be tried again."""
    key, rendered = message["idempotency_key"], message["render_sha256"]
    known = ledger.execute(
        "SELECT render_sha256 FROM messages WHERE idempotency_key = ?", (key,)
    ).fetchone()
    if known:
        # Promised before. The same content is the same promise; other content is a mistake.
        return None if known[0] == rendered else ("409", False)
    if moment(message["not_after"]) < now:
        return "expired", False
    # Make-believe trouble, the same in every run: half of it passes by the next attempt.
    draw = int(key[:8], 16) / 16**8
    if draw < reject_rate / 2:
        return "550", False
    if draw < reject_rate and attempt == 1:
        return "451", True
    window = (message["not_before"], message["not_after"])
    ledger.execute(
        "INSERT INTO messages VALUES (?, ?, ?, 'waiting', ?, ?, ?)",
        (key, rendered, message["message_id"], *window, json.dumps(message)),
    )
    return None


def status(messages: int, rejected: int) -> str:
    """Sum the answer up in a word."""
    if not rejected:
        return "accepted"
    return "partial" if rejected < messages else "rejected"


def send_due(ledger: sqlite3.Connection, now: datetime) -> str:
    """Send what was taken over and is due, let go what is too late, and say so in a line."""
    done: Counter[str] = Counter()
    with transaction(ledger):
        waiting = ledger.execute(
            "SELECT idempotency_key, not_before, not_after, line FROM messages "
            "WHERE state = 'waiting'"
        ).fetchall()
        for key, not_before, not_after, line in waiting:
            if now < moment(not_before):
                continue
            state = "expired" if moment(not_after) < now else "sent"
            if state == "sent":
                send(json.loads(line))
            ledger.execute(
                "UPDATE messages SET state = ?, line = NULL WHERE idempotency_key = ?", (state, key)
            )
            done[state] += 1
    left = len(waiting) - done.total()
    return f"sent {done['sent']}, expired {done['expired']}, waiting {left}"


def send(message: Json) -> None:
    """Talk to the mail server or the carrier: here a real gateway does its work."""


def write_answer(folder: Path, answer: Json) -> None:
    """Write ``ack.json`` so that nobody can read half of it."""
    draft = folder / f".ack.{os.getpid()}.tmp"
    with draft.open("w", encoding="utf-8") as file:
        json.dump(answer, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / "ack.json")


def summary(folder: Path, answer: Json) -> str:
    """Say in a line what became of a batch."""
    said = [f"{folder.parent.name}/{folder.name} {answer['status']}"]
    if answer["accepted"]:
        said.append(f"{answer['accepted']} taken over")
    codes = Counter(reject["code"] for reject in answer["rejects"])
    said += [f"{count} rejected with {code}" for code, count in sorted(codes.items())]
    if "reason" in answer:
        said.append(answer["reason"])
    return ", ".join(said)


def sha256(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    main()
