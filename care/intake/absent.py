"""What is off when the shop does not tell something."""

from collections.abc import Mapping

WITHOUT: Mapping[str, Mapping[str, str]] = {
    "customers": {
        "name": "greetings name nobody",
        "birth_month, birth_day": "no birthday wishes",
        "wedding_on": "no wishes on wedding anniversaries",
        "joined_on": "no wishes on membership anniversaries, and no welcome before the first order",
        "email": "no e-mail to anybody",
        "phone": "no SMS to anybody",
        "email_consent": "no e-mail but service messages: nobody has agreed to marketing",
        "sms_consent": "no SMS but service messages: nobody has agreed to marketing",
    },
    "products": {
        "name_zh": "no product is recommended to Chinese readers",
        "category": "wording.never_name of the policy protects nothing",
        "stage": "no retired product is kept back; which ones are going is read from their sales",
        "successor": "no product is handed over to its successor",
        "service_interval_days": "no reminders of maintenance",
        "warranty_days": "no word before a warranty ends",
        "stock": "what is out of stock may be recommended",
        "flagged_on": "no quality notices",
        "introduced_on": "what was first sold lately counts as new",
    },
    "cases": {
        "closed_on": "every case stays open: no follow-up, and a complaint keeps marketing away",
    },
    "deliveries": {
        "delivered_on": "nobody is asked how she likes what she got",
        "promised_on, failed_on": "no news of orders that are late or could not be delivered",
    },
    "reviews": {
        "helpful": "nobody is thanked for a review that helped others",
    },
}
"""Table → columns, all of which hold nothing in any row → what is off for it."""
