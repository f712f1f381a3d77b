"""The roads a message can take to a customer."""

from enum import StrEnum


class Channel(StrEnum):
    """A road for messages. Consent and addresses are kept per channel."""

    EMAIL = "email"
    SMS = "sms"


ADDRESS_COLUMN: dict[Channel, str] = {Channel.EMAIL: "email", Channel.SMS: "phone"}
CONSENT_COLUMN: dict[Channel, str] = {
    Channel.EMAIL: "email_consent",
    Channel.SMS: "sms_consent",
}
