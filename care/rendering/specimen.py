"""Made-up letters, from the customer of whom all is known to the one of whom nothing is."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from care.domain.campaigns import CAMPAIGNS
from care.domain.channel import Channel
from care.domain.message import Addressee, Advisor, GiftLine, Letter, ProductLine, Shop
from care.domain.occasion import Fact

TIER_NAMES = {
    "zh": {"member": "会员", "silver": "银卡会员", "gold": "金卡会员", "diamond": "钻石会员"},
    "en": {"member": "Member", "silver": "Silver", "gold": "Gold", "diamond": "Diamond"},
}
_SHOPS = {
    "zh": Shop(
        name="青禾集",
        postal_address="杭州市西湖区文三路90号",
        sms_signature="青禾集",
        currency="CNY",
        signed_by="林晚",
        phone="0571-8800 1234",
        website="https://qinghe.example",
    ),
    "en": Shop(
        name="Linden & Vale",
        postal_address="14 Mill Lane, Bath BA1 5LN",
        sms_signature="Linden & Vale",
        currency="GBP",
        signed_by="Clara Hughes",
        phone="+44 1225 550 100",
        website="https://lindenvale.example",
    ),
}
_ADDRESSEES = {
    "zh": Addressee("王小雨", "王", "小雨", gender="female", spouse_name="陈明远"),
    "en": Addressee("Emma Carter", "Carter", "Emma", spouse_name="Daniel"),
}
_ADVISORS = {
    "zh": Advisor("沈青", "0571-8800 1234 转 6", "shenqing@qinghe.example"),
    "en": Advisor("Ruth Palmer", "+44 1225 550 106", "ruth@lindenvale.example"),
}
_GIFTS = {
    "zh": GiftLine("桂花乌龙茶一罐", "今年的新茶，桂花是手摘的", "QH2026A7", date(2026, 6, 20)),
    "en": GiftLine("a tin of rose tea", "whole buds, lightly sweet", "ROSE7K", date(2026, 6, 20)),
}
_PRODUCTS = {
    "zh": (
        ProductLine("明前龙井", "您上回选的就是这一款"),
        ProductLine("手作绿豆糕", "与您三月购买的明前龙井相配"),
        ProductLine("青瓷小盖碗"),
    ),
    "en": (
        ProductLine("breakfast tea", "the one you had last time"),
        ProductLine("oat biscuits", "goes with the breakfast tea you bought in March"),
        ProductLine("small stoneware mug"),
    ),
}
_PRIVILEGES = {
    "zh": ("生日当月的小礼一份", "换季新品先到先选"),
    "en": ("a small present in the month of your birthday", "first choice of each new season"),
}
_MONDAY = date(2026, 5, 18)


def specimen(campaign: str, channel: Channel, locale: str, tier: str = "member") -> Letter:
    """Write to a customer of whom all is known."""
    language = "zh" if locale.startswith("zh") else "en"
    wanted, *others = _PRODUCTS[language]
    return Letter(
        campaign=campaign,
        channel=channel,
        locale=locale,
        tier=tier,
        tier_name=TIER_NAMES[language][tier],
        addressee=_ADDRESSEES[language],
        shop=_SHOPS[language],
        arrives_on=_MONDAY,
        occasion_on=_MONDAY,
        years=3,
        product=wanted,
        window_from=date(2026, 5, 21),
        window_to=date(2026, 5, 27),
        recommendations=tuple(others),
        gift=_GIFTS[language],
        unsubscribe_url="https://care.example/u/opaque-token",
        preferences_url="https://care.example/p/opaque-token",
        facts=_examples(campaign)[0],
        privileges=_PRIVILEGES[language],
        advisor=_ADVISORS[language],
    )


def _examples(campaign: str) -> list[dict[str, Fact]]:
    return CAMPAIGNS[campaign].examples if campaign in CAMPAIGNS else [{}]


def bare(letter: Letter) -> Letter:
    """Write the same letter when as little as possible is known."""
    return replace(
        letter,
        addressee=Addressee(),
        shop=replace(letter.shop, signed_by=None, phone=None, website=None),
        years=None,
        product=ProductLine(letter.product.name) if letter.product else None,
        window_from=None,
        window_to=None,
        recommendations=(),
        gift=None,
        preferences_url=None,
        privileges=(),
        advisor=None,
    )


def specimens(campaign: str, channel: Channel, locale: str) -> Iterator[Letter]:
    """For each tier the full letter, the bare one, and the turns a letter can take between."""
    for tier in TIER_NAMES["en"]:
        full = specimen(campaign, channel, locale, tier)
        yield full
        yield bare(full)
        yield replace(
            full,
            occasion_on=_MONDAY - timedelta(days=2),
            window_from=_MONDAY,
            years=1,
            recommendations=full.recommendations[:1],
            gift=GiftLine(full.gift.name) if full.gift else None,
            advisor=Advisor(full.advisor.name) if full.advisor else None,
        )
        yield replace(full, addressee=Addressee(), shop=replace(full.shop, phone=None))
        for facts in _examples(campaign)[1:]:
            yield replace(full, facts=facts)
            yield replace(bare(full), facts=facts)
