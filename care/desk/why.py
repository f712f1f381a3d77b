"""Why this customer, this gift and these items: one message explained in plain words."""

from dataclasses import dataclass

from care.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Why:
    """Sentences: why she is written to and when, why she gets the gift, why each item is named."""

    message_id: str
    customer_ref: str
    customer: list[str]
    gift: list[str]
    items: list[str]


def why(runtime: Runtime, message_id: str) -> Why:
    """Explain one message.

    Raises:
        UnableToExplain: there is no such message.
    """
    raise NotImplementedError
