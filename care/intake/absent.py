"""What is off when the shop does not tell something."""

from collections.abc import Mapping

WITHOUT: Mapping[str, Mapping[str, str]] = {
    "customers": {
        "name": "greetings name nobody",
        "birth_month, birth_day": "no birthday wishes",
        "wedding_on": "no wishes on wedding anniversaries",
        "joined_on": "no wishes on membership anniversaries",
        "email": "no e-mail to anybody",
        "phone": "no SMS to anybody",
        "email_consent": "no e-mail but service messages: nobody has agreed to marketing",
        "sms_consent": "no SMS but service messages: nobody has agreed to marketing",
    },
    "products": {
        "name_zh": "no product is recommended to Chinese readers",
        "category": "wording.never_name of the policy protects nothing",
    },
}
"""Table → columns, all of which hold nothing in any row → what is off for it."""
