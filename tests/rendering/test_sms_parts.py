"""Parts of a short message, against cases counted by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.domain.sms import (
    OPT_OUT,
    Encoding,
    costly,
    encoding_of,
    measure,
    parts,
    plain,
    signed,
    units,
    with_opt_out,
)

GSM, UCS = Encoding.GSM_7, Encoding.UCS_2
COUNTED = [
    ("", GSM, 0, 1),
    ("a" * 160, GSM, 160, 1),
    ("a" * 161, GSM, 161, 2),
    ("a" * 306, GSM, 306, 2),
    ("a" * 307, GSM, 307, 3),
    ("é" * 160, GSM, 160, 1),
    ("€" * 80, GSM, 160, 1),
    ("€" * 81, GSM, 162, 2),
    ("a" * 152 + "€" + "a" * 152, GSM, 306, 3),
    ("{}[]~^|\\", GSM, 16, 1),
    ("王" * 70, UCS, 70, 1),
    ("王" * 71, UCS, 71, 2),
    ("王" * 134, UCS, 134, 2),
    ("王" * 135, UCS, 135, 3),
    ("🎂" * 35, UCS, 70, 1),
    ("🎂" * 36, UCS, 72, 2),
    ("a" * 69 + "’", UCS, 70, 1),
    ("a" * 70 + "’", UCS, 71, 2),
    ("王" * 66 + "🎂" + "王" * 66, UCS, 134, 3),
    ("a`b", UCS, 3, 1),
    ("ç", UCS, 1, 1),
]


@pytest.mark.parametrize(("text", "encoding", "length", "count"), COUNTED, ids=range(len(COUNTED)))
def test_a_message_is_counted_as_an_operator_counts_it(
    text: str, encoding: Encoding, length: int, count: int
) -> None:
    assert encoding_of(text) is encoding
    assert units(text) == length
    assert measure(text) == (encoding, count)
    assert len(parts(text)) == count


@settings(derandomize=True, deadline=None)
@given(text=st.text(st.sampled_from("aZ €{王🎂’"), max_size=400))
def test_parts_fit_and_lose_nothing(text: str) -> None:
    cut = parts(text)
    encoding, count = measure(text)
    assert "".join(cut) == text
    assert len(cut) == count
    limit = {(GSM, True): 160, (GSM, False): 153, (UCS, True): 70, (UCS, False): 67}
    for part in cut:
        doubles = sum(c > "\uffff" if encoding is UCS else c in "€{" for c in part)
        assert len(part) + doubles <= limit[encoding, count == 1]


def test_typographic_characters_have_a_plain_form() -> None:
    assert plain("“It’s” – now…") == '"It\'s" - now...'
    assert encoding_of(plain("“It’s” – now…")) is GSM
    assert plain("生日快乐") == "生日快乐"


def test_what_forces_ucs_2_is_pointed_out() -> None:
    assert list(costly("It’s 王")) == [(2, "’", "'"), (5, "王", None)]
    assert list(costly("It's £5 {ok}")) == []


def test_each_locale_signs_and_opts_out_in_its_own_way() -> None:
    chinese = with_opt_out("生日快乐！", opt_out=OPT_OUT["zh-CN"], locale="zh-CN")
    assert signed(chinese, signature="青禾集", locale="zh-CN") == "【青禾集】生日快乐！拒收请回复R"
    english = with_opt_out("Hello!", opt_out=OPT_OUT["en"], locale="en")
    assert signed(english, signature="Vale", locale="en") == "Vale: Hello! Reply STOP to opt out"
