"""A file of suppressions in the console: checked, confirmed as that very file, lifted again."""

import io
import re
import zipfile

import pytest

from care.console.upload import LONGEST_NAME, name_of
from care.suppression import listed
from tests.workflows.builders import at

PLACE = "/library/suppressions"
FEW = b"customer_id,channel\nc05,sms\nc05,sms\nnobody,\n,\n"
ALL = b"customer_id\n" + b"".join(b"c%02d\n" % number for number in range(1, 100))


def bring(visit, step, content, *, name="our list.csv", **fields):
    return visit.client.post(
        f"{PLACE}/{step}",
        data={"seal": visit.seal(), **fields},
        files={"file": (name, content, "text/csv")},
    )


def confirmed(visit, content):
    """Check a file, and bring it in; say that it is meant where that is asked."""
    page = bring(visit, "check", content).text
    meant = {"meant": "true"} if 'name="meant"' in page else {}
    return bring(visit, "import", content, sha256=sha256_on(page), **meant)


def sha256_on(page):
    return re.search(r'name="sha256" value="([0-9a-f]{64})"', page)[1]


def held(house):
    return listed(house, at=at("06:00"))


def test_a_file_is_checked_and_nothing_is_done_yet(ada, house):
    page = bring(ada, "check", FEW)
    assert page.status_code == 200
    told = " ".join(re.sub("<[^>]+>", " ", page.text).split())
    assert "What our list.csv would do" in told
    assert "Rows read 4 New 1 Known already 0 Repeated in the file 1 Set aside 2" in told
    assert "3 customer_id no such customer" in told
    assert "4 customer_id names nobody" in told
    assert "0 would get nothing any more" in told
    assert "unusually many" not in told
    assert held(house) == []


def test_a_file_that_would_silence_the_shop_is_warned_of_with_its_share(ada, house):
    told = " ".join(re.sub("<[^>]+>", " ", bring(ada, "check", ALL).text).split())
    assert "These are unusually many" in told
    assert re.search(r"Of (\d+) customers who can be written to now, \1 would get nothing", told)
    assert "Together that is 100% of them" in told
    assert held(house) == []


def test_what_would_silence_the_shop_is_taken_only_if_that_is_said(ada, house):
    page = bring(ada, "check", ALL).text
    assert 'name="meant"' in page
    told = {"sha256": sha256_on(page)}
    refused = bring(ada, "import", ALL, **told)
    assert refused.status_code == 409
    assert "say that this is meant" in refused.text
    file = {"file": ("all.csv", ALL, "text/csv")}
    heads = {"Authorization": f"Bearer {ada.client.cookies['care_session']}"}
    api = f"/api{PLACE}/import"
    assert ada.client.post(api, data=told, files=file, headers=heads).status_code == 409
    assert held(house) == []
    meant = told | {"meant": "true"}
    assert ada.client.post(api, data=meant, files=file, headers=heads).json()["new"] > 0
    assert held(house)


def test_marketing_alone_leaves_her_service_messages(ada):
    content = b"customer_id,reason\nc05,unsubscribe\n"
    told = bring(ada, "check", content).text
    assert "0 would get nothing any more" in told
    assert "1 more would get only service messages" in told


def test_who_keeps_one_channel_is_not_counted(ada):
    assert (
        "0 would get nothing any more"
        in bring(ada, "check", b"customer_id,channel\nc05,sms\n").text
    )


def test_of_many_rows_set_aside_fifty_are_named_and_the_rest_counted(ada):
    page = bring(ada, "check", b"customer_id\n" + b"nobody\n" * 73).text
    assert page.count("no such customer") == 50
    assert "23 more rows are set aside" in page
    assert "nothing new in it" in page


def test_the_file_that_was_checked_is_taken_and_no_other(ada, house):
    sha256 = sha256_on(bring(ada, "check", FEW).text)
    refused = bring(ada, "import", ALL, sha256=sha256)
    assert refused.status_code == 409
    assert "not the file that was checked" in refused.text
    assert held(house) == []
    assert bring(ada, "import", FEW).status_code == 422
    done = bring(ada, "import", FEW, sha256=sha256)
    assert "Rows read: 4; new: 1; known already: 1; set aside: 2" in done.text
    (one,) = held(house)
    assert one["import_id"] == f"20171114-{sha256[:8]}"
    again = bring(ada, "import", FEW, sha256=sha256)
    assert "new: 0; known already: 2" in again.text
    assert len(held(house)) == 1


