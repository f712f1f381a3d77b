"""E-mail addresses, checked without asking the network."""

import numpy as np
import pandas as pd
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

# Addresses plain enough to be valid at sight, and to stay as they are: all parts short, no letter
# beyond ASCII, a domain in small letters without "--" that ends in letters. It may only accept
# what the library accepts unchanged; everything else goes there.
_PLAIN = r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,}"
_PLAIN_LENGTH = 63  # then no part of it can be too long
_SPECIAL = rf".*[@.]({'|'.join(name.replace('.', '[.]') for name in SPECIAL_USE_DOMAIN_NAMES)})"


def check_emails(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Addresses in their normal form, and where a text is none (those are missing in the first).

    Whether the domain exists is not asked. Names reserved for documentation, such as example.com,
    are accepted.
    """
    plain = (
        texts.str.fullmatch(_PLAIN)
        & (texts.str.len() <= _PLAIN_LENGTH)
        & ~texts.str.fullmatch(_SPECIAL)
    )
    others = texts[~plain & texts.notna()]
    normal = {text: _normal(text) for text in others.unique()}
    checked = texts.copy()
    checked[others.index] = others.map(normal).astype("str")
    return checked, pd.Series(np.asarray(texts.notna() & checked.isna()), index=texts.index)


def _normal(text: str) -> str | None:
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        return None
