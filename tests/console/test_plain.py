"""Pages in plain words, for every customer and every reader."""

import html
import re

import pytest

from care.console.bare import POLICY, STYLE
from care.console.page import environment
from care.console.preview import preview
from care.console.speech import LANGUAGES, Speech, catalogue
from care.domain.sms import parts
from tests.workflows.builders import NIGHT, after, messages_of, run_night

CAMPAIGN = f"/nights/{NIGHT}/birthday"


def forms(said):
    return [said] if isinstance(said, str) else list(said.values())


@pytest.mark.parametrize(("language", "word"), [("en", r"\b([Ss]he|[Hh]ers?)\b"), ("zh-CN", "她")])
def test_pages_speak_of_a_customer_whoever_it_is(language, word):
    said = {key: form for key, one in catalogue(language).items() for form in forms(one)}
    assert {key for key, form in said.items() if re.search(word, form)} == set()


@pytest.mark.parametrize("word", ["晚次", "说于", "打印", "一无所知", "这一时机"])
def test_words_that_nobody_would_use_are_gone(word):
    assert [one for said in catalogue("zh-CN").values() for one in forms(said) if word in one] == []


def test_why_is_told_in_sentences_with_labels_and_the_shops_time(visit, house):
    row = messages_of(house, "birthday").query("gift_id == 'tea'").iloc[0]
    path = f"{CAMPAIGN}/messages/{row.message_id}"
    page = html.unescape(visit().read(path))
    labels = house.policy.gifts["tea"].label
    assert re.search(r"<li>Birthday on \d+ November\.</li>", page)
    assert f"<li>{labels['en']}, the first choice for Gold.</li>" in page
    assert "UTC" not in page
    assert "priority" not in page
    chinese = html.unescape(visit(language="zh-CN").read(path))
    assert re.search(r"<li>生日：11月\d+日。</li>", chinese)
    assert f"<li>{labels['zh-CN']}，金卡的首选礼品。</li>" in chinese


def test_a_revealed_name_is_in_the_heading_and_goes_along_to_the_customer(mei, house):
    row = messages_of(house, "birthday").iloc[0]
    path = f"{CAMPAIGN}/messages/{row.message_id}"
    ref = re.search(r'name="customer" value="(\w+)"', mei.read(path))[1]
    answer = mei.send(
        f"{CAMPAIGN}/reveal", customer=ref, message_id=row.message_id, reason="she called"
    )
    shown = html.unescape(mei.read(f"{path}{answer.headers['location'].partition(path)[2]}"))
    name = re.search(r"<h1>To (.*?)</h1>", shown)[1]
    assert "…" not in name
    to_her = re.search(rf'href="[./]*(customers/{ref}\?grant=[^"]+)"', shown)[1]
    assert f"<h1>{html.escape(name)}</h1>" in mei.read(f"/{to_her}")


def test_what_changed_has_names_and_money_and_is_grouped(visit, house):
    run_night(house, after(1))
    found = visit().client.get(f"/api/nights/{after(1)}/campaigns/replenishment/changes").json()
    assert set(found["mix"]) <= {"tier", "channel", "locale", "gift"}
    campaigns = [
        one["stands"]["campaign"]
        for one in visit().client.get(f"/api/nights/{after(1)}").json()["campaigns"]
    ]
    pages = [visit().read(f"/nights/{after(1)}/{one}/changes") for one in campaigns]
    table = " ".join(re.sub(r"<pre.*?</pre>", "", page, flags=re.DOTALL) for page in pages)
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td class="num">(.*?)</td>', table)
    assert rows
    named = dict(rows)
    assert not {"gift_cost", "gold", "email", "en", "tea", "gift cost"} & set(named)
    assert all(one == "–" or one.startswith("US$") for what, one in rows if what == "Gifts cost")


def test_a_short_message_is_one_bubble_with_its_parts_counted(mei, house):
    say = Speech("en", currency="USD", zone=house.policy.shop.zone)
    body = "A " + "long " * 60 + "message"
    shown = preview("sms", {"body": body, "encoding": "GSM-7", "sender": "X"}, locale="en")
    page = environment().get_template("parts.html").make_module({"say": say}).shown(shown)
    (bubble,) = re.findall(r'<div class="bubble" lang="en">(.*?)</div>', str(page), re.DOTALL)
    seams = re.findall(r'<span class="seam" aria-hidden="true">(\d)</span>', bubble)
    assert seams == [str(n) for n in range(2, len(parts(body)) + 1)]
    assert re.sub(r"<span.*?</span>", "", bubble) == body


def test_a_letter_is_marked_with_its_language(mei):
    address = f"/api/nights/{NIGHT}/campaigns/birthday/messages?locale=zh-CN&channel=email"
    one = mei.client.get(address).json()["rows"][0]["message_id"]
    assert 'class="subject" lang="zh-CN"' in mei.read(f"{CAMPAIGN}/messages/{one}")
    assert 'class="subject" lang="zh-CN"' in mei.read("/library/templates/birthday/email/zh-CN")


def test_the_page_of_who_has_left_is_styled_and_leads_nowhere(mei):
    answer = mei.send("/leave")
    assert f"<style>{STYLE}</style>" in answer.text
    assert answer.headers["content-security-policy"] == POLICY
    assert "Back to tonight" not in answer.text
    assert "You may close this window" in answer.text


def test_who_may_not_do_something_is_not_told_that_she_cannot_come_in(mei, vera):
    answer = vera.send(f"{CAMPAIGN}/decide", verdict="approve", seen="0" * 64)
    assert "<h1>Your role does not allow this</h1>" in answer.text
    stale = mei.client.post(f"{CAMPAIGN}/decide", data={"seal": "old"})
    assert "<h1>This form cannot be used any more</h1>" in stale.text


def test_the_part_of_the_library_that_is_open_is_marked(mei):
    for path in ("/library", "/library/gifts", "/library/policy"):
        nav = re.search(r'<nav class="row".*?</nav>', mei.read(path), re.DOTALL)[0]
        assert nav.count('aria-current="page"') == 1, path


def test_an_occasion_of_a_campaign_has_a_name(house):
    for language in LANGUAGES:
        say = Speech(language, currency="USD", zone=house.policy.shop.zone)
        for code in ("festival:qixi", "birthday:lunar"):
            assert code not in say.name("campaign", code)
            assert ":" not in say.name("campaign", code)
