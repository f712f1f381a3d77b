"""Where the shop's data lies and what it calls things: ``shop.toml``."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Literal, Self, TypeVar, cast, get_args
from zoneinfo import available_timezones

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, Field, model_validator

from care.configuration import UnableToReadConfiguration, line_of, read_toml
from care.domain.customer import LOCALES
from care.domain.model import Decided
from care.intake.source import (
    Answer,
    CsvFiles,
    Delimiter,
    Encoding,
    Format,
    ParquetFiles,
    Source,
    format_of,
)

CustomerColumn = Literal[
    "customer_id",
    "name",
    "family_name",
    "given_name",
    "honorific",
    "gender",
    "birthday",
    "birth_year",
    "birth_month",
    "birth_day",
    "birth_calendar",
    "birth_leap",
    "wedding_on",
    "spouse_name",
    "joined_on",
    "locale",
    "timezone",
    "region",
    "email",
    "phone",
    "preferred_channel",
    "email_consent",
    "sms_consent",
    "sensitive_consent",
    "household_id",
    "advisor",
    "advisor_phone",
    "advisor_email",
    "festivals",
    "dislikes",
]
ProductColumn = Literal[
    "product_id",
    "name",
    "name_zh",
    "product_type",
    "category",
    "department",
    "price",
    "stage",
    "successor",
    "service_interval_days",
    "warranty_days",
    "stock",
    "flagged_on",
    "introduced_on",
]
OrderColumn = Literal[
    "order_id", "customer_id", "product_id", "quantity", "amount", "ordered_at", "state"
]
CaseColumn = Literal[
    "case_id", "customer_id", "product_id", "kind", "opened_on", "closed_on", "satisfaction"
]
DeliveryColumn = Literal[
    "order_id",
    "customer_id",
    "product_id",
    "promised_on",
    "failed_on",
    "delivered_on",
]
EventColumn = Literal["customer_id", "product_id", "kind", "happened_at"]
ConsentColumn = Literal["customer_id", "purpose", "given", "given_at", "source"]
ReviewColumn = Literal["review_id", "customer_id", "product_id", "stars", "reviewed_on", "helpful"]
Money = Annotated[
    Literal["major", "minor"],
    Field(
        description=(
            "`major` (12.34 is twelve and something) or `minor` (1234 is the same, or a "
            "currency without cents)"
        )
    ),
]
Plain = bool | int | float | date | str


class UnableToReadSources(Exception):
    """``shop.toml``, or a file it names, cannot be used as it stands."""


@cache
def known_timezones() -> frozenset[str]:
    """All IANA names; asked for once, as the answer is a walk through many folders."""
    return frozenset(available_timezones())


def _timezone(name: str) -> str:
    if name not in known_timezones():
        raise ValueError("no such time zone; use an IANA name such as Asia/Shanghai")
    return name


def _phone_region(name: str) -> str:
    if name not in SUPPORTED_REGIONS:
        raise ValueError("no such region; use two capital letters such as CN or US")
    return name


C = TypeVar("C", bound=str)


class Table(Decided, Generic[C]):
    """What any table of the shop may say of itself."""

    NAME: ClassVar[str]
    COLUMNS: ClassVar[tuple[str, ...]]
    KEYS: ClassVar[tuple[str, ...]]
    REQUIRED: ClassVar[tuple[str, ...]] = ()  # besides the keys, unless they have a default

    path: str | None = Field(
        default=None,
        min_length=1,
        description=(
            "the file, or several by a glob such as `orders-*.csv`, relative to `shop.toml`"
        ),
    )
    format: Format | None = Field(
        default=None,
        description="`parquet` or `csv`. Default: by how the name ends, or how the file begins",
    )
    encoding: Encoding | None = Field(
        default=None,
        description="`utf-8` or `gb18030`, of CSV files. Default: found out for each file",
    )
    delimiter: Delimiter | None = Field(
        default=None,
        description="`,` `;` `|` or a tab, of CSV files. Default: found out for each file",
    )
    # No validator may look at a URL: its words would quote the password.
    url: str | None = Field(
        default=None, description="SQLAlchemy URL of a database, instead of `path`"
    )
    url_env: str | None = Field(
        default=None,
        description=(
            "the name of an environment variable that holds the URL, so that no password is "
            "in this file"
        ),
    )
    table: str | None = Field(
        default=None, min_length=1, description="the table to read there, `name` or `schema.name`"
    )
    query: str | None = Field(default=None, min_length=1, description="or a query to ask there")
    timezone: Annotated[str, AfterValidator(_timezone)] = Field(
        default="UTC", description="IANA zone of timestamps that name no offset. Default: `UTC`"
    )
    columns: dict[C, str] = Field(
        default={},
        description=(
            "canonical name = the shop's name; a column that is not named here has its "
            "canonical name"
        ),
    )
    defaults: dict[C, Plain] = Field(
        default={}, description="canonical name = what stands in where the shop says nothing"
    )
    values: dict[C, dict[str, Plain]] = Field(
        default={}, description="canonical name = a table of the shop's words and what they mean"
    )

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> Self:
        if sum(place is not None for place in (self.path, self.url, self.url_env)) != 1:
            raise ValueError("say where the rows are: in one of path, url and url_env")
        if self.path is None and (self.table is None) == (self.query is None):
            raise ValueError("say what to read from the database: in one of table and query")
        return self

    @model_validator(mode="after")
    def _says_nothing_in_vain(self) -> Self:
        vain = {"format", "encoding", "delimiter"} if self.path is None else {"table", "query"}
        if self.format == "parquet":
            vain |= {"encoding", "delimiter"}
        for key in sorted(vain & self.model_fields_set):
            raise ValueError(
                f"{key} means nothing here: format belongs to path, encoding and delimiter to CSV "
                "files, table and query to a database. Remove it."
            )
        return self

    @model_validator(mode="after")
    def _keys_are_as_they_are(self) -> Self:
        for key in self.KEYS:
            if key in self.defaults or key in self.values:
                raise ValueError(f"{key} is a key: it can have no default and no other words")
        return self

    @property
    def place(self) -> str:
        """Where the rows are, in a word."""
        return self.path or self.table or "query"

    def shop_column(self, name: str) -> str:
        """Name a canonical column as the shop does."""
        return self.columns.get(cast(C, name), name)

    def default(self, name: str) -> str | None:
        """Tell, as text, what stands in where the shop says nothing."""
        value = self.defaults.get(cast(C, name))
        return None if value is None else as_word(value)

    def words(self, name: str) -> dict[str, str]:
        """Translate: the shop's words of a column → the canonical ones, as text."""
        said = self.values.get(cast(C, name), {})
        return {word: as_word(meant) for word, meant in said.items()}


