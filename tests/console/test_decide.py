"""Decisions and changes in the browser: what was seen is what is decided on."""

import pytest

from care import desk
from care.domain.decision import Verdict
from care.storage import reviews
from care.storage.database import reading
from tests.workflows.builders import NIGHT, approve, decide, messages_of, release_at
from tests.workflows.laws import assert_laws

CAMPAIGN = f"/nights/{NIGHT}/birthday"


def stands(house, campaign="birthday"):
    with reading(house.engine) as connection:
        return reviews.find_campaign(connection, NIGHT, campaign)


def trail(house):
    with reading(house.engine) as connection:
        return [decision for decision, _ in reviews.read_decisions(connection)]


@pytest.mark.parametrize(
    ("verdict", "state"), [("approve", "approved"), ("hold", "held"), ("reject", "rejected")]
)
def test_a_verdict_is_taken_in_the_visitors_name_and_leads_back(mei, house, verdict, state):
    answer = mei.send(
        f"{CAMPAIGN}/decide", verdict=verdict, reason="as agreed", seen=mei.seen(CAMPAIGN)
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == f"../../../nights/{NIGHT}/birthday"
    assert stands(house).state == state
    (line,) = trail(house)
    assert (line.actor, line.verdict, line.reason) == ("mei", verdict, "as agreed")
    assert f'class="state {state} big"' in mei.read(CAMPAIGN)
    assert_laws(house)


def test_another_content_is_refused_and_the_page_shows_what_there_is(mei, house):
    answer = mei.send(f"{CAMPAIGN}/decide", verdict="approve", seen="0" * 64)
    assert answer.status_code == 409
    assert "changed since you looked" in answer.text
    assert stands(house).state == "waiting"


def test_whoever_comes_second_sees_what_the_first_one_did(mei, house):
    seen = mei.seen(CAMPAIGN)
    decide(house, Verdict.REJECT, "birthday", actor="jo", reason="not this year")
    answer = mei.send(f"{CAMPAIGN}/decide", verdict="approve", seen=seen)
    assert answer.status_code == 409
    assert "not this year" in answer.text
    assert "by jo" in answer.text


def test_stopping_needs_a_reason(mei, house):
    answer = mei.send(f"{CAMPAIGN}/decide", verdict="hold", seen=mei.seen(CAMPAIGN))
    assert answer.status_code == 409
    assert stands(house).state == "waiting"


@pytest.mark.parametrize("verdict", ["expire", "exclude", "undo", "nonsense"])
def test_what_is_no_verdict_of_people_is_refused(mei, house, verdict):
    answer = mei.send(f"{CAMPAIGN}/decide", verdict=verdict, reason="x", seen=mei.seen(CAMPAIGN))
    assert answer.status_code == 422
    assert trail(house) == []


def test_a_decision_is_taken_back_until_something_is_on_its_way(mei, house):
    decide(house, Verdict.HOLD, "birthday", actor="jo")
    answer = mei.send(f"{CAMPAIGN}/undo", reason="jo agrees", seen=mei.seen(CAMPAIGN))
    assert answer.status_code == 303
    assert stands(house).state == "waiting"
    approve(house, "membership_anniversary")
    path = f"/nights/{NIGHT}/membership_anniversary"
    seen = mei.seen(path)
    release_at(house, "06:30")
    assert mei.send(f"{path}/undo", reason="oh", seen=seen).status_code == 409


def test_one_customer_is_taken_out_and_an_approval_is_void(mei, house):
    approve(house, "birthday")
    victim = messages_of(house, "birthday").iloc[0].message_id
    answer = mei.send(
        f"{CAMPAIGN}/exclude",
        message_id=victim,
        reason="she moved away",
        seen=mei.seen(f"{CAMPAIGN}/messages/{victim}"),
    )
    assert answer.status_code == 303
    assert stands(house).state == "waiting"
    found = messages_of(house, "birthday").set_index("message_id")
    assert found.loc[victim, "state"] == "withdrawn"
    assert_laws(house)


def test_a_change_is_told_in_full_and_taken_back(mei, house):
    victim = messages_of(house, "birthday").iloc[0].message_id
    assert "Take back the last" not in mei.read(CAMPAIGN)
    mei.send(f"{CAMPAIGN}/exclude", message_id=victim, reason="she moved", seen=mei.seen(CAMPAIGN))
    for page in (mei.read(CAMPAIGN), mei.read("/audit")):
        assert "Took customers out" in page
        assert ">1 message<" in page
    answer = mei.send(f"{CAMPAIGN}/undo", reason="she did not", seen=mei.seen(CAMPAIGN))
    assert answer.status_code == 303
    found = messages_of(house, "birthday").set_index("message_id")
    assert found.loc[victim, "state"] == "rendered"
    page = mei.read(CAMPAIGN)
    assert '<span class="tag">taken back</span>' in page
    assert "Take back the last" not in page
    assert '"message_ids_sha256"' in mei.client.get("/audit.csv").text.replace('""', '"')
    assert_laws(house)


def test_all_that_a_filter_finds_are_taken_out_but_never_all_for_want_of_one(mei, house):
    path = f"{CAMPAIGN}/messages?locale=zh-CN"
    told = {"locale": "zh-CN", "reason": "the wording", "seen": mei.seen(path)}
    asked = mei.send(f"{CAMPAIGN}/exclude", **told)
    found = messages_of(house, "birthday")
    assert set(found["state"]) == {"rendered"}  # first their number is shown
    _, samples, _ = desk.show(house, NIGHT, "birthday", samples=50)
    n = sum(one.locale == "zh-CN" for one in samples)
    assert f"{n} messages would be taken out" in asked.text
    wrong = mei.send(f"{CAMPAIGN}/exclude", **told, expected=n + 1)
    assert wrong.status_code == 409
    answer = mei.send(f"{CAMPAIGN}/exclude", **told, expected=n)
    assert answer.status_code == 303
    _, samples, _ = desk.show(house, NIGHT, "birthday", samples=50)
    assert {one.locale for one in samples if one.state == "rendered"} == {"en"}
    for nothing in ({}, {"text": " "}):
        answer = mei.send(
            f"{CAMPAIGN}/exclude", reason="all?", seen=mei.seen(CAMPAIGN), expected=1, **nothing
        )
        assert answer.status_code == 409


def test_a_verdict_from_a_page_that_shows_less_than_happened_is_refused(mei, house):
    stale = mei.seen(CAMPAIGN)
    decide(house, Verdict.HOLD, "birthday", actor="jo")
    for path, told in (("decide", {"verdict": "approve"}), ("undo", {"reason": "mine"})):
        answer = mei.send(f"{CAMPAIGN}/{path}", seen=stale, **told)
        assert answer.status_code == 409
        assert "somebody else was quicker" in answer.text
        assert "hold by jo" in answer.text
    assert stands(house).state == "held"


def test_a_message_is_read_and_explained_whatever_became_of_it(mei, house):
    approve(house, "membership_anniversary")
    release_at(house, "06:30")
    found = messages_of(house, "membership_anniversary")
    left = found[found["state"] != "rendered"]["message_id"]
    assert len(left)
    path = f"/nights/{NIGHT}/membership_anniversary/messages"
    for message_id in left:
        page = mei.read(f"{path}/{message_id}")
        assert "Why this customer is written to" in page
        assert f'action="{path}' not in page
        shown = mei.client.get(
            f"/api/nights/{NIGHT}/campaigns/membership_anniversary/messages/{message_id}"
        )
        assert shown.json()["choices"] == []


def test_a_gift_is_exchanged(mei, house):
    found = messages_of(house, "birthday")
    one = found[found["gift_id"] == "card"].iloc[0].message_id
    path = f"{CAMPAIGN}/messages/{one}"
    answer = mei.send(
        f"{CAMPAIGN}/gift",
        message_id=one,
        gift_id="none",
        reason="she said so",
        seen=mei.seen(path),
    )
    assert answer.status_code == 303
    again = messages_of(house, "birthday").set_index("message_id")
    assert again.isna().loc[one, "gift_id"]
    answer = mei.send(
        f"{CAMPAIGN}/gift", message_id=one, gift_id="gold bar", reason="x", seen=mei.seen(path)
    )
    assert answer.status_code == 409
    assert_laws(house)


def test_wording_is_tried_refused_and_used(mei, house):
    path = f"{CAMPAIGN}/wording/sms/en"
    bad = mei.send(f"{path}/try", txt="{{ nonsense }}")
    assert bad.status_code == 422
    assert "nonsense" in bad.text
    assert mei.seen(CAMPAIGN).startswith(stands(house).content_hash)
    text = next(
        one.texts["txt"] for one in _wordings(house) if (one.channel, one.locale) == ("sms", "en")
    )
    told = {"txt": text.replace("\n", "\r\n") + "Warmly.", "reason": "warmer"}
    answer = mei.send(path, seen=mei.seen(path), **told)
    assert answer.status_code == 303
    assert trail(house)[-1].verdict == "edit_wording"
    assert "\r" not in _wordings(house)[-1].texts["txt"]
    assert mei.send(path, seen=stands(house).content_hash, **told).status_code == 409


def test_an_emptied_box_is_no_text_and_half_an_email_is_said(mei, house):
    found = next(one for one in _wordings(house) if (one.channel, one.locale) == ("email", "en"))
    path = f"{CAMPAIGN}/wording/email/en"
    for part in found.texts:
        empty = mei.send(f"{path}/try", **dict(found.texts) | {part: ""})
        assert empty.status_code == 422, part
    half = mei.send(f"{path}/try", **dict(found.texts) | {"txt": found.texts["txt"] + "Warmly.\n"})
    assert "still says the old words" in half.text
    assert "HTML of the e-mail" in half.text
    assert "still says the old words" not in mei.send(f"{path}/try", **found.texts).text


@pytest.mark.parametrize("part", ["subject", "txt", "html"])
def test_a_wording_reads_no_file_of_the_machine(mei, house, part):
    found = next(one for one in _wordings(house) if (one.channel, one.locale) == ("email", "en"))
    for file in ("/etc/passwd", "../../care.toml", "/proc/self/environ"):
        told = dict(found.texts) | {part: f'{{% include "{file}" %}}'}
        answer = mei.send(f"{CAMPAIGN}/wording/email/en/try", **told)
        assert answer.status_code == 422
        assert "refers to" in answer.text
        assert "root:" not in answer.text


def test_an_email_with_other_words_is_shown_in_a_frame_that_can_do_nothing(mei, house):
    found = next(one for one in _wordings(house) if (one.channel, one.locale) == ("email", "en"))
    path = f"{CAMPAIGN}/wording/email/en/frame"
    answer = mei.send(path, **found.texts)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    broken = dict(found.texts) | {"html": "<p>{{ nonsense }}</p>"}
    assert mei.send(path, **broken).status_code == 422


def test_what_is_wrong_with_a_wording_is_told_in_the_readers_language(visit, house):
    mei, path = visit(language="zh-CN"), f"{CAMPAIGN}/wording/sms/en"
    tried = mei.send(f"{path}/try", txt="{{ nonsense }}").text
    assert "birthday/sms.en.txt 第 1 行：消息里没有 `nonsense` 这个词。可用的词：" in tried
    assert "no letter knows" not in tried
    broken = {"txt": "{% if name %}"}
    kept = mei.send(path, seen=mei.seen(path), reason="warmer", **broken)
    assert kept.status_code == 422
    assert "模板没有写完" in kept.text
    texts = next(one.texts for one in _wordings(house) if one.channel == "email")
    frame = mei.send(
        f"{CAMPAIGN}/wording/email/en/frame", **dict(texts) | {"html": "<p>{{ name }}</p>"}
    )
    assert "没有邮寄地址。请引用页脚。" in frame.text
    heads = {"X-Care-Seal": mei.seal()}
    asked = {"channel": "sms", "locale": "en", "texts": broken}
    answer = mei.client.post(
        f"/api{CAMPAIGN.replace('/birthday', '/campaigns/birthday')}/wording/preview",
        json=asked,
        headers=heads,
    )
    assert answer.status_code == 422
    assert "模板没有写完" in answer.json()["detail"]


def test_a_refusal_is_told_in_the_readers_language(visit):
    mei = visit(language="zh-CN")
    answer = mei.send(f"{CAMPAIGN}/decide", verdict="approve", seen="0" * 64)
    assert answer.status_code == 409
    assert "“生日”在您查看之后有改动" in answer.text
    assert mei.client.put(CAMPAIGN).status_code == 405
    assert "这个地址不接受这样的请求" in mei.client.put(CAMPAIGN).text


def _wordings(house):
    from care.desk.wording import wordings_of

    return wordings_of(house, NIGHT, "birthday")


def test_what_would_be_stopped_at_the_door_is_said_before_it_is_approved(mei, house):
    found = messages_of(house, "birthday")
    message_id = found.loc["c15", "message_id"]
    assert "would be stopped" not in mei.read(CAMPAIGN)
    mei.send("/customers/c15/suppress", note="she called")
    assert "1 of" in (page := mei.read(CAMPAIGN))
    assert "would be stopped as it leaves" in page
    for path in (f"{CAMPAIGN}/messages", f"{CAMPAIGN}/messages/{message_id}"):
        assert "Would be stopped as it leaves: suppressed since it was planned" in mei.read(path)
    shown = mei.client.get(f"/api/nights/{NIGHT}/campaigns/birthday").json()["obstacles"]
    assert shown == {
        "looked_at": len(found),
        "why": {"suppressed since it was planned": 1},
    }
