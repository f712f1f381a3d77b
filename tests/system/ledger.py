"""The ledger read with plain SQL, as an auditor would who trusts none of our code."""

from collections.abc import Mapping

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.workflows.peer import Line

LAWS: Mapping[str, str] = {
    "everybody due is touched, held out, deferred or excluded": """
        SELECT night, campaign, candidates FROM nights
        CROSS JOIN LATERAL json_each_text(nights.due) AS told (campaign, candidates)
        WHERE CAST(candidates AS integer)
            <> (SELECT count(*) FROM touches AS t
                WHERE t.night = nights.night AND t.campaign = told.campaign
                  AND t.touch_id NOT IN (SELECT touch_id FROM taken_out GROUP BY touch_id
                                         HAVING count(*) % 2 = 1))
             + (SELECT count(*) FROM exclusions AS e
                WHERE e.night = nights.night AND e.campaign = told.campaign)
    """,
    "every treated touch has one message, and one held out has none": """
        SELECT touch_id, arm, count(message_id) FROM touches LEFT JOIN messages USING (touch_id)
        GROUP BY touch_id, arm
        HAVING count(message_id) <> CASE arm WHEN 'treated' THEN 1 ELSE 0 END
    """,
    "what was queued for review is what was written": """
        SELECT night, campaign, c.messages, count(message_id)
        FROM campaign_nights AS c FULL JOIN (
            SELECT * FROM messages WHERE touch_id NOT IN (
                SELECT touch_id FROM taken_out GROUP BY touch_id HAVING count(*) % 2 = 1)
        ) AS m USING (night, campaign)
        GROUP BY night, campaign, c.messages HAVING c.messages IS DISTINCT FROM count(message_id)
    """,
    "gifts taken are those reserved and not given back": """
        SELECT gift_id, taken FROM gifts
        WHERE taken <> (SELECT count(*) FILTER (WHERE kind = 'reserve')
                             - count(*) FILTER (WHERE kind = 'release')
                        FROM gift_moves AS m WHERE m.gift_id = gifts.gift_id)
    """,
    "every gift promised is reserved, and no other": """
        SELECT t.touch_id FROM touches AS t
        FULL JOIN (
            SELECT DISTINCT ON (touch_id) * FROM gift_moves WHERE kind = 'reserve'
            ORDER BY touch_id, turn DESC
        ) AS m USING (touch_id)
        WHERE t.gift_id IS DISTINCT FROM m.gift_id
    """,
    "a message is in one batch, the one that it names": """
        SELECT message_id FROM messages AS m LEFT JOIN deliveries AS d USING (message_id)
        GROUP BY message_id, m.batch_id
        HAVING count(d.batch_id) <> CASE WHEN m.batch_id IS NULL THEN 0 ELSE 1 END
            OR min(d.batch_id) <> m.batch_id
    """,
    "a batch has as many messages as it says": """
        SELECT batch_id, records FROM batches LEFT JOIN deliveries USING (batch_id)
        GROUP BY batch_id, records HAVING records <> count(message_id)
    """,
}
"""What must find no row, whatever happened."""


class Ledger:
    """Its own connection for every question."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, poolclass=NullPool)

    def rows(self, question: str, **told: object) -> list[tuple[object, ...]]:
        """The answer to one question."""
        with self._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(question), told)]

    def assert_laws(self) -> None:
        """Nothing vanished, nothing doubled."""
        broken = {law: found for law, query in LAWS.items() if (found := self.rows(query))}
        assert broken == {}

    def fingerprints(self) -> dict[str, object]:
        """Rows of each table, and a hash of them all: equal only if nothing was written."""
        tables = self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {
            str(table): self.rows(
                f"SELECT count(*), md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {table} AS t"
            )
            for (table,) in sorted(tables)
        }

    def assert_left(self, lines: list[Line]) -> None:
        """What left is what the ledger says was sealed, each key once."""
        keys = sorted(line["idempotency_key"] for line in lines)
        sealed = "SELECT idempotency_key FROM messages WHERE state IN ('sealed', 'accepted')"
        assert keys == sorted(str(key) for (key,) in self.rows(sealed))