class Customers(Table[CustomerColumn]):
    """The shop's customers."""

    NAME = "customers"
    COLUMNS = get_args(CustomerColumn)
    KEYS = ("customer_id",)

    phone_region: Annotated[str, AfterValidator(_phone_region)] | None = Field(
        default=None, description="country of numbers written without one, such as `CN`"
    )

    @model_validator(mode="after")
    def _defaults_are_known(self) -> "Customers":
        if (locale := self.default("locale") or "en") not in LOCALES:
            raise ValueError(f"defaults.locale = {locale!r}: use one of {', '.join(LOCALES)}")
        _timezone(self.default("timezone") or "UTC")
        return self


class Excluded(Decided):
    """What of a column's values is left out; compared letter by letter."""

    any_of: tuple[str, ...] = ()
    containing: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> "Excluded":
        if not (self.any_of or self.containing):
            raise ValueError('says nothing; add any_of = ["…"] or containing = ["…"]')
        return self


class Products(Table[ProductColumn]):
    """The shop's catalogue."""

    NAME = "products"
    COLUMNS = get_args(ProductColumn)
    KEYS = ("product_id",)

    money: Money
    exclude: dict[ProductColumn, Excluded] = Field(
        default={},
        description=(
            "canonical name = what is sold but is no merchandise, by `any_of` or `containing`"
        ),
    )


