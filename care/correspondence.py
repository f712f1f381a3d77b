"""The night's correspondence: from a planned touch to the message that waits for review."""

import logging
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from care.domain.channel import Channel
from care.domain.consent import Purpose
from care.domain.contact_policy import sending_window
from care.domain.content import Content, UnableToEncodeContent, encode, render_sha256
from care.domain.message import Rendered
from care.domain.outbound import idempotency_key
from care.domain.recommendation import as_text, from_text
from care.letters import Words
from care.policy import Policy
from care.recommendation import Recommendations, recommend
from care.rendering.renderer import Renderer
from care.runtime import Runtime
from care.storage import consents, gifts, messages, wordings
from care.storage.bulk import records
from care.storage.database import reading, writing
from care.storage.history import open_history
from care.storage.snapshot import load_snapshot, read_kept, read_manifest, read_pinned
from care.wording import renderer_with

log = logging.getLogger(__name__)

COMPOSED_AT_ONCE = 5_000
"""Messages held in memory, and written in one transaction, at a time."""


def compose(runtime: Runtime, *, night: date, shard: int) -> int:
    """Write the messages of one shard; return how many. Those already written are left alone."""
    policy, snapshot = runtime.policy, load_snapshot(runtime.store, night)
    with reading(runtime.engine) as connection:
        touches = messages.read_uncomposed(connection, night, shard)
        impersonal = consents.read_customers_with(
            connection, Purpose.PERSONALISATION, granted=False
        )
    if touches.empty:
        return 0
    history = open_history(runtime.store, snapshot.history, night=night)
    sold = read_pinned(runtime.store, snapshot.products)
    touches = _spoken(_with_windows(touches, policy), policy)
    plain = touches["customer_key"].isin(impersonal)
    touches = _impersonally(touches, plain)
    items = recommend(runtime, touches, sold, history, night=night, impersonal=pd.Index(impersonal))
    words = _words(runtime, sold)
    written = 0
    for start in range(0, len(touches), COMPOSED_AT_ONCE):
        rows = records(touches.iloc[start : start + COMPOSED_AT_ONCE])
        written += _compose_rows(runtime, words, items, rows, night)
    log.info("%s, shard %d: %d messages written", night, shard, written)
    return written


def _words(runtime: Runtime, sold: pd.DataFrame) -> Words:
    settings = runtime.settings
    return Words(runtime.policy, sold, settings.templates_path, token_key=settings.batch_key)


def _compose_rows(
    runtime: Runtime,
    words: Words,
    items: Recommendations,
    rows: list[dict[str, Any]],
    night: date,
) -> int:
    """Write and save some messages, with what the night's wording was edited to until then."""
    with reading(runtime.engine) as connection:
        edits = wordings.read_edited(connection, night)
    while True:
        composed, failed = _written(runtime, words, renderer_with(runtime, edits), items, rows)
        with writing(runtime.engine) as connection:
            now = wordings.read_edited(connection, night, lock=True)
            if now == edits:
                messages.save_messages(connection, pd.DataFrame(composed), failed)
                gifts.settle(connection, sorted(failed), "release")
                break
            edits = now  # somebody edited while these were written
    for touch_id, why in sorted(failed.items()):
        log.warning("touch %d set aside: %s", touch_id, why)
    return len(composed)


def _written(
    runtime: Runtime,
    words: Words,
    renderer: Renderer,
    items: Recommendations,
    rows: list[dict[str, Any]],
) -> tuple[list[dict[str, Any]], dict[int, str]]:
    """Touches as rows of the ledger's messages, and why some could not be written."""
    letters = [words.letter(row, items.of(row["touch_id"])) for row in rows]

    rendered, unrendered = renderer.render_all(letters)
    failed = {rows[place]["touch_id"]: str(error) for place, error in unrendered.items()}
    composed = []
    for place, message in rendered.items():
        touch_id = rows[place]["touch_id"]
        touch = rows[place] | {
            "items_source": items.source_of(touch_id),
            "recommended": as_text(items.of(touch_id)),
        }
        content = words.content(message, letters[place])
        try:
            composed.append(_message_row(runtime, content, message, touch))
        except UnableToEncodeContent as error:
            failed[touch["touch_id"]] = str(error)
    return composed, failed


