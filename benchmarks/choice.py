"""Who gets what: from the night's candidates to planned touches, beside the bare linear program.

    python -m benchmarks.choice --customers 1000000 --candidates 400000 --database sqlite --out var

Draws customers, candidates of six campaigns and what the ledger knows of a month, then plans the
night by value and by priority, with stock, money and short messages enough for a part of those who
might have them. Beside it the choice alone, among the same offers, is made by the house and by its
bare limit, SciPy's HiGHS on all of them as one program: what it costs to choose, without knowing
whom, why not, or what was said before. Then the plan by value is written into a ledger, beside the
database's own driver, which writes the same rows under the same constraints.
"""

import argparse
import json
from contextlib import ExitStack
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from benchmarks.measure import Measured, machine, measured
from benchmarks.night import NIGHT, bare_write, open_database
from care.domain.allocation import Alternatives, allocate
from care.domain.arbitration import ChosenBy
from care.domain.candidate import IDENTITY
from care.domain.candidate import candidates as candidate_rows
from care.domain.contact_policy import RECENT, Road, keep_contact_policy
from care.domain.gift import Gift, possible_gifts
from care.domain.offer import make_offers
from care.domain.rhythm import none_of
from care.domain.screen import Permissions, screen
from care.domain.suppression import SUPPRESSIONS
from care.domain.touch import Decisions, Ledger, Plan, plan_touches
from care.policy import read_policy
from care.runtime import open_runtime
from care.settings import shipped
from care.storage import codes, gifts, nights
from care.storage.bulk import insert_frame
from care.storage.database import writing
from care.storage.tables import customers as customers_table

CAMPAIGNS = (
    "birthday", "membership_anniversary", "replenishment", "rhythm_break", "win_back", "tier_news"
)  # fmt: skip
TIERS, SHARES = ("member", "silver", "gold", "diamond"), (0.6, 0.25, 0.1, 0.05)


def draw_people(customers: int, *, seed: int = 7) -> pd.DataFrame:
    """Customers, most of whom may be written to by e-mail and half by short message."""
    chance = np.random.default_rng(seed)
    keys = np.arange(customers)
    reach = chance.random((3, customers))
    return pd.DataFrame(
        {
            "customer_key": keys,
            "customer_id": keys.astype("str"),
            "region": pd.array(np.where(keys % 4, "US-NY", "CN-31"), dtype="str"),
            "locale": pd.array(np.where(keys % 4, "en", "zh-CN"), dtype="str"),
            "dislikes": pd.array([None] * customers, dtype="str"),
            "plain_style": False,
            "email": pd.array(np.where(reach[0] < 0.95, "a@example.com", None), dtype="str"),
            "phone": pd.array(np.where(reach[1] < 0.8, "+15550100", None), dtype="str"),
            "preferred_channel": pd.array(np.where(reach[2] < 0.2, "sms", None), dtype="str"),
            "email_consent": chance.random(customers) < 0.8,
            "sms_consent": chance.random(customers) < 0.5,
            "sensitive_consent": False,
        }
    )


def draw_due(people: pd.DataFrame, candidates: int, decisions: Decisions) -> pd.DataFrame:
    """Candidates as ``find_due`` returns them, at most one of a campaign for a customer."""
    chance = np.random.default_rng(8)
    pairs = chance.choice(len(people) * len(CAMPAIGNS), candidates, replace=False)
    key, campaign = np.sort(pairs) // len(CAMPAIGNS), np.sort(pairs) % len(CAMPAIGNS)
    tonight = np.datetime64(NIGHT, "s")
    due = candidate_rows(
        {
            "customer_key": people["customer_key"].to_numpy()[key],
            "occasion_key": pd.array([f"drawn-{one}" for one in campaign], dtype="str"),
            "send_from": tonight,
            "send_until": tonight + chance.integers(0, 5, candidates) * np.timedelta64(86400, "s"),
        }
    ).assign(
        campaign=pd.array(np.array(CAMPAIGNS)[campaign], dtype="str"),
        tier=pd.array(chance.choice(TIERS, candidates, p=SHARES), dtype="str"),
    )
    due = due.sort_values(IDENTITY, ignore_index=True)
    for column in ("priority", "message_class", "when_crowded"):
        values = {name: getattr(decisions.campaigns[name], column) for name in CAMPAIGNS}
        due[column] = due["campaign"].map(values)
    return due.astype({"message_class": "str", "when_crowded": "str"})