class Orders(Table[OrderColumn]):
    """The shop's order lines."""

    NAME = "orders"
    COLUMNS = get_args(OrderColumn)
    KEYS = ("order_id", "customer_id", "product_id")
    REQUIRED = ("quantity", "amount", "ordered_at")

    money: Money


class Cases(Table[CaseColumn]):
    """What customers brought to the shop: complaints, repairs, returns and questions."""

    NAME = "cases"
    COLUMNS = get_args(CaseColumn)
    KEYS = ("case_id", "customer_id")
    REQUIRED = ("kind", "opened_on")


class Deliveries(Table[DeliveryColumn]):
    """How orders that are brought to the customer are getting on."""

    NAME = "deliveries"
    COLUMNS = get_args(DeliveryColumn)
    KEYS = ("order_id", "customer_id")


class Events(Table[EventColumn]):
    """What customers look at and put into the cart."""

    NAME = "events"
    COLUMNS = get_args(EventColumn)
    KEYS = ("customer_id", "product_id")
    REQUIRED = ("kind", "happened_at")


class Consents(Table[ConsentColumn]):
    """What customers agreed to or took back; it overrides what the customers' table says."""

    NAME = "consents"
    COLUMNS = get_args(ConsentColumn)
    KEYS = ("customer_id",)
    REQUIRED = ("purpose", "given", "given_at")


class Reviews(Table[ReviewColumn]):
    """What customers think of products, in stars."""

    NAME = "reviews"
    COLUMNS = get_args(ReviewColumn)
    KEYS = ("review_id", "customer_id")
    REQUIRED = ("stars", "reviewed_on")


class _File(Decided):
    customers: Customers
    products: Products
    orders: Orders
    cases: Cases | None = None
    deliveries: Deliveries | None = None
    reviews: Reviews | None = None
    events: Events | None = None
    consents: Consents | None = None


TABLES: Mapping[str, type[Table[Any]]] = {
    name: next(one for one in (get_args(field.annotation) or (field.annotation,)) if one)
    for name, field in _File.model_fields.items()
}
"""Every table that ``shop.toml`` may describe, by name."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The shop's tables, as ``shop.toml`` describes them; it need not have all."""

    path: Path
    customers: Customers
    products: Products
    orders: Orders
    cases: Cases | None = None
    deliveries: Deliveries | None = None
    reviews: Reviews | None = None
    events: Events | None = None
    consents: Consents | None = None

    def source(self, table: Table[Any]) -> Source:
        """Where the rows of a table come from.

        Raises:
            UnableToReadSources: the URL is in a variable that the environment has not.
        """
        if table.path is None:
            return self._answer(table)
        pattern = str(self.path.parent / table.path)
        if (table.format or format_of(pattern)) == "parquet":
            return ParquetFiles(pattern)
        return CsvFiles(pattern, table.encoding, table.delimiter)

    def _answer(self, table: Table[Any]) -> Answer:
        url, said_in = table.url, "url"
        if table.url_env is not None:
            url, said_in = os.environ.get(table.url_env), "url_env"
        if not url:
            raise self.unable(
                table,
                said_in,
                f"the environment has no variable {table.url_env}. Set it to the database's URL.",
            )
        return Answer(url, said_in, self.path.parent, table.table, table.query)

    def unable(self, table: Table[Any], key: str, problem: str) -> UnableToReadSources:
        """Make the error for a problem that shows only when the data is opened."""
        place = f"{table.NAME}.{key}"
        line = line_of(self.path.read_text(encoding="utf-8"), place.split("."))
        return UnableToReadSources(f"{self.path}:{line}: {place}: {problem}")


def read_sources(path: Path) -> Sources:
    """Read ``shop.toml``; opens none of the files it names.

    Raises:
        UnableToReadSources: naming file, line, key, value and remedy of every problem.
    """
    try:
        said = read_toml(path, _File)
    except UnableToReadConfiguration as error:
        raise UnableToReadSources(str(error)) from None
    return Sources(path, **{name: getattr(said, name) for name in _File.model_fields})


def as_word(value: Plain) -> str:
    """Write a TOML value as the text it would be in a column."""
    return str(value).lower() if isinstance(value, bool) else str(value)
