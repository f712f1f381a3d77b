"""A customer as the shop knows her: who she is, her dates, and how she may be reached."""

from care.domain.setaside import Columns

GENDERS = ("female", "male")
CALENDARS = ("gregorian", "lunar")
LOCALES = ("zh-CN", "en")

CUSTOMERS = Columns(
    "customers",
    {
        "customer_id": "str",  # the shop's own key
        "name": "str",  # never missing; "" where nothing is known
        "family_name": "str",
        "given_name": "str",
        "honorific": "str",
        "gender": "str",  # one of GENDERS
        "birth_year": "Int16",  # may be missing where month and day are known, and the reverse
        "birth_month": "Int16",  # together with the day, or neither
        "birth_day": "Int16",  # a day that exists in her calendar
        "birth_calendar": "str",  # one of CALENDARS, never missing
        "birth_leap": "bool",  # born in a leap month of the lunar calendar
        "wedding_on": "datetime64[s]",
        "spouse_name": "str",
        "joined_on": "datetime64[s]",
        "locale": "str",  # one of LOCALES, never missing
        "timezone": "str",  # IANA, never missing
        "region": "str",  # "" where unknown
        "email": "str",
        "phone": "str",  # E.164, able to receive SMS as far as its numbering plan tells
        "preferred_channel": "str",  # email or sms
        "email_consent": "bool",  # to marketing
        "sms_consent": "bool",
        "sensitive_consent": "bool",  # to letters about what the policy calls sensitive
        "household_id": "str",  # the shop's own key of those who live together
        "advisor": "str",  # the person of the shop who looks after her, by name
        "advisor_phone": "str",  # as customers dial it
        "advisor_email": "str",
        "festivals": "str",  # NO_FESTIVAL, or names with ";" between; missing if she said nothing
        "dislikes": "str",  # kinds of gifts, small letters, ";" between; missing if none is known
    },
)
"""One row a customer. Text may be missing unless said otherwise."""
