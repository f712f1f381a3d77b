"""What the house says in English is told to staff in Chinese: sentences as its source has them."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jinja2 import TemplateSyntaxError

import care
from care.console.fault import STATUS
from care.console.speech import Speech
from care.domain.campaigns import CAMPAIGNS
from care.rendering.environment import create_environment
from care.rendering.problem import Problem
from tests.builders import occasions
from tests.console.sentence import sentences_of

CARE = Path(care.__file__).parent
TEMPLATES = tuple(CARE / f"rendering/{name}.py" for name in ("lint", "phrase", "trial", "inlining"))
"""Say what is wrong with a template."""
TELLING = (
    *CARE.glob("desk/*.py"),
    *CARE.glob("domain/campaigns/[!_]*.py"),
    *(CARE / f"rendering/{name}.py" for name in ("composition", "guard", "renderer", "vocabulary")),
    *(CARE / f"domain/{name}.py" for name in ("arbitration", "campaign", "decision", "drift")),
    *(CARE / f"domain/{name}.py" for name in ("feed", "gift", "sampling", "trail", "volume")),
    *(CARE / f"domain/{name}.py" for name in ("exclusion", "occasion", "warning")),
    *(CARE / f"{name}.py" for name in ("evidence", "explanation")),
    *(CARE / f"{name}.py" for name in ("last_look", "release", "console/access")),
)
"""All that they say may be read on a page."""
REFUSING = (
    *(
        CARE / f"{name}.py"
        for name in ("consent", "suppression", "suppression_file", "gifting", "report")
    ),
    *(CARE / f"intake/{name}.py" for name in ("codes", "csvfile", "sheet")),
    CARE / "console/upload.py",
)
"""What they raise is shown on a page."""
SAID_ELSEWHERE = {
    "7 none": "only of gifts: gift none",
    "7 of 7 bodies do not open": "to the log",
    "oolong in a tin": "by no one: it is what a product may be called",
}


@pytest.fixture
def zh():
    return Speech("zh-CN", currency="USD", zone=ZoneInfo("America/New_York"))


def left_in_english(said):
    return re.search(r"\b[a-z]{2,}\b", re.sub("`[^`]*`", "", said))


def name_of(module):
    return str(module.relative_to(CARE))


@pytest.mark.parametrize("module", [*TEMPLATES, *TELLING, *REFUSING], ids=name_of)
def test_whatever_a_module_says_is_told_in_chinese(zh, module):
    def tell(sentence):
        if module in TEMPLATES or module.parts[-2:] == ("desk", "wording.py"):
            return zh.problem(Problem("7", 7, sentence, "7"))
        return zh.told(sentence)

    said = sentences_of(module, raised=module in REFUSING) - set(SAID_ELSEWHERE)
    assert [one for one in sorted(said) if left_in_english(tell(one))] == []


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_the_occasion_of_every_campaign_is_told_in_chinese(zh, name):
    for told in occasions(CAMPAIGNS[name]):
        said = zh.told(CAMPAIGNS[name].why_now(told))
        assert re.search(r"[\u4e00-\u9fff]", said), said
        names = "double-eleven", "oolong in a tin"
        assert not left_in_english(re.sub("|".join(names), "", said)), said


def test_every_module_that_refuses_something_is_read_here():
    refusals = "|".join(["Problem", *(kind.__name__ for kind in STATUS)])
    makes_one = re.compile(rf"\b(?:{refusals})\(")
    there = {one for one in CARE.rglob("*.py") if makes_one.search(one.read_text("utf-8"))}
    assert len(there) > 15
    assert there - {*TEMPLATES, *TELLING, *REFUSING} == set()


@pytest.mark.parametrize(
    ("template", "chinese"),
    [
        (
            "{% if name %}",
            "模板没有写完：此处应有 `elif` 或 `else` 或 `endif`，最里层没有结束的是 `if`",
        ),
        ("{% iff name %}", "这里不能有标签 `iff`"),
        ("{% for p in x %}{% endif %}", "这里不能有标签 `endif`：此处应有 `endfor` 或 `else`"),
        ("{% if a %}{% for b in c %}{% endif %}", "嵌套的次序可能有误，此处应先有"),
        ("{{ name", "模板没有写完，还缺“`}}`”"),
        ("{% if a = b %}", "此处应为“`%}`”，却是“=”"),
        ("{{ }}", "此处应写变量或表达式，却是“`}}`”"),
        ("{{ name name }}", "此处应为“`}}`”，却是“name”"),
        ("{{ 'a }}", "此处不能有字符“'”"),
        ("{{ a) }}", "此处不该有“)”"),
        ("{{ (a] }}", "此处应为“)”，却是“]”"),
        ("{{ a. }}", "点号之后应写名称或数字"),
        ("{% %}", "`{%` 之后缺标签的名称"),
        ("{# a", "注释没有结束"),
        ("{% raw %}x", "`raw` 没有结束"),
        ("{{ name | shout }}", "没有 `shout` 这个过滤器"),
        ("{{ name is loud }}", "没有 `loud` 这个判断"),
    ],
)
def test_what_jinja_does_not_understand_is_told_in_chinese(zh, tmp_path, template, chinese):
    with pytest.raises(TemplateSyntaxError) as told:
        create_environment(tmp_path, inline_css=False).compile(template)
    said = zh.problem(Problem("sms.txt", 3, str(told.value.message), "mend the Jinja tag"))
    assert said.startswith("sms.txt 第 3 行：")
    assert chinese in said
    assert said.endswith("。请更正这个 Jinja 标签。")
    assert not left_in_english(said.removeprefix("sms.txt").replace("“name”", ""))


def test_a_problem_that_no_catalogue_knows_keeps_its_words_in_a_chinese_frame(zh):
    problem = Problem("email.html", 2, "cannot use extend from a non top-level scope", "mend it")
    told = "email.html 第 2 行：cannot use extend from a non top-level scope。请更正。"
    assert zh.problem(problem) == told