class Rewriter:
    """Writes messages of one night anew: the same touches and items, in other words or gifts."""

    def __init__(self, runtime: Runtime, night: date, *, renderer: Renderer) -> None:
        self._runtime, self._renderer = runtime, renderer
        products = read_manifest(runtime.store, night).products
        self._words = _words(runtime, read_kept(runtime.store, products))

    def write(
        self, connection: Connection, message_ids: Sequence[str]
    ) -> tuple[list[dict[str, Any]], dict[int, str]]:
        """Rows of messages as they would be now, and why some cannot be written, by touch."""
        touches = messages.read_composed(connection, message_ids)
        hers = touches["customer_key"]
        impersonal = consents.read_customers_with(
            connection, Purpose.PERSONALISATION, granted=False, among=hers
        )
        plain = hers.isin(impersonal)
        rows = records(_impersonally(_spoken(touches, self._runtime.policy), plain))
        items = Recommendations({row["touch_id"]: from_text(row["recommended"]) for row in rows})
        return _written(self._runtime, self._words, self._renderer, items, rows)

    def rewrite(self, connection: Connection, message_ids: Sequence[str]) -> dict[int, str]:
        """Write messages anew and save them, some at a time; why some could not be, by touch.

        Nothing may be kept of it if there are such.
        """
        failed: dict[int, str] = {}
        for start in range(0, len(message_ids), COMPOSED_AT_ONCE):
            some = message_ids[start : start + COMPOSED_AT_ONCE]
            composed, unwritten = self.write(connection, some)
            messages.replace_content(connection, composed)
            failed |= unwritten
        return failed


def _with_windows(touches: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Add ``not_before`` and ``not_after``: the channel's hours in the customer's own days."""
    parts = []
    for channel, group in touches.groupby("channel"):
        opens, closes = sending_window(
            group["send_on"],
            group["send_until"],
            group["timezone"],
            policy.contact.sending_hours[Channel(str(channel))],
        )
        parts.append(group.assign(not_before=opens, not_after=closes))
    return pd.concat(parts).sort_values("touch_id", ignore_index=True)


def _spoken(touches: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """A locale the shop does not speak becomes its first one."""
    known = touches["locale"].isin(policy.shop.locales)
    return touches.assign(locale=touches["locale"].where(known, policy.shop.locales[0]))


def _impersonally(touches: pd.DataFrame, plain: pd.Series) -> pd.DataFrame:
    """Letters to who wants nothing personal name her and her tier, and count nothing of hers."""
    silent = {name: touches[name].mask(plain) for name in ("spouse_name", "years")}
    return touches.assign(**silent)


def _message_row(
    runtime: Runtime, content: Content, rendered: Rendered, touch: Mapping[str, Any]
) -> dict[str, Any]:
    """One row of the ledger's messages: hashes in the open, the body sealed."""
    channel = Channel(touch["channel"])
    key = idempotency_key(
        tenant=runtime.policy.shop.tenant,
        campaign=touch["campaign"],
        occasion_key=touch["occasion_key"],
        customer=touch["customer_ref"],
        channel=channel,
    )
    message_id = key[:32]
    encoded = encode(content)
    return {
        "message_id": message_id,
        "idempotency_key": key,
        "touch_id": touch["touch_id"],
        "night": touch["night"],
        "campaign": touch["campaign"],
        "channel": str(channel),
        "state": "rendered",
        "locale": touch["locale"],
        "template": rendered.template,
        "template_version": rendered.template_version,
        "render_sha256": render_sha256(encoded),
        "body": runtime.vault.seal(touch["data_key"], encoded, bound_to=message_id),
        "segments": getattr(content, "segments", 0),
        "timezone": touch["timezone"],
        "not_before": touch["not_before"],
        "not_after": touch["not_after"],
        "items_source": touch["items_source"],
        "recommended": touch["recommended"],
    }