def draw_ledger(people: pd.DataFrame, decisions: Decisions) -> Ledger:
    """A month in which every fourth customer was touched once."""
    chance = np.random.default_rng(9)
    touched = np.flatnonzero(chance.random(len(people)) < 0.25)
    days = [NIGHT - timedelta(days=int(one)) for one in range(1, 30)]
    recent = pd.DataFrame(
        {
            "customer_key": people["customer_key"].to_numpy()[touched],
            "campaign": "birthday",
            "channel": "email",
            "send_on": pd.to_datetime(days).to_numpy()[chance.integers(0, 29, len(touched))],
        }
    ).astype(dict(RECENT))
    nothing = {"customer_key": "int64", "campaign": "str", "occasion_key": "str", "arm": "str"}
    return Ledger(
        permissions=Permissions(
            customers=people,
            suppressions=none_of(SUPPRESSIONS),
            planned=pd.DataFrame({name: [] for name in nothing}).astype(nothing),
        ),
        recent=recent,
        gifts_left={
            name: len(people) // 200 for name, one in decisions.gifts.items() if one.runs_out
        },
    )


def measure_choice(
    customers: int, candidates: int, database: str
) -> tuple[list[Measured], dict[str, float]]:
    """Plan a night by value and by priority, and write it down; what came of it beside."""
    policy = read_policy(shipped("policy.toml"))
    contact = policy.contact.model_copy(
        update={"roads": {"sms": Road(cost=5, messages_per_night=candidates // 20)}}
    )
    decisions = replace(
        policy.decisions(), contact=contact, gift_budget=customers * 5, sending_budget=customers
    )
    people = draw_people(customers)
    due, ledger = draw_due(people, candidates, decisions), draw_ledger(people, decisions)
    found, figures = [], {"candidates": float(candidates)}
    plans: dict[ChosenBy, Plan] = {}
    for way in ChosenBy:
        work = partial(plan_touches, due, ledger, replace(decisions, chosen_by=way), night=NIGHT)
        plan, seconds, peak = measured(work)
        plans[way] = plan
        found.append(Measured(f"planned by {way}", seconds, len(plan.touches), peak))
        account = plan.account
        figures |= {
            f"touches by {way}": float(len(plan.touches)),
            f"value by {way}": account["value"],
            "bound": account["bound"],
        }
    among = _alternatives(due, ledger, decisions)
    allocation, seconds, peak = measured(lambda: allocate(among))
    _, bare_seconds, _ = measured(lambda: _bare(among))
    what = "HiGHS alone on all offers"
    found.append(Measured("the choice alone", seconds, len(among.group), peak, what, bare_seconds))
    found.append(_written(plans[ChosenBy.VALUE], people, decisions, database))
    return found, figures | {"gap": allocation.gap}


def _alternatives(due: pd.DataFrame, ledger: Ledger, decisions: Decisions) -> Alternatives:
    """The offers of the night, one group a customer, and what they take of what is scarce.

    The campaigns drawn owe nobody anything, so that each customer has one choice.
    """
    people, plans = ledger.permissions.customers, decisions.care_plans
    allowed, _ = screen(due, ledger.permissions, decisions.campaigns, plans)
    regions = people.set_index("customer_key")["region"]
    roads, _ = keep_contact_policy(
        allowed, ledger.recent, regions, decisions.contact, plans, night=NIGHT
    )
    possible = possible_gifts(
        roads, decisions.ladders, decisions.gifts, people, ledger.last_gifts, night=NIGHT
    )
    offers = make_offers(roads, possible, decisions.campaigns, decisions.contact, plans)
    for column in ("customer_key", "channel"):
        offers[column] = roads[column].to_numpy()[offers["row"]]
    offers = offers.sort_values("customer_key", kind="stable", ignore_index=True)
    takes = [
        (offers["gift_cost"], decisions.gift_budget),
        (offers["sending_cost"], decisions.sending_budget),
        *((offers["gift_id"] == gift, left) for gift, left in ledger.gifts_left.items()),
        *(
            (offers["channel"] == channel, left)
            for channel, left in decisions.contact.messages_per_night.items()
        ),
    ]
    need = np.column_stack([taken.to_numpy("float64") for taken, _ in takes])
    left = np.array([limit for _, limit in takes], dtype="float64")
    scarce = need.sum(axis=0) > left
    return Alternatives(
        pd.factorize(offers["customer_key"])[0].astype("int64"),
        offers["value"].to_numpy("float64"),
        csr_array(need[:, scarce]),
        left[scarce],
    )


def _written(plan: Plan, people: pd.DataFrame, decisions: Decisions, database: str) -> Measured:
    """The plan in a ledger that knows the customers and has pieces and codes enough."""
    known = pd.DataFrame(
        {
            "customer_key": people["customer_key"],
            "customer_ref": people["customer_id"],
            "first_night": pd.Timestamp(NIGHT),
        }
    )
    with ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory()))
        url = stack.enter_context(open_database(database))
        runtime = open_runtime(home=home, database_url=url)
        with writing(runtime.engine) as connection:
            insert_frame(connection, customers_table, known)
            gifts.sync_gifts(connection, _with_pieces(decisions, len(people)))
            gifts.sync_budgets(
                connection, NIGHT, night_budget=decisions.gift_budget, month_budget=None
            )
            for name, gift in decisions.gifts.items():
                if gift.codes:
                    drawn = pd.Series([f"{name}-{n}" for n in range(len(people) // 200)])
                    codes.add_codes(connection, name, drawn)

        save = partial(
            nights.save_plan,
            plan=plan,
            night=NIGHT,
            after_sequence=0,
            snapshot_sha256="",
            policy_sha256="",
            champions={},
            paused={},
            shards=2,
        )
        with writing(runtime.engine) as connection:  # its end is in neither of the two times
            _, seconds, peak = measured(lambda: save(connection))
        rows = len(plan.touches) + len(plan.exclusions)
        what = f"{database}: the driver writes the rows"
        return Measured("writing the plan", seconds, rows, peak, what, bare_write(runtime))


def _with_pieces(decisions: Decisions, customers: int) -> dict[str, Gift]:
    """The gifts with as many pieces as the drawn ledger has left."""
    left = customers // 200
    return {
        name: gift if gift.stock is None else gift.model_copy(update={"stock": left})
        for name, gift in decisions.gifts.items()
    }


def _bare(among: Alternatives) -> None:
    rows = np.arange(len(among.group))
    ones = csr_array((np.ones(len(rows)), (among.group, rows)), shape=(among.groups, len(rows)))
    linprog(
        -among.value,
        A_ub=vstack([ones, among.need.T], format="csr"),
        b_ub=np.append(np.ones(among.groups), among.left),
        bounds=(0, None),
        method="highs-ipm",
    )


def main() -> None:
    """Measure the choice."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--candidates", type=int, default=40_000)
    parser.add_argument(
        "--database", default="sqlite", help="sqlite, postgresql (a server of its own), or a URL"
    )
    parser.add_argument("--out", type=Path, default=Path("var/benchmarks"))
    told = parser.parse_args()
    found, figures = measure_choice(told.customers, told.candidates, told.database)
    table = Table("Stage", "Seconds", "Rows", "GiB", "Ratio", "Bare limit")
    for one in found:
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        table.add_row(
            one.stage, f"{one.seconds:.2f}", f"{one.rows:,}", f"{one.peak_gib:.2f}", ratio, one.bare
        )
    Console(width=120).print(table)
    print(", ".join(f"{name} {value:,.6g}" for name, value in figures.items()))
    told.out.mkdir(parents=True, exist_ok=True)
    document = {
        "size": {"customers": told.customers, "candidates": told.candidates},
        "ran_on": machine() | {"database": told.database},
        "figures": figures,
        "stages": [asdict(one) for one in found],
    }
    (told.out / f"choice-{told.customers}-{told.database.partition(':')[0]}.json").write_text(
        json.dumps(document, indent=2)
    )


if __name__ == "__main__":
    main()
