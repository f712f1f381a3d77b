"""What the renderer promises about a letter, and about a night full of them."""

import pickle
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from care.domain.channel import Channel
from care.domain.message import Addressee, GiftLine, RenderedEmail, RenderedSms
from care.domain.sms import Encoding
from care.rendering.composition import template_names
from care.rendering.environment import template_version
from care.rendering.lint import UnableToLoadTemplates
from care.rendering.renderer import Renderer, UnableToRender, open_renderer
from care.rendering.specimen import bare, specimen
from tests.rendering.shipped import BY_SMS

EMAIL = specimen("birthday", Channel.EMAIL, "zh-CN")
SMS = specimen("birthday", Channel.SMS, "zh-CN")


def test_an_email_has_a_subject_text_and_html(renderer: Renderer) -> None:
    message = renderer.render(EMAIL)
    assert isinstance(message, RenderedEmail)
    assert message.subject == "王女士，生日快乐"
    assert message.text.startswith("王女士，您好：")
    assert message.html.startswith("<!DOCTYPE html>")
    assert message.template == "birthday/email.zh-CN"


def test_the_same_letter_gives_the_same_bytes(renderer: Renderer, templates: Path) -> None:
    assert Renderer(templates).render(EMAIL) == renderer.render(EMAIL)


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "no way to unsubscribe": ({"unsubscribe_url": None}, "unsubscribe_url"),
    "a link that runs code": ({"unsubscribe_url": "javascript:alert(1)"}, "plain http"),
    "a shop without an address": (
        {"shop": replace(EMAIL.shop, postal_address="\u200b")},
        "postal address",
    ),
    "a voucher code that would be cut": ({"gift": GiftLine("tea", code="A" * 41)}, "voucher code"),
    "a voucher code with a hidden character": (
        {"gift": GiftLine("tea", code="AB\u200b1")},
        "voucher code",
    ),
    "an anniversary before the first year": ({"years": 0}, "years is 0"),
    "a window that runs backwards": (
        {"window_from": date(2026, 5, 9), "window_to": date(2026, 5, 3)},
        "ends before it starts",
    ),
    "a catalogue": ({"recommendations": EMAIL.recommendations * 4}, "catalogue"),
    "an unknown campaign": ({"campaign": "easter"}, "no such templates"),
    "an unknown locale": ({"locale": "fr"}, "no such templates"),
    "a name that is no text": (
        {"addressee": replace(EMAIL.addressee, name=float("nan"))},
        "AttributeError while rendering",
    ),
    "nothing to replenish": (
        {"campaign": "replenishment", "product": None},
        "lacks what its template says",
    ),
}


@pytest.mark.parametrize(("changes", "why"), BROKEN.values(), ids=BROKEN)
def test_a_letter_that_cannot_be_sent_says_why(
    changes: dict[str, Any], why: str, renderer: Renderer
) -> None:
    with pytest.raises(UnableToRender, match=why):
        renderer.render(replace(EMAIL, **changes))


def test_one_bad_letter_is_set_aside_and_the_rest_go_on(renderer: Renderer) -> None:
    letters = [EMAIL, replace(EMAIL, unsubscribe_url=None), SMS]
    rendered, set_aside = renderer.render_all(letters)
    assert sorted(rendered) == [0, 2]
    assert sorted(set_aside) == [1]
    assert str(set_aside[1]) == "birthday/email.zh-CN: an e-mail needs an unsubscribe_url"


def test_the_reason_does_not_quote_the_customer(renderer: Renderer) -> None:
    secret = replace(EMAIL, addressee=replace(EMAIL.addressee, family_name=["王秘密"]))
    with pytest.raises(UnableToRender) as caught:
        renderer.render(secret)
    assert "王秘密" not in str(caught.value)


def test_the_error_survives_a_journey_between_processes() -> None:
    error = UnableToRender("birthday", "sms", "en", "too long")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) == "birthday/sms.en: too long"


def test_a_gateway_that_signs_gets_a_body_without_the_signature(renderer: Renderer) -> None:
    shop = replace(SMS.shop, sms_signature_in_body=False)
    signed, unsigned = renderer.render(SMS), renderer.render(replace(SMS, shop=shop))
    assert isinstance(signed, RenderedSms)
    assert isinstance(unsigned, RenderedSms)
    assert signed.body == f"【青禾集】{unsigned.body}"
    assert (signed.signature_in_body, unsigned.signature_in_body) == (True, False)


def test_the_signature_counts_even_where_the_gateway_adds_it(renderer: Renderer) -> None:
    # 70 UTF-16 units without the signature are one part only until it is put in front.
    gift = replace(SMS.gift, name="茶" * 19, code=None)
    shop = replace(SMS.shop, sms_signature_in_body=False)
    message = renderer.render(replace(SMS, gift=gift, shop=shop))
    assert isinstance(message, RenderedSms)
    assert len(message.body) <= 70 < len(message.body) + len("【青禾集】")
    assert message.segments == 2


