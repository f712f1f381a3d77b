"""The last look before a message leaves: everything that may stop it, asked again as it is now."""

import logging
from datetime import datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection

from care.domain.campaign import EndedBy, MessageClass
from care.domain.campaigns import CAMPAIGNS
from care.domain.case import complaining
from care.domain.channel import ADDRESS_COLUMN, Channel
from care.domain.consent import Purpose, sensitive_products
from care.domain.exclusion import Reason
from care.domain.recommendation import POPULAR
from care.domain.review import displeased
from care.domain.screen import Permissions, unwanted
from care.domain.suppression import suppressed
from care.runtime import Runtime
from care.storage.consents import read_customers_with
from care.storage.history import open_history
from care.storage.people import read_households
from care.storage.purchases import types_bought
from care.storage.snapshot import (
    Snapshot,
    UnableToLoadSnapshot,
    newest_snapshot,
    read_if_pinned,
    read_pinned,
)
from care.suppression import suppressions_among

log = logging.getLogger(__name__)

SAYS = {
    Reason.OPEN_COMPLAINT: "a complaint of hers is open",
    Reason.BAD_REVIEW: "she said that she is not pleased",
    Reason.OPTED_OUT: "she wants nothing on this occasion any more",
    Reason.NOT_PERSONAL: "she wants nothing personal any more",
    Reason.SENSITIVE: "consent to what is sensitive withdrawn",
}
"""What a message is stopped with that its customer does not want any more."""
BOUGHT_MEANWHILE = "it was bought, or she came back, after the message was planned"


class LastLook:
    """What one release sees; what the newest night knows is read once, when it is first needed."""

    def __init__(self, runtime: Runtime, *, now: datetime) -> None:
        """``now``: the moment of the release."""
        self._runtime = runtime
        self._now = now

    @cached_property
    def _newest(self) -> Snapshot | None:
        """Letters do not wait for a store that fails them: what it would tell is then not known."""
        try:
            return newest_snapshot(self._runtime.store)
        except UnableToLoadSnapshot as error:
            log.error("complaints and reviews since the plan are not known: %s", error)
            return None

    @cached_property
    def _displeased(self) -> tuple[pd.Index, pd.Index]:
        """Who has an open complaint, and who was not pleased, as of the newest night."""
        snapshot, store = self._newest, self._runtime.store
        if snapshot is None:
            return complaining(None), complaining(None)
        cases = read_if_pinned(store, snapshot.cases)
        days = self._runtime.policy.contact.quiet_after_bad_review_days
        said = read_if_pinned(store, snapshot.reviews)
        return complaining(cases), displeased(said, cases, night=snapshot.night, days=days)

    @cached_property
    def _sensitive(self) -> pd.Index:
        if self._newest is None or not self._runtime.policy.wording.sensitive:
            return pd.Index([], dtype="int64")
        sold = read_pinned(self._runtime.store, self._newest.products)
        return sensitive_products(sold, self._runtime.policy.wording.sensitive)

    def _has_ended(self, connection: Connection, leaving: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """What her household has bought since the night of the plan, as the newest night knows."""
        ended_by = leaving["campaign"].map({name: one.ended_by for name, one in CAMPAIGNS.items()})
        about = leaving.assign(ended_by=ended_by)[ended_by.notna()]
        found = np.zeros(len(leaving), dtype=bool)
        if about.empty or self._newest is None:
            return found
        since = about["night"].min().date()
        if since >= self._newest.night:
            return found
        history = open_history(self._runtime.store, self._newest.history, night=self._newest.night)
        members = read_households(connection, about[["customer_key", "household_id"]])
        bought = types_bought(history, members, since=since)
        rows = about.reset_index(names="row").merge(bought, on="customer_key", suffixes=("", "_b"))
        meanwhile = rows["bought_on"] >= rows["night"]
        same = rows["type_key"].eq(rows["type_key_b"]) | (rows["ended_by"] == EndedBy.ANYTHING)
        found[leaving.index.isin(rows.loc[meanwhile & same, "row"])] = True
        return found

    def stopped(self, connection: Connection, leaving: pd.DataFrame) -> pd.DataFrame:
        """``state, why`` beside each message that must not go after all; nothing beside others.

        ``leaving``: as ``leaving.read_leaving`` returns it.
        """
        if leaving.empty:
            return pd.DataFrame({"state": [], "why": []}, index=leaving.index, dtype="str")
        held = suppressions_among(self._runtime, connection, leaving, at=self._now)
        hers = leaving["customer_key"]
        impersonal = read_customers_with(
            connection, Purpose.PERSONALISATION, granted=False, among=hers
        )
        agreed = read_customers_with(connection, Purpose.SENSITIVE, granted=True, among=hers)
        complained, let_be = self._displeased
        wishes = Permissions(
            customers=pd.DataFrame({"customer_key": agreed, "sensitive_consent": True}),
            suppressions=held,
            planned=leaving.iloc[:0],
            complaining=complained,
            displeased=let_be,
            impersonal=impersonal,
            sensitive=self._sensitive,
        )
        unreachable, muted = np.zeros((2, len(leaving)), dtype=bool)
        for channel in Channel:
            here = (leaving["channel"] == channel).to_numpy()
            unreachable |= here & leaving[ADDRESS_COLUMN[channel]].isna().to_numpy()
            muted |= here & suppressed(leaving, held, channel)
        marketing = (leaving["message_class"] != MessageClass.SERVICE).to_numpy()
        granted = leaving["granted"].fillna(False).to_numpy(bool)
        recommends = ~leaving["items_source"].isin(["none", POPULAR]).to_numpy()
        unasked = marketing & recommends & leaving["customer_key"].isin(impersonal).to_numpy()
        found = [
            ((leaving["not_after"] <= self._now).to_numpy(bool), "expired", "too late to send"),
            (unreachable, "suppressed", "no address any more"),
            (marketing & ~granted, "suppressed", "consent withdrawn"),
            *((mask, "suppressed", SAYS[why]) for why, mask in unwanted(leaving, wishes).items()),
            (unasked, "suppressed", SAYS[Reason.NOT_PERSONAL]),
            (self._has_ended(connection, leaving), "suppressed", BOUGHT_MEANWHILE),
            (muted, "suppressed", "suppressed since it was planned"),
        ]
        where, states, whys = zip(*found, strict=True)
        return pd.DataFrame(
            {"state": np.select(where, states, ""), "why": np.select(where, whys, "")},
            index=leaving.index,
        )
