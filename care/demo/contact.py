"""Where a made-up person can be reached: nowhere real, by construction."""

from importlib.resources import files

import numpy as np
import pandas as pd

SHANGHAI_SHARE = 0.12  # of the Chinese-speaking
TIMEZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
TIMEZONE_SHARES = (0.82, 0.07, 0.04, 0.07)

EMAIL_BLANK_SHARE = 0.04
EMAIL_WITHOUT_AT_SHARE = 0.006
EMAIL_WITH_SPACE_SHARE = 0.006
PHONE_BLANK_SHARE = 0.08
EMAIL_CONSENT_SHARE = 0.88
SMS_CONSENT_SHARE = 0.55
PREFER_EMAIL_SHARE = 0.55
PREFER_SMS_SHARE = 0.25

# regions.csv holds the lines people are drawn from, all but their last two digits.
#
# +1 NXX-555-0100 to -0199 is set aside for fiction by the North American Numbering Plan.
#
# China has no such range. The table of mobile prefixes of its Ministry of Industry and Information
# Technology (我国公众移动通信网网号及H0分配情况, as of March 2023) gives out 1349-2, 1349-3 and
# 1349-9, for satellite telephones, and nothing else of 1349: 1349-5 belongs to no operator, yet
# number libraries take it for well-formed.
LINES_PER_PREFIX = 100


def draw_contact(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """`time_zone, state, email, mobile, contact_by, email_opt_in, sms_opt_in` for every row.

    Takes `household_id, language, latin` (her name in Latin letters). E-mail addresses are unique
    and lie at example.com, which RFC 2606 reserves; a few are blank or broken. A phone number is
    nobody else's, and its area lies in her state and timezone.
    """
    timezone = _draw_timezones(people["language"], rng)
    return pd.DataFrame({"time_zone": timezone}).join(
        [
            _draw_phones(timezone, rng),
            _draw_emails(people, rng),
            _draw_consents(people.index, rng),
        ]
    )


def _draw_timezones(language: pd.Series, rng: np.random.Generator) -> pd.Series:
    n = len(language)
    abroad = language.eq("zh") & (rng.random(n) < SHANGHAI_SHARE)
    home = pd.Series(rng.choice(TIMEZONES, size=n, p=TIMEZONE_SHARES), dtype="str")
    return home.mask(abroad, "Asia/Shanghai")


def _draw_phones(timezone: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    with files("care.demo").joinpath("regions.csv").open(encoding="utf-8") as handle:
        prefixes = pd.read_csv(handle)
    lines = prefixes.loc[prefixes.index.repeat(LINES_PER_PREFIX)].reset_index(drop=True)
    ending = pd.Series(np.tile(np.arange(LINES_PER_PREFIX), len(prefixes))).astype("str")
    lines["mobile"] = lines["line"] + ending.str.zfill(2)
    # exponential keys: the smallest ones are a weighted draw without replacement
    lines["key"] = rng.exponential(size=len(lines)) / lines["weight"]
    lines = lines.sort_values("key")
    lines["turn"] = lines.groupby("timezone").cumcount()
    callers = pd.DataFrame({"timezone": timezone})
    callers["turn"] = callers.groupby("timezone").cumcount()
    drawn = callers.merge(lines, how="left", on=["timezone", "turn"])
    has_phone = rng.random(len(drawn)) >= PHONE_BLANK_SHARE
    return pd.DataFrame({"state": drawn["region"], "mobile": drawn["mobile"].where(has_phone)})


def _draw_emails(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    mailbox = people["latin"] + "." + people["household_id"].astype("str")
    draw = rng.random(len(people))
    without_at = draw < EMAIL_WITHOUT_AT_SHARE
    with_space = (draw >= 0.5) & (draw < 0.5 + EMAIL_WITH_SPACE_SHARE)
    blank = draw >= 1 - EMAIL_BLANK_SHARE
    email = mailbox + "@example.com"
    email = email.mask(without_at, mailbox + "example.com")
    spaced = email.str.replace(".", ". ", n=1, regex=False)
    email = email.mask(with_space, spaced)
    return pd.DataFrame({"email": email.mask(blank, "")})


def _draw_consents(index: pd.Index, rng: np.random.Generator) -> pd.DataFrame:
    n = len(index)
    draw = rng.random(n)
    prefers_email = draw < PREFER_EMAIL_SHARE
    prefers_sms = ~prefers_email & (draw < PREFER_EMAIL_SHARE + PREFER_SMS_SHARE)
    contact_by = pd.Series(pd.NA, index=index, dtype="str")
    return pd.DataFrame(
        {
            "contact_by": contact_by.mask(prefers_email, "E").mask(prefers_sms, "S"),
            "email_opt_in": _yes_no(rng.random(n) < EMAIL_CONSENT_SHARE),
            "sms_opt_in": _yes_no(rng.random(n) < SMS_CONSENT_SHARE),
        },
        index=index,
    )


def _yes_no(yes: np.ndarray) -> pd.api.extensions.ExtensionArray:
    return pd.array(np.where(yes, "Y", "N"), dtype="str")
