"""What a customer will see, channel by channel: one template for each, added here and nowhere else.

A channel of your own: write ``pages/preview/<channel>.html``, which gets the ``message`` below, and
name it in ``PREVIEWS``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from care.domain.channel import Channel
from care.domain.sms import parts

PREVIEWS: Mapping[str, str] = {
    str(Channel.EMAIL): "preview/email.html",
    str(Channel.SMS): "preview/sms.html",
}


@dataclass(frozen=True, slots=True)
class Preview:
    """One message to look at: ``content`` has the fields of its channel, ``template`` shows them.

    ``locale`` is the language it is written in. ``address`` is where its HTML, if it has one, is
    served for the frame that shows it. ``parts`` are the pieces that a phone is billed for, and
    joins.
    """

    channel: str
    template: str
    content: Mapping[str, Any]
    locale: str | None = None
    address: str | None = None
    parts: tuple[str, ...] = ()


def preview(
    channel: str,
    content: Mapping[str, Any],
    *,
    locale: str | None = None,
    address: str | None = None,
) -> Preview:
    """Look at a message as its reader will."""
    return Preview(
        channel,
        PREVIEWS[channel],
        content,
        locale,
        address if content.get("html") else None,
        tuple(parts(str(content["body"]))) if "body" in content else (),
    )
