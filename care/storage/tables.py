"""The ledger's tables. The promises of the product are constraints here, not only code.

Names, addresses and birthdays are in ``identities`` alone; everything else knows a customer by her
dense ``customer_key`` or, towards the outside, by her pseudonym ``customer_ref``.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

from care.domain.act import Act

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """A moment in UTC; SQLite, which knows no zones, keeps it naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC, and naive where the database knows no zones."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; the ledger keeps instants")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(  # the base class names the argument
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        """From UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


# ── Who ─────────────────────────────────────────────────────────────────────────────────────────
customers = Table(
    "customers",
    metadata,
    Column("customer_key", BigInteger, primary_key=True, autoincrement=False),
    Column("customer_ref", Text, nullable=False, unique=True),
    Column("first_night", Date, nullable=False),
)

identities = Table(
    "identities",
    metadata,
    Column(
        "customer_key", ForeignKey(customers.c.customer_key), primary_key=True, autoincrement=False
    ),
    Column("customer_id", Text, nullable=False, unique=True),
    Column("data_key", LargeBinary, nullable=False),
    Column("name", Text),
    Column("family_name", Text),
    Column("given_name", Text),
    Column("honorific", Text),
    Column("gender", Text),
    Column("birth_year", SmallInteger),
    Column("birth_month", SmallInteger),
    Column("birth_day", SmallInteger),
    Column("birth_calendar", Text),
    Column("birth_leap", Boolean),
    Column("wedding_on", Date),
    Column("spouse_name", Text),
    Column("joined_on", Date),
    Column("locale", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("region", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("preferred_channel", Text),
    # The household's key is the shop's, as customer_id is, so it goes when she is erased.
    Column("household_id", Text),
    Column("advisor", Text),
    Column("advisor_phone", Text),
    Column("advisor_email", Text),
    Column("festivals", Text),
    Column("dislikes", Text),
)

# Every word that was ever said about consent. A trigger of the migration keeps them as they are, so
# what may have to be forgotten is sealed under the key that goes with her identity.
consent_entries = Table(
    "consent_entries",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("customer_key", ForeignKey(customers.c.customer_key), nullable=False, index=True),
    Column("channel", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("word", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("said_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("proof", LargeBinary),
    _one_of("word", "grant", "request", "confirm", "withdraw"),
    _one_of("purpose", "marketing", "sensitive", "personalisation"),
)

# What holds, worked out of the entries in the transaction that adds them; and what the shop's
# customer file said the last time, without which nobody could tell what it says otherwise.
consents = Table(
    "consents",
    metadata,
    Column("customer_key", ForeignKey(customers.c.customer_key), primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("granted", Boolean, nullable=False),
    Column("source", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("as_imported", Boolean),
    _one_of("state", "granted", "pending", "withdrawn"),
    CheckConstraint("granted = (state = 'granted')", name="granted_says_so"),
)
Index(
    "ix_consents_beside_marketing",
    consents.c.purpose,
    consents.c.customer_key,
    sqlite_where=consents.c.purpose != "marketing",
    postgresql_where=consents.c.purpose != "marketing",
)

# What must not be sent; and, as rows that name another one, what may be sent again. Of an address
# there is only its keyed hash, which says the same of it whoever has it, and outlives erasure.
suppressions = Table(
    "suppressions",
    metadata,
    Column("suppression_id", Integer, primary_key=True),
    Column("event_id", Text, unique=True),
    Column("customer_key", ForeignKey(customers.c.customer_key), index=True),
    Column("address_hash", Text),
    Column("channel", Text),
    Column("occasion", Text),
    Column("purpose", Text, nullable=False, server_default="everything"),
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False, server_default="staff"),
    Column("since", Instant, nullable=False),
    Column("until", Instant),
    Column("lifts", Integer, unique=True),
    Column("note", LargeBinary),
    Column("import_id", Text),
    _one_of("purpose", "marketing", "everything"),
    CheckConstraint("note IS NULL OR customer_key IS NOT NULL", name="note_can_be_forgotten"),
    CheckConstraint("until IS NULL OR until > since", name="ends_after_it_began"),
    Index(None, "address_hash", "customer_key"),  # neither: everybody
)
# What an import brought is counted out of an index.
Index(
    "ix_suppressions_import",
    *suppressions.c["import_id", "lifts", "suppression_id"],
    sqlite_where=suppressions.c.import_id.is_not(None),
    postgresql_where=suppressions.c.import_id.is_not(None),
)

# ── What the shop sells ─────────────────────────────────────────────────────────────────────────
product_types = Table(
    "product_types",
    metadata,
    Column("type_key", BigInteger, primary_key=True, autoincrement=False),
    Column("product_type", Text, nullable=False, unique=True),
)

products = Table(
    "products",
    metadata,
    Column("product_key", BigInteger, primary_key=True, autoincrement=False),
    Column("product_id", Text, nullable=False, unique=True),
)

# ── The night ───────────────────────────────────────────────────────────────────────────────────
nights = Table(
    "nights",
    metadata,
    Column("night", Date, primary_key=True),
    Column("sequence", Integer, nullable=False, unique=True),
    Column("snapshot_sha256", Text, nullable=False),
    Column("policy_sha256", Text, nullable=False),
    Column("champions", JSON, nullable=False),
    Column("paused", JSON, nullable=False),
    Column("due", JSON, nullable=False),
    Column("warnings", JSON, nullable=False, server_default=text("'[]'")),
    Column("account", JSON, nullable=False, server_default=text("'{}'")),
)

touches = Table(
    "touches",
    metadata,
    Column("touch_id", BigInteger, primary_key=True, autoincrement=False),
    Column("night", ForeignKey(nights.c.night), nullable=False),
    Column("customer_key", ForeignKey(customers.c.customer_key), nullable=False),
    Column("campaign", Text, nullable=False),
    Column("occasion_key", Text, nullable=False),
    Column("arm", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_reason", Text, nullable=False, server_default=""),
    Column("message_class", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("occasion_on", Date),
    Column("send_on", Date, nullable=False),
    Column("send_until", Date, nullable=False),
    Column("years", SmallInteger),
    Column("type_key", ForeignKey(product_types.c.type_key)),
    Column("product_key", ForeignKey(products.c.product_key)),
    Column("window_from", Date),
    Column("window_to", Date),
    Column("facts", Text, nullable=False, server_default=""),
    Column("gift_id", Text),
    Column("gift_cost", BigInteger, nullable=False),
    Column("gift_note", Text, nullable=False),
    Column("shard", SmallInteger, nullable=False),
    UniqueConstraint("customer_key", "campaign", "occasion_key"),
    _one_of("arm", "treated", "held_out"),
    _one_of("state", "planned", "rendered", "failed", "held_out"),
    CheckConstraint("(arm = 'held_out') = (state = 'held_out')", name="held_out_stays_so"),
    CheckConstraint("arm = 'treated' OR gift_id IS NULL", name="held_out_gets_no_gift"),
    CheckConstraint("gift_cost >= 0", name="gift_cost_not_negative"),
    Index(None, "night", "campaign"),
    Index(None, "send_on"),
)

exclusions = Table(
    "exclusions",
    metadata,
    Column("night", ForeignKey(nights.c.night), primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("customer_key", ForeignKey(customers.c.customer_key), primary_key=True),
    Column("occasion_key", Text, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    _one_of("outcome", "deferred", "excluded"),
    Index(None, "customer_key"),
)

# What a reviewer took out of a campaign, and what was put back again, each time in a turn of its
# own; who is out is among the exclusions besides.
taken_out = Table(
    "taken_out",
    metadata,
    Column("touch_id", ForeignKey(touches.c.touch_id), primary_key=True, autoincrement=False),
    Column("turn", SmallInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("at", Instant, nullable=False),
    _one_of("kind", "out", "back"),
)

# ── Gifts ───────────────────────────────────────────────────────────────────────────────────────
gifts = Table(
    "gifts",
    metadata,
    Column("gift_id", Text, primary_key=True),
    Column("stock", BigInteger),
    Column("taken", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("taken >= 0 AND (stock IS NULL OR taken <= stock)", name="within_stock"),
)

# A touch reserves again in its next turn: after another gift was chosen for it, or its campaign's
# rejection taken back.
gift_moves = Table(
    "gift_moves",
    metadata,
    Column("touch_id", ForeignKey(touches.c.touch_id), primary_key=True, autoincrement=False),
    Column("turn", SmallInteger, primary_key=True, autoincrement=False, server_default="1"),
    Column("kind", Text, primary_key=True),
    Column("gift_id", ForeignKey(gifts.c.gift_id), nullable=False),
    Column("cost", BigInteger, nullable=False),
    _one_of("kind", "reserve", "commit", "release"),
)
Index(
    "uq_gift_moves_settled_once",
    gift_moves.c.touch_id,
    gift_moves.c.turn,
    unique=True,
    sqlite_where=gift_moves.c.kind != "reserve",
    postgresql_where=gift_moves.c.kind != "reserve",
)

# ``period`` is a night, as 2017-11-14, or its month, as 2017-11. No ``budget`` is no limit.
gift_budgets = Table(
    "gift_budgets",
    metadata,
    Column("period", Text, primary_key=True),
    Column("budget", BigInteger),
    Column("spent", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("spent >= 0 AND (budget IS NULL OR spent <= budget)", name="within_budget"),
)

code_pools = Table(
    "code_pools",
    metadata,
    Column("gift_id", ForeignKey(gifts.c.gift_id), primary_key=True),
    Column("needed", Boolean, nullable=False),
    Column("free", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("free >= 0", name="not_overdrawn"),
)

# A code is one row, whichever pool it is in, and so belongs to one touch at most. Triggers of the
# migration keep one that is out of the house, issued or spent, as it is for ever.
voucher_codes = Table(
    "voucher_codes",
    metadata,
    Column("code", Text().with_variant(Text(collation="C"), "postgresql"), primary_key=True),
    Column("gift_id", ForeignKey(code_pools.c.gift_id), nullable=False),
    Column("state", Text, nullable=False, server_default="free"),
    Column("touch_id", ForeignKey(touches.c.touch_id)),
    _one_of("state", "free", "reserved", "issued", "spent"),
    CheckConstraint("(state = 'free') = (touch_id IS NULL)", name="of_one_touch_or_free"),
    sqlite_with_rowid=False,  # a pool may hold millions, which then are written once and not twice
)
Index(
    "uq_voucher_codes_one_a_touch",
    voucher_codes.c.touch_id,
    unique=True,
    sqlite_where=voucher_codes.c.touch_id.is_not(None),
    postgresql_where=voucher_codes.c.touch_id.is_not(None),
)
Index(
    "ix_voucher_codes_free",
    voucher_codes.c.gift_id,
    voucher_codes.c.code,
    sqlite_where=voucher_codes.c.state == "free",
    postgresql_where=voucher_codes.c.state == "free",
)

# ── Points ──────────────────────────────────────────────────────────────────────────────────────
# Triggers of the migration keep every balance at zero or above, and moves as they are.
point_moves = Table(
    "point_moves",
    metadata,
    Column("customer_key", ForeignKey(customers.c.customer_key), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("points", BigInteger, nullable=False),
    Column("on_day", Date, nullable=False),
    Column("expires_on", Date),
    _one_of("kind", "earn", "redeem", "expire", "adjust"),
    CheckConstraint(
        "CASE kind WHEN 'earn' THEN points > 0 WHEN 'adjust' THEN points <> 0 ELSE points < 0 END",
        name="right_way",
    ),
    CheckConstraint("expires_on IS NULL OR points > 0", name="only_points_expire"),
    Index(None, "kind", "on_day"),
)

# ── Review ──────────────────────────────────────────────────────────────────────────────────────
campaign_nights = Table(
    "campaign_nights",
    metadata,
    Column("night", ForeignKey(nights.c.night), primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("approval_id", Integer, ForeignKey("decisions.decision_id")),
    Column("messages", Integer, nullable=False),
    Column("gift_cost", BigInteger, nullable=False),
    Column("fallback_share", Float, nullable=False),
    Column("needs_person", JSON, nullable=False),
    Column("decide_by", Instant, nullable=False),
    Column("unanswered", Text, nullable=False),
    _one_of("state", "waiting", "held", "approved", "rejected", "expired"),
    CheckConstraint("state <> 'approved' OR approval_id IS NOT NULL", name="approved_by_somebody"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", Integer, primary_key=True, autoincrement=False),
    Column("decided_at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("night", Date, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("previous_hash", Text, nullable=False, unique=True),
    Column("entry_hash", Text, nullable=False, unique=True),
    Column("details", Text, nullable=False, server_default=""),
    Index(None, "night", "campaign"),
)

# What a campaign says on one night instead of its template's text. Triggers of the migration keep
# this, the log of who looked, and the texts and policies of nights gone by as they are.
wordings = Table(
    "wordings",
    metadata,
    Column("wording_id", Integer, primary_key=True, autoincrement=False),
    Column("night", ForeignKey(nights.c.night), nullable=False),
    Column("campaign", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("editor", Text, nullable=False),
    Column("at", Instant, nullable=False),
    _one_of("part", "subject", "txt", "html"),
    Index(None, "night", "campaign"),
)

# What staff did about customers. A trigger of the migration keeps every line as it is; what was
# said of an act is sealed in the suppression or the word of consent that it names.
staff_acts = Table(
    "staff_acts",
    metadata,
    Column("act_id", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("customer_key", ForeignKey(customers.c.customer_key), index=True),
    Column("suppression_id", ForeignKey(suppressions.c.suppression_id)),
    Column("event_id", ForeignKey(consent_entries.c.event_id)),
    Column("gift_id", ForeignKey(gifts.c.gift_id)),
    Column("file", Text),
    Column("count", Integer),
    Column("reason", Text, nullable=False, server_default=""),
    _one_of("act", *Act),
    CheckConstraint(
        "reason <> '' OR act NOT IN ('name', 'record', 'search')",
        name="says_why",
    ),
    CheckConstraint(
        "customer_key IS NOT NULL OR act NOT IN ('name', 'record', 'consent')",
        name="says_whom",
    ),
)

kept_texts = Table(
    "kept_texts",
    metadata,
    Column("template", Text, primary_key=True),
    Column("template_version", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("source", Text, nullable=False),
)

kept_policies = Table(
    "kept_policies",
    metadata,
    Column("policy_sha256", Text, primary_key=True),
    Column("settings", JSON, nullable=False),
)

# Sums of what waits and of what was left out, so that nobody counts messages to look at a night.
message_tallies = Table(
    "message_tallies",
    metadata,
    Column("night", ForeignKey(nights.c.night), primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("tier", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("locale", Text, primary_key=True),
    Column("gift_id", Text, primary_key=True),
    Column("messages", Integer, nullable=False),
    Column("gift_cost", BigInteger, nullable=False),
    Column("with_items", Integer, nullable=False),
    Column("fallbacks", Integer, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("not_after", Instant, nullable=False),
    Column("closes_from", Instant),
)

exclusion_tallies = Table(
    "exclusion_tallies",
    metadata,
    Column("night", ForeignKey(nights.c.night), primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("count", Integer, nullable=False),
)

# ── Messages and their way out ──────────────────────────────────────────────────────────────────
messages = Table(
    "messages",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("idempotency_key", Text, nullable=False, unique=True),
    Column("touch_id", ForeignKey(touches.c.touch_id), nullable=False),
    Column("night", Date, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_reason", Text, nullable=False, server_default=""),
    Column("locale", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("template_version", Text, nullable=False),
    Column("render_sha256", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("segments", SmallInteger, nullable=False),
    Column("items_source", Text, nullable=False),
    Column("recommended", Text, nullable=False, server_default="[]"),
    Column("timezone", Text, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("not_after", Instant, nullable=False),
    Column("attempt", SmallInteger, nullable=False, server_default="0"),
    Column("batch_id", Text, ForeignKey("batches.batch_id")),
    UniqueConstraint("touch_id", "channel"),
    _one_of(
        "state", "rendered", "sealed", "accepted", "rejected", "suppressed", "expired", "withdrawn"
    ),
    Index(None, "night", "campaign", "message_id"),
    Index(None, "night", "state", "campaign"),
    Index(None, "batch_id"),
    Index(None, "state"),
)

batches = Table(
    "batches",
    metadata,
    Column("batch_id", Text, primary_key=True),
    Column("night", Date, nullable=False),
    Column("channel", Text, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("records", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("supersedes", Text),
    Column("created_at", Instant, nullable=False),
    Column("manifest_sha256", Text, nullable=False, server_default=""),
    _one_of("state", "sealing", "submitted", "accepted", "partial", "rejected"),
    Index(None, "state"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("batch_id", ForeignKey(batches.c.batch_id), primary_key=True),
    Column("message_id", ForeignKey(messages.c.message_id), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("approval_id", ForeignKey(decisions.c.decision_id), nullable=False),
    Column("state", Text, nullable=False),
    Column("code", Text, nullable=False, server_default=""),
    _one_of("state", "sending", "accepted", "rejected"),
    Index(None, "message_id"),
)
Index(
    "uq_deliveries_accepted_once",
    deliveries.c.message_id,
    unique=True,
    sqlite_where=deliveries.c.state == "accepted",
    postgresql_where=deliveries.c.state == "accepted",
)

# ── Models ──────────────────────────────────────────────────────────────────────────────────────
models = Table(
    "models",
    metadata,
    Column("model_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("night", Date, nullable=False),
    Column("artifact", Text, nullable=False),
    Column("artifact_sha256", Text, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("champion", Boolean, nullable=False),
    Column("refused", Boolean, nullable=False, server_default=false()),
    Column("watched", JSON, nullable=False, server_default=text("'{}'")),
    _one_of("kind", "items", "timing"),
    UniqueConstraint("kind", "night", "name"),
    CheckConstraint("NOT (champion AND refused)", name="refused_is_no_champion"),
)
Index(
    "uq_models_one_champion",
    models.c.kind,
    unique=True,
    sqlite_where=text("champion"),
    postgresql_where=text("champion"),
)

# Whatever happened to a title. A trigger of the migration keeps every line as it is.
title_events = Table(
    "title_events",
    metadata,
    Column("event_id", Integer, primary_key=True, autoincrement=False),
    Column("event", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("model_id", ForeignKey(models.c.model_id)),
    Column("name", Text, nullable=False),
    Column("night", Date, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("champion_before", Text),
    _one_of("event", "promoted", "refused", "appointed", "rolled_back"),
    _one_of("kind", "items", "timing"),
    CheckConstraint("event = 'refused' OR model_id IS NOT NULL", name="title_goes_to_a_model"),
    Index(None, "model_id"),
)
Index(
    "uq_title_events_once_a_night",
    title_events.c.kind,
    title_events.c.night,
    title_events.c.name,
    unique=True,
    sqlite_where=title_events.c.event.in_(("promoted", "refused")),
    postgresql_where=title_events.c.event.in_(("promoted", "refused")),
)
