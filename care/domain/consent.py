"""Consent: every word a customer said about being written to, and what holds now.

Words are only ever added. What holds is worked out of all of them by when they were said, never by
the order they came in: the latest word counts, and of a yes and a no at one moment the no.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import pandas as pd
from pydantic import Field

from care.domain.channel import Channel
from care.domain.model import Decided

ANY = "any"
"""In place of a channel, where a purpose has none of its own."""

EXPORT_AGE = timedelta(days=1)
"""So much older than the night that reads it may the shop's export be."""

CUSTOMER_IMPORT, SHOP_CONSENTS, WEB_FORM = "customer import", "shop's consents", "web-form"
"""Sources: a column without a moment, the shop's own table of consents, what anybody fills in."""


class Purpose(StrEnum):
    """What a consent is to. Marketing has one per channel, the others one for all."""

    MARKETING = "marketing"
    SENSITIVE = "sensitive"
    PERSONALISATION = "personalisation"


class Word(StrEnum):
    """What was said. A request becomes a yes when it is confirmed, and until then changes nothing.

    A confirmation counts from the moment of its request, so that whoever says no in between is not
    overruled by a click on an old letter.
    """

    GRANT = "grant"
    REQUEST = "request"
    CONFIRM = "confirm"
    WITHDRAW = "withdraw"


class Held(StrEnum):
    """What holds now."""

    GRANTED = "granted"
    PENDING = "pending"
    WITHDRAWN = "withdrawn"


class ConsentRules(Decided):
    """How consent is asked for."""

    double_opt_in: tuple[Channel, ...] = Field(
        default=(), description="channels on which a yes from a web form must be confirmed"
    )
    confirm_within_days: int = Field(
        default=7, ge=1, le=90, description="so long a request can be confirmed"
    )


KEY = ["customer_key", "channel", "purpose"]
"""What one consent is about."""

ENTRIES: Mapping[str, str] = {
    "event_id": "str",
    "customer_key": "int64",
    "channel": "str",  # a Channel, or ANY
    "purpose": "str",  # a Purpose
    "word": "str",  # a Word
    "source": "str",
    "said_at": "datetime64[us, UTC]",  # from when it counts
}
"""One row a word."""

TOLD_AS: Mapping[str, tuple[str, Purpose]] = {
    "email": (Channel.EMAIL, Purpose.MARKETING),
    "sms": (Channel.SMS, Purpose.MARKETING),
    "sensitive": (ANY, Purpose.SENSITIVE),
    "personalisation": (ANY, Purpose.PERSONALISATION),
}
"""The purposes as a shop's table of consents names them → channel and purpose."""

COLUMN_OF: Mapping[str, tuple[str, Purpose]] = {
    "email_consent": TOLD_AS["email"],
    "sms_consent": TOLD_AS["sms"],
    "sensitive_consent": TOLD_AS["sensitive"],
}
"""Column of the customers → channel and purpose."""

_WEIGHT = {Word.REQUEST: 0, Word.GRANT: 1, Word.CONFIRM: 1, Word.WITHDRAW: 2}


def holding(entries: pd.DataFrame) -> pd.DataFrame:
    """What holds of each consent there is a word about: ``KEY, state, granted, source, since``.

    ``entries``: all words (``ENTRIES``) about each of them, in any order. ``state`` is ``pending``
    where she asked and has not confirmed; what is neither granted nor pending is withdrawn.
    """
    alone = ~entries.duplicated(KEY, keep=False)  # nearly all, and they need not be put in order
    several = entries[~alone]
    weighed = several.assign(weight=several["word"].map(_WEIGHT))
    in_order = weighed.sort_values(["said_at", "weight", "event_id"]).drop(columns="weight")
    ordered = pd.concat([entries[alone], in_order])
    asked = (ordered["word"] == Word.REQUEST).to_numpy()
    decided = ordered[~asked].drop_duplicates(KEY, keep="last")
    yes = decided[decided["word"] != Word.WITHDRAW].assign(state=str(Held.GRANTED))
    no = decided[decided["word"] == Word.WITHDRAW].assign(state=str(Held.WITHDRAWN))
    last = ordered.drop_duplicates(KEY, keep="last")
    waits = last[last["word"] == Word.REQUEST].assign(state=str(Held.PENDING))
    # Of several that speak of one consent the first one stands: a yes goes on while she is asked
    # again, and a request after a no is what there is to say.
    found = pd.concat([yes, waits, no]).drop_duplicates(KEY, keep="first")
    return pd.DataFrame(
        {
            **{name: found[name] for name in KEY},
            "state": found["state"].astype("str"),
            "granted": found["state"] == Held.GRANTED,
            "source": found["source"],
            "since": found["said_at"],
        }
    ).reset_index(drop=True)


