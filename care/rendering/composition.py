"""One letter through its compiled templates: each value is rendered once, as data."""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, Template

from care.domain.channel import Channel
from care.domain.message import Letter, Rendered, RenderedEmail, RenderedSms
from care.domain.sms import OPT_OUT, measure, plain, signed, with_opt_out
from care.rendering.environment import STYLESHEET, referred, template_version
from care.rendering.guard import (
    MAX_HTML,
    MAX_SEGMENTS,
    MAX_TEXT,
    UnableToSay,
    checked_size,
    checked_subject,
)
from care.rendering.vocabulary import words


def template_names(campaign: str, channel: Channel, locale: str) -> tuple[str, ...]:
    """Name the files a message is made of: subject, text and HTML, or the body of an SMS."""
    if channel is Channel.SMS:
        return (f"{campaign}/sms.{locale}.txt",)
    return tuple(f"{campaign}/email.{locale}.{part}" for part in ("subject", "txt", "html"))


@dataclass(frozen=True, slots=True)
class Composition:
    """The compiled templates of one campaign, channel and locale."""

    name: str
    version: str
    templates: tuple[Template, ...]

    def render(self, letter: Letter) -> Rendered:
        """Render a letter. Raises UnableToSay, and whatever a template raises on a gap."""
        return self._sms(letter) if letter.channel == Channel.SMS else self._email(letter)

    def _email(self, letter: Letter) -> RenderedEmail:
        subject_template, text_template, html_template = self.templates
        said = words(letter)
        subject = checked_subject(subject_template.render(said).strip())
        said["subject"] = subject
        text = text_template.render(said).strip()
        html = html_template.render(said).strip()
        return RenderedEmail(
            template=self.name,
            template_version=self.version,
            subject=subject,
            text=checked_size(text, limit=MAX_TEXT, what="text"),
            html=checked_size(html, limit=MAX_HTML, what="HTML"),
        )

    def _sms(self, letter: Letter) -> RenderedSms:
        said, locale = words(letter), letter.locale
        shop = said["shop"]
        opt_out = shop.sms_opt_out or OPT_OUT.get(locale)
        if opt_out is None:
            raise UnableToSay(f"no wording to opt out is known in {locale}; set sms_opt_out")
        text = _on_one_line(self.templates[0].render(said), locale)
        body = with_opt_out(text, opt_out=opt_out, locale=locale)
        on_the_phone = signed(body, signature=shop.sms_signature, locale=locale)
        encoding, count = measure(on_the_phone)
        if not text:
            raise UnableToSay("the SMS says nothing")
        if count > MAX_SEGMENTS:
            raise UnableToSay(f"the SMS takes {count} parts, more than {MAX_SEGMENTS}")
        return RenderedSms(
            template=self.name,
            template_version=self.version,
            body=on_the_phone if shop.sms_signature_in_body else body,
            signature=shop.sms_signature,
            signature_in_body=shop.sms_signature_in_body,
            encoding=encoding,
            segments=count,
        )


def compose(
    environment: Environment, templates: Path, campaign: str, channel: Channel, locale: str
) -> Composition:
    """Compile what one campaign, channel and locale need. Raises what Jinja raises.

    With all they refer to, so that the folder is not read again.
    """
    names = template_names(campaign, channel, locale)
    for name in referred(templates, names):
        if name != STYLESHEET:  # which is written into the tags
            environment.get_template(name)
    return Composition(
        name=f"{campaign}/{channel}.{locale}",
        version=template_version(templates, names),
        templates=tuple(map(environment.get_template, names)),
    )


def _on_one_line(text: str, locale: str) -> str:
    # Templates are written over several lines; Chinese lines join without a space.
    if locale.startswith("zh"):
        return "".join(line.strip() for line in text.splitlines())
    return plain(" ".join(text.split()))