def test_a_gateway_may_listen_to_another_word_to_opt_out(renderer: Renderer) -> None:
    shop = replace(SMS.shop, sms_opt_out="退订回T")
    assert renderer.render(replace(SMS, shop=shop)).body.endswith("。退订回T")


def test_every_sms_says_who_writes_and_how_to_opt_out(renderer: Renderer) -> None:
    for campaign in BY_SMS:
        chinese = renderer.render(specimen(campaign, Channel.SMS, "zh-CN")).body
        english = renderer.render(specimen(campaign, Channel.SMS, "en")).body
        assert chinese.startswith("【青禾集】")
        assert chinese.endswith("拒收请回复R")
        assert english.startswith("Linden & Vale: ")
        assert english.endswith(" Reply STOP to opt out")


@pytest.mark.parametrize("campaign", BY_SMS)
@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_an_sms_without_a_gift_or_a_window_costs_one_part(
    campaign: str, locale: str, renderer: Renderer
) -> None:
    message = renderer.render(bare(specimen(campaign, Channel.SMS, locale)))
    assert isinstance(message, RenderedSms)
    assert message.segments == 1


def test_curly_quotes_in_a_product_do_not_double_the_price_of_an_english_sms(
    renderer: Renderer,
) -> None:
    letter = specimen("replenishment", Channel.SMS, "en")
    message = renderer.render(replace(letter, product=replace(letter.product, name="kids’ cereal")))
    assert isinstance(message, RenderedSms)
    assert "kids' cereal" in message.body
    assert message.encoding is Encoding.GSM_7


def test_a_chinese_name_in_an_english_sms_is_paid_for_and_kept(renderer: Renderer) -> None:
    letter = specimen("birthday", Channel.SMS, "en")
    addressee = replace(letter.addressee, name="王小雨", family_name="王", given_name="小雨")
    message = renderer.render(replace(letter, addressee=addressee))
    assert isinstance(message, RenderedSms)
    assert "Happy birthday, 王小雨!" in message.body
    assert message.encoding is Encoding.UCS_2


def test_an_sms_without_end_is_set_aside(own_templates: Path) -> None:
    with (own_templates / "birthday/sms.zh-CN.txt").open("a", encoding="utf-8") as wordy:
        wordy.write("愿您岁岁平安。" * 17)
    renderer = Renderer(own_templates)
    gift = replace(SMS.gift, name="茶" * 80, code="A" * 40)
    shop = replace(SMS.shop, sms_opt_out="退" * 60, sms_signature="青" * 20)
    with pytest.raises(UnableToRender, match="takes 7 parts, more than 6"):
        renderer.render(replace(SMS, gift=gift, shop=shop, addressee=Addressee(name="王" * 40)))


@pytest.mark.parametrize(
    ("file", "changes_it"),
    [
        ("birthday/email.en.txt", True),
        ("birthday/email.en.subject", True),
        ("_partials/closing.en.txt", True),
        ("_partials/gift.en.html", True),
        ("_partials/style.css", True),
        ("_partials/media.css", True),
        ("_partials/closing.zh-CN.txt", False),
        ("replenishment/email.en.txt", False),
    ],
)
def test_the_version_follows_every_file_a_message_is_made_of(
    file: str, changes_it: bool, own_templates: Path
) -> None:
    names = template_names("birthday", Channel.EMAIL, "en")
    before = template_version(own_templates, names)
    path = own_templates / file
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    assert (template_version(own_templates, names) != before) is changes_it


def test_the_version_does_not_depend_on_where_the_templates_are(
    templates: Path, own_templates: Path
) -> None:
    names = template_names("birthday", Channel.EMAIL, "en")
    assert template_version(own_templates, names) == template_version(templates, names)


def test_templates_are_checked_once_for_as_long_as_no_file_of_them_changes(
    own_templates: Path,
) -> None:
    def opened() -> Renderer:
        return open_renderer(own_templates, campaigns={"birthday": [Channel.EMAIL]}, locales=["en"])

    def said(renderer: Renderer) -> str:
        message = renderer.render(specimen("birthday", Channel.EMAIL, "en"))
        assert isinstance(message, RenderedEmail)
        return message.text

    first = opened()
    assert opened() is first
    letter = own_templates / "birthday" / "email.en.txt"
    letter.write_text(letter.read_text("utf-8").replace("Happy birthday", "Many happy returns"))
    assert "Many happy returns" in said(opened())
    letter.write_text("{{ nonsense }}")
    with pytest.raises(UnableToLoadTemplates):
        opened()