def news(
    told: pd.DataFrame,
    known: pd.DataFrame,
    *,
    about: tuple[str, Purpose],
    as_of: datetime,
    before: datetime | None,
) -> pd.DataFrame:
    """The words (``ENTRIES``) in a customer file that tells no moment: what it says otherwise.

    ``told``: ``customer_key, granted``. ``known``: ``customer_key, as_imported``, what the file
    said the last time (missing where it never said anything, which is a no). ``about``: channel
    and purpose. ``as_of``: the night's first instant. ``before``: that of the night that read the
    file the last time.

    What stays the same is no word, so a file that has not heard of her withdrawal repeats its yes
    in vain. A new yes counts from the earliest moment at which she can have given it, which is when
    the file that lacked it was made; a new no counts from now. So neither overrules a no that she
    may have said later.
    """
    compared = told.merge(known, on="customer_key", how="left")
    granted = compared["granted"].to_numpy(bool)
    earlier = compared["as_imported"].astype("boolean").fillna(False).to_numpy(bool)
    changed = compared[granted != earlier].reset_index(drop=True)
    yes = changed["granted"].astype(bool)
    earliest = pd.Timestamp(before or as_of) - EXPORT_AGE
    return entries_of(
        changed.assign(
            channel=str(about[0]),
            purpose=str(about[1]),
            word=yes.map({True: str(Word.GRANT), False: str(Word.WITHDRAW)}),
            source=CUSTOMER_IMPORT,
            said_at=pd.Series(pd.Timestamp(as_of), changed.index).mask(yes, earliest),
        ),
        event=f"import-{as_of:%Y%m%dT%H%M}",
    )


def dated(told: pd.DataFrame) -> pd.DataFrame:
    """The words (``ENTRIES``) of the shop's table of consents.

    ``told``: ``customer_key``, ``purpose`` as in ``TOLD_AS``, ``given`` bool, ``given_at`` instant.
    """
    places = told["purpose"].map(dict(TOLD_AS))
    said_at = told["given_at"].astype("datetime64[us, UTC]")
    moment = said_at.astype("int64").astype("str")
    return entries_of(
        told.assign(
            channel=places.str[0],
            purpose=places.str[1],
            word=told["given"].map({True: str(Word.GRANT), False: str(Word.WITHDRAW)}),
            source=SHOP_CONSENTS,
            said_at=said_at,
        ),
        event="shop-" + moment,
    ).drop_duplicates("event_id", ignore_index=True)


def entries_of(words: pd.DataFrame, *, event: str | pd.Series) -> pd.DataFrame:
    """Words as ``ENTRIES``, each known by its event, its customer and what it says."""
    named = words.astype(dict.fromkeys(("channel", "purpose", "word"), "str"))
    keys = named["customer_key"].astype("str")
    event_id = event + "-" + keys + "-" + named["channel"] + "-" + named["purpose"]
    told = named.assign(event_id=event_id + "-" + named["word"])
    return told[list(ENTRIES)].astype(dict(ENTRIES)).reset_index(drop=True)


def welcome(about: pd.DataFrame, customers: pd.DataFrame, sensitive: tuple[str, ...]) -> pd.Series:
    """Where a word about it is no intrusion: its category is not sensitive, or she agreed.

    ``about``: ``customer_key, category``. ``customers``: ``customer_key, sensitive_consent``.
    """
    agreed = customers.loc[customers["sensitive_consent"].astype(bool), "customer_key"]
    return ~about["category"].isin(sensitive) | about["customer_key"].isin(agreed)


def sensitive_products(sold: pd.DataFrame, sensitive: tuple[str, ...]) -> pd.Index:
    """Keys of the products (``product_key, category``) that are named to those alone who agreed."""
    found: pd.Index = pd.Index(sold.loc[sold["category"].isin(sensitive), "product_key"])
    return found