def test_an_import_is_lifted_as_a_whole_with_a_reason(ada, house):
    confirmed(ada, b"customer_id\nc03\n")
    confirmed(ada, ALL)
    new, old = sorted(
        (one["import_id"] for one in ada.client.get(f"/api{PLACE}/imports").json()), key=str
    )
    names = {
        one["import_id"]: one["suppressions"]
        for one in ada.client.get(f"/api{PLACE}/imports").json()
    }
    large = max(names, key=names.get)
    path = f"{PLACE}/imports/{large}/lift"
    assert {new, old} == set(names)
    assert ada.send(path, reason=" ").status_code == 409
    assert len(held(house)) == sum(names.values())
    page = ada.send(path, reason="the wrong file").text
    assert f"{names[large]} suppressions are lifted" in page
    assert [one["customer_id"] for one in held(house)] == ["c03"]
    assert "0 suppressions are lifted" in ada.send(path, reason="again").text
    assert ada.send(f"{PLACE}/imports/20010101-00000000/lift", reason="x").status_code == 409


def test_one_suppression_is_lifted_with_a_reason_and_told_what_that_does(ada, house):
    confirmed(ada, FEW)
    (one,) = held(house)
    assert "may be written to again" in ada.read(PLACE)
    path = f"{PLACE}/{one['suppression_id']}/lift"
    assert ada.send(path).status_code == 409
    assert len(held(house)) == 1
    assert ada.send(path, reason="she asked").status_code == 303
    assert held(house) == []


def a_workbook():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as book:
        book.writestr("xl/workbook.xml", "<workbook/>")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "words", "chinese"),
    [
        (a_workbook(), "is a spreadsheet or a zip file", "这是电子表格或压缩文件"),
        (b"", "our list.csv is empty", "文件是空的"),
        (b"name,town\nEmma,Albany\n", "none of the columns customer_id, address", "customer_id"),
        (b"customer_id\n", "has no rows below its header", "没有数据"),
    ],
    ids=["zip", "empty", "columns", "rows"],
)
def test_a_file_that_is_none_is_an_error_under_the_name_it_was_sent_with(
    visit, content, words, chinese
):
    from care.domain.role import Role

    answer = bring(visit(Role.ADMIN), "check", content)
    assert answer.status_code == 422
    assert words in answer.text
    assert "/tmp" not in answer.text
    assert "note good" not in answer.text
    assert chinese in bring(visit(Role.ADMIN, language="zh-CN"), "check", content).text


def test_a_program_checks_and_brings_in_the_same_way(ada, house):
    api = f"/api{PLACE}"
    heads = {"X-Care-Seal": ada.seal()}

    def post(step, content, **data):
        files = {"file": ("list.csv", content, "text/csv")}
        return ada.client.post(f"{api}/{step}", files=files, data=data, headers=heads)

    told = post("check", FEW).json()
    assert (told["rows"]["new"], told["silenced"], told["alarming"]) == (1, 0, False)
    assert [one["row"] for one in told["rows"]["first_set_aside"]] == [3, 4]
    sha256 = told["rows"]["sha256"]
    assert post("import", ALL, sha256=sha256).status_code == 409
    assert post("import", FEW, sha256=sha256).json()["new"] == 1
    (brought,) = ada.client.get(f"{api}/imports").json()
    path = f"{api}/imports/{brought['import_id']}/lift"
    assert ada.client.post(path, json={}, headers=heads).status_code == 422
    assert ada.client.post(path, json={"reason": "a slip"}, headers=heads).json() == 1
    assert held(house) == []
    assert post("check", a_workbook()).status_code == 422


def test_codes_are_told_of_under_the_name_of_their_file(ada, house):
    gift = next(iter(house.policy.gifts.values())).model_copy(update={"codes": True})
    gifts = {"birthday_card": gift}
    object.__setattr__(house, "policy", house.policy.model_copy(update={"gifts": gifts}))
    place = "/library/gifts/birthday_card/codes"
    for content, words in ((b"nr\nA1\n", "no column"), (a_workbook(), "spreadsheet")):
        answer = ada.client.post(
            place,
            data={"seal": ada.seal()},
            files={"file": ("my codes.csv", content, "text/csv")},
        )
        assert words in answer.text
        assert "my codes.csv" in answer.text
        assert "/tmp" not in answer.text
        assert "--column" not in answer.text


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("list.csv", "list.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\mei\\名单.csv", "名单.csv"),
        ("a\x00b\u202e.csv", "ab.csv"),
        ("..", "file.csv"),
        (None, "file.csv"),
        ("x" * 300 + ".csv", "x" * (LONGEST_NAME - 4) + ".csv"),
    ],
)
def test_a_name_is_what_a_person_gave_and_no_path(sent, shown):
    assert name_of(sent) == shown
