"""`care gifts`: how they stand, and the codes that a person brings in."""

import csv
import json

import pytest

GIFT = "coffee_voucher"


@pytest.fixture
def bring(care, home, tmp_path):
    """Bring a file of codes in; what the command said, in numbers."""

    def run(text, *words, gift=GIFT, encoding="utf-8"):
        path = tmp_path / "codes.csv"
        path.write_text(text, encoding=encoding)
        return care("gifts", "import-codes", gift, path, "--home", home, *words)

    return run


def numbers(said):
    assert said.code == 0, said.err
    return json.loads(said.out)


def gift(care, home, name=GIFT):
    found = numbers(care("gifts", "status", "--json", "--home", home))
    return next(one for one in found["gifts"] if one["gift_id"] == name)


def test_codes_are_brought_in_once_however_often_the_file_comes(care, home, bring):
    text = "code\nAAA-1\nAAA-2\n\nAAA-3\n"
    assert bring(text).out == f"{GIFT}: 3 rows, 3 codes added, 0 there already, 0 set aside\n"
    assert bring(text).out == f"{GIFT}: 3 rows, 0 codes added, 3 there already, 0 set aside\n"
    assert numbers(bring(text + "AAA-4\n", "--json")) == {
        "read": 4, "added": 1, "known": 3, "set_aside": {}, "listed": None
    }  # fmt: skip
    assert gift(care, home)["free"] == gift(care, home)["left"] == 4


def test_every_row_is_added_known_or_set_aside_with_its_reason(home, bring):
    bring("code\nold\n")
    rows = [
        "new,1",  # 1
        "old,2",
        "new,3",  # 3: twice in the file
        ",4",  # 4: no code
        "has blank,5",  # 5
        "x" * 41 + ",6",  # 6: longer than a letter carries
        "一张,7",  # 7
        "torn",  # 8
        '"quo""te",9',
    ]
    found = numbers(bring("code,batch\n" + "\n".join(rows) + "\n", "--json"))
    listed = found.pop("listed")
    assert found == {
        "read": 9,
        "added": 2,
        "known": 1,
        "set_aside": {"bad_code": 3, "duplicate_code": 1, "missing_code": 1, "torn_row": 1},
    }
    with open(listed, encoding="utf-8") as file:
        told = {int(row["row"]): row["reason"] for row in csv.DictReader(file)}
    assert told == {
        3: "duplicate_code", 4: "missing_code", 5: "bad_code", 6: "bad_code", 7: "bad_code",
        8: "torn_row",
    }  # fmt: skip
    assert str(home) in listed


@pytest.mark.parametrize(
    ("text", "words", "encoding"),
    [
        ("Gutschein;Nr\nAAA;1\nBBB;2\n", ["--column", "Gutschein"], "utf-8"),
        ("兑换码,批次\nAAA,一\nBBB,二\n", ["--column", "兑换码"], "gb18030"),
        ("\ufeffcode\r\nAAA\r\nBBB\r\n", [], "utf-8"),
    ],
)
def test_a_file_may_be_written_as_people_write_them(bring, text, words, encoding):
    assert numbers(bring(text, *words, "--json", encoding=encoding))["added"] == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("AAA\nBBB\n", "has no column 'code' in its first line. Put the word code above"),
        ("", "is empty. Deliver it with a header"),
    ],
)
def test_a_file_without_a_header_is_refused_with_the_remedy(bring, text, told):
    said = bring(text)
    assert said.code == 1
    assert told in said.words


def test_a_file_that_is_not_there_is_named(care, home, tmp_path):
    said = care("gifts", "import-codes", GIFT, tmp_path / "no.csv", "--home", home)
    assert said.code == 1
    assert "no.csv: No such file or directory" in said.words


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("rose_tea", "gifts.rose_tea needs no codes; those that do are coffee_voucher. Write"),
        ("pen", "the policy has no gift 'pen' that needs codes; those that do are coffee_voucher"),
    ],
)
def test_a_gift_that_takes_no_codes_is_refused(bring, name, told):
    said = bring("code\nAAA\n", gift=name)
    assert said.code == 4
    assert told in said.words


def test_status_tells_gifts_and_budgets(care, home, bring):
    bring("code\nAAA\n")
    said = care("gifts", "status", "--home", home)
    assert said.code == 0
    assert "coffee_voucher" in said.out
    assert "1, low" in said.out
    assert "always enough" in said.out
    assert "Gifts of 2017-11-14: $" in said.out
    assert "of $400.00" in said.out
    assert "Gifts of 2017-11: $" in said.out


def test_no_code_is_ever_printed(care, home, bring):
    said = bring("code\nSECRET-1\nSECRET-1\n")
    status = care("gifts", "status", "--json", "--home", home)
    assert "SECRET" not in said.out + said.err + status.out
