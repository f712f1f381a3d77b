"""What the shop's data must look like, and the rows and fields set aside because they did not."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd


class UnableToUseFrame(Exception):
    """A frame has not the columns its noun declares."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The declared columns of a noun's frame: name → pandas dtype, in order."""

    noun: str
    dtypes: Mapping[str, str]

    def empty(self) -> pd.DataFrame:
        """Make a frame of no rows with these columns."""
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in self.dtypes.items()})

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Hand a frame back if its columns, their order and their dtypes are as declared.

        Raises:
            UnableToUseFrame: naming every column that is missing, unknown or of another dtype.
        """
        found = {str(name): str(dtype) for name, dtype in frame.dtypes.items()}
        wrong = [f"{name} is missing" for name in self.dtypes if name not in found]
        wrong += [f"{name} is unknown" for name in found if name not in self.dtypes]
        wrong += [
            f"{name} is {found[name]}, not {dtype}"
            for name, dtype in self.dtypes.items()
            if name in found and found[name] != dtype
        ]
        if not wrong and list(found) != list(self.dtypes):
            wrong = [f"the order is {', '.join(found)}, not {', '.join(self.dtypes)}"]
        if wrong:
            raise UnableToUseFrame(
                f"{self.noun}: {'; '.join(wrong)}. Make the frame as {self.noun} declares it."
            )
        return frame


class Flaw(StrEnum):
    """Why a row, or one field of it, was set aside."""

    TORN_ROW = "torn_row"
    UNDECODABLE = "undecodable"
    MISSING_KEY = "missing_key"
    BAD_KEY = "bad_key"
    DUPLICATE_KEY = "duplicate_key"
    NOTHING_USABLE = "nothing_usable"
    BAD_DATE = "bad_date"
    SENTINEL_DATE = "sentinel_date"
    FUTURE_DATE = "future_date"
    INCOMPLETE_DATE = "incomplete_date"
    BAD_EMAIL = "bad_email"
    BAD_PHONE = "bad_phone"
    NOT_MOBILE = "not_mobile"
    UNKNOWN_TIMEZONE = "unknown_timezone"
    UNKNOWN_LOCALE = "unknown_locale"
    UNKNOWN_VALUE = "unknown_value"
    UNPRINTABLE = "unprintable"
    TOO_LONG = "too_long"
    MISSING_VALUE = "missing_value"
    NOT_MERCHANDISE = "not_merchandise"
    BAD_TIME = "bad_time"
    UNKNOWN_CUSTOMER = "unknown_customer"
    UNKNOWN_PRODUCT = "unknown_product"
    BAD_QUANTITY = "bad_quantity"
    BAD_AMOUNT = "bad_amount"
    BAD_NUMBER = "bad_number"
    DUPLICATE_LINE = "duplicate_line"


REMEDIES: Mapping[Flaw, str] = {
    Flaw.TORN_ROW: "give every row as many cells as the header; a cell that holds the delimiter, a "
    "quote or a line break belongs in quotes, and a quote inside them is doubled",
    Flaw.UNDECODABLE: "save the file as UTF-8, or correct its encoding in shop.toml",
    Flaw.MISSING_KEY: "give the row its key, or correct the column in shop.toml",
    Flaw.BAD_KEY: "use a key of at most 200 printable characters",
    Flaw.DUPLICATE_KEY: "keep one row per key; the last one was taken",
    Flaw.NOTHING_USABLE: "fill at least one field besides the key",
    Flaw.BAD_DATE: "write a day that exists as 1987-03-05, or --03-05 where the year is unknown",
    Flaw.SENTINEL_DATE: "leave an unknown date empty instead of a stand-in such as 1900-01-01",
    Flaw.FUTURE_DATE: "correct the year; the date lies after the night",
    Flaw.INCOMPLETE_DATE: "give both month and day, or neither",
    Flaw.BAD_EMAIL: "correct the address; it must read name@domain",
    Flaw.BAD_PHONE: "write the number as +<country><number>, or set customers.phone_region",
    Flaw.NOT_MOBILE: "give a mobile number; this one cannot receive SMS",
    Flaw.UNKNOWN_TIMEZONE: "use an IANA name such as Asia/Shanghai",
    Flaw.UNKNOWN_LOCALE: "use zh-CN or en, or translate the word under customers.values.locale",
    Flaw.UNKNOWN_VALUE: "use a word the house knows, or translate it under values in shop.toml",
    Flaw.UNPRINTABLE: "remove control and direction characters; they were dropped",
    Flaw.TOO_LONG: "shorten the text; it was cut",
    Flaw.MISSING_VALUE: "fill the field; the nearest known value stands in",
    Flaw.NOT_MERCHANDISE: "nothing to do, or change products.exclude in shop.toml",
    Flaw.BAD_TIME: "write the time as 2017-03-05 18:30:00 between the years 1990 and 2200",
    Flaw.UNKNOWN_CUSTOMER: "deliver the customer too, under the same customer_id",
    Flaw.UNKNOWN_PRODUCT: "deliver the product too, under the same product_id",
    Flaw.BAD_QUANTITY: "give a number above 0 and below a million; returns are no orders",
    Flaw.BAD_AMOUNT: 'give an amount of 0 or more; see money = "major" or "minor" in shop.toml',
    Flaw.BAD_NUMBER: "give a whole number: of days or pieces from 0 to 100000, of satisfaction "
    "from 1 to 5; or leave the field empty",
    Flaw.DUPLICATE_LINE: "deliver one line per order and product; the last one was taken",
}
"""What the shop can do about each flaw, in its own words."""

SET_ASIDE = Columns(
    "set aside",
    {
        "source": "str",  # customers, products or orders
        "file": "str",  # relative to shop.toml
        "row": "int64",  # within the file, from 1
        "key": "str",  # of the row, where it has one
        "field": "str",  # the canonical column at fault; row or keys where it is not one of them
        "value": "str",  # what it said, shortened; letters and digits of personal fields masked
        "reason": "str",  # a Flaw
        "scope": "str",  # row: not taken; field: the row was taken without this field
        "remedy": "str",
    },
)
