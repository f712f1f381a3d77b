"""The console alone, as on a laptop: a browser, from the night to a sealed batch."""

import os
import re
import subprocess
import sys
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from care import desk
from care.domain.decision import Verdict
from tests.system.browser import barriers, chromium, watch
from tests.workflows.builders import NIGHT, a_house, at, release_at, run_night

pytestmark = [pytest.mark.slow, pytest.mark.system, pytest.mark.timeout(600)]

CAMPAIGN = f"nights/{NIGHT}/birthday"
PAGES = (
    "",
    CAMPAIGN,
    f"{CAMPAIGN}/messages",
    f"{CAMPAIGN}/changes",
    f"{CAMPAIGN}/wording/email/en",
    f"{CAMPAIGN}/wording/sms/zh-CN",
    "customers",
    "customers/c01",
    "pictures",
    "pictures/touches",
    "library",
    "library/templates/birthday/email/en",
    "library/policy",
    "library/gifts",
    "library/suppressions",
    "audit?check=true",
    "manual",
)


@pytest.fixture(scope="module")
def house(home):
    runtime = a_house(home)
    run_night(runtime)
    return runtime


@pytest.fixture(scope="module")
def open_address(house, home):
    """`care console` as a process of its own; the address that it prints."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CARE_")}
    settings = {
        "CARE_POLICY_PATH": str(house.settings.policy_path),
        "CARE_MASTER_KEY": house.settings.master_key.get_secret_value(),
        "CARE_DATABASE_URL": house.settings.ledger_url,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", "from care.cli import main; main()", "console", "--port", "0",
         "--home", str(home), "--as", "mei", "--now", at("06:00").isoformat()],
        env=plain | settings | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        for line in process.stdout:
            if found := re.search(r"http://\S+", line):
                yield found[0]
                break
        else:
            pytest.fail("it printed no address")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def session(browser, open_address):
    """Mei came in once; every page of hers has her cookie."""
    context = browser.new_context(locale="en")
    page = context.new_page()
    page.goto(open_address)
    expect(page.locator("h1")).to_contain_text("2017")
    yield context.storage_state(), page.url
    context.close()


@pytest.fixture
def page(browser, session, request):
    """A page in the language and the light that a test names."""
    state, _ = session
    wanted = getattr(request, "param", {})
    context = browser.new_context(storage_state=state, **({"locale": "en"} | wanted))
    found = context.new_page()
    wrong = watch(found)
    yield found
    context.close()
    assert wrong == []


@pytest.mark.parametrize(
    "page",
    [
        {"locale": "en", "color_scheme": "light"},
        {"locale": "zh-CN", "color_scheme": "dark", "viewport": {"width": 820, "height": 1100}},
        {"locale": "zh-CN", "viewport": {"width": 390, "height": 844}},
        {"locale": "en", "viewport": {"width": 320, "height": 640}},
    ],
    ids=["english in daylight", "chinese on a tablet at night", "chinese on a phone", "english"],
    indirect=True,
)
@pytest.mark.parametrize("path", PAGES)
def test_nothing_on_a_page_keeps_anybody_out(page, session, path):
    page.goto(session[1] + path)
    assert barriers(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, "it is wider than the window"


@pytest.mark.parametrize("page", [{"viewport": {"width": 820, "height": 1100}}], indirect=True)
def test_on_a_tablet_the_decision_is_met_before_the_messages(page, session):
    page.goto(session[1] + CAMPAIGN)
    approve = page.get_by_role("button", name="Approve these messages").bounding_box()
    assert approve["y"] < 1100
    assert approve["y"] < page.locator(".message").first.bounding_box()["y"]
    page.locator("#main").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('[aria-label=Decide]')")


@pytest.mark.parametrize(
    "page", [{"locale": "zh-CN", "viewport": {"width": 390, "height": 844}}], indirect=True
)
def test_on_a_phone_no_column_is_one_character_wide(page, session):
    page.goto(session[1])
    widths = page.evaluate("[...document.querySelectorAll('tbody th')].map(one => one.offsetWidth)")
    assert min(widths) > 100


def test_a_letter_in_focus_has_a_ring(page, session):
    page.goto(session[1] + CAMPAIGN)
    frame = page.locator("iframe").first
    frame.focus()
    assert "solid" in frame.evaluate("one => getComputedStyle(one.parentElement).outline")


def test_a_letter_is_shown_as_it_is_and_can_run_nothing(page, session):
    page.goto(session[1] + CAMPAIGN)
    frame = page.locator("iframe").first
    assert frame.get_attribute("sandbox") == ""
    letter = page.frame_locator("iframe").first
    expect(letter.locator("body")).to_contain_text(re.compile("Corner Shop|街角小店"))
    page.get_by_role("button", name="Phone").first.click()
    expect(page.locator("[data-width]").first).to_have_attribute("data-width", "phone")


def test_everything_can_be_done_with_the_keyboard(page, session):
    page.goto(session[1] + CAMPAIGN)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.locator("summary", has_text="Hold").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#reason-hold")).to_be_visible()


def test_from_the_night_to_a_sealed_batch(page, session, house):
    page.goto(session[1])
    page.get_by_role("link", name="Membership anniversary").click()
    expect(page.locator(".state.big")).to_have_text("waiting")
    page.locator("#reason-approve").fill("looks right")
    page.get_by_role("button", name="Approve these messages").click()
    expect(page.locator(".state.big")).to_have_text("approved")
    expect(page.get_by_role("status")).to_contain_text("Approved.")
    expect(page.locator(".trail")).to_contain_text("by mei")
    release_at(house, "06:30")
    page.reload()
    expect(page.locator(".state.big")).to_contain_text("on its way")
    expect(page.locator("summary", has_text="Hold")).to_have_count(0)


def test_two_people_at_once_and_a_decision_taken_back(page, session, house):
    page.goto(session[1] + f"nights/{NIGHT}/replenishment")
    desk.decide(
        house,
        NIGHT,
        "replenishment",
        Verdict.HOLD,
        actor="jo",
        reason="wait for me",
        now=at("06:00") + timedelta(minutes=5),
    )
    page.get_by_role("button", name="Approve these messages").click()
    expect(page.get_by_role("alert")).to_contain_text("somebody else was quicker")
    page.get_by_role("button", name="Approve these messages").click()
    expect(page.locator(".state.big")).to_have_text("approved")
    expect(page.locator(".trail")).to_contain_text("by jo")
    page.locator("summary", has_text="Take back").click()
    page.locator("#reason-undo").fill("jo wants to wait")
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator(".state.big")).to_have_text("held")


def test_words_are_tried_as_they_are_typed_and_used_tonight(page, session):
    page.goto(session[1] + f"{CAMPAIGN}/wording/sms/en")
    text = page.locator("#part-txt")
    was = text.input_value()
    text.fill(was + " {{ nonsense }}")
    expect(page.locator("#tried .note.bad")).to_contain_text("nonsense")
    text.fill(was.rstrip("\n") + " Warmly.\n")
    expect(page.locator("#tried .bubble").first).to_contain_text("Warmly.")
    page.locator("#wording-reason").fill("warmer")
    page.get_by_role("button", name="Use this wording tonight").click()
    expect(page.locator(".trail")).to_contain_text("Changed the wording")
    expect(page.locator(".state.big")).to_have_text("waiting")


def test_a_name_is_shown_to_who_says_why(page, session):
    page.goto(session[1] + f"{CAMPAIGN}/messages")
    page.locator("tbody th a").first.click()
    hidden = page.locator(".message").inner_text()
    assert "Carter" not in hidden
    assert "王" not in hidden
    page.locator("summary", has_text="Show who this is").click()
    page.locator("#reveal-reason").fill("she called")
    page.get_by_role("button", name="Show names").click()
    page.wait_for_url("**grant=**")
    expect(page.locator("summary", has_text="Show who this is")).to_have_count(0)
    assert page.locator(".message").inner_text() != hidden


def test_a_visitor_reads_chinese_when_she_wants_to(page, session):
    page.goto(session[1])
    page.get_by_role("button", name="中文").click()
    expect(page.locator("nav.nav")).to_contain_text("今晚")
    assert page.locator("html").get_attribute("lang") == "zh-CN"


def test_an_email_is_shown_as_it_is_written(page, session):
    page.goto(session[1] + f"{CAMPAIGN}/wording/email/en")
    letter = page.frame_locator("iframe[name=draft]")
    expect(letter.locator("body")).to_contain_text("Corner Shop")
    text = page.locator("#part-html")
    was = text.input_value()
    text.fill(was.replace("{% block letter %}", "{% block letter %}<p>Newly written.</p>", 1))
    expect(letter.locator("body")).to_contain_text("Newly written.", timeout=20_000)
    expect(text).to_be_visible()


def test_a_file_that_was_checked_stays_chosen_until_somebody_confirms(page, session, tmp_path):
    file = tmp_path / "our list.csv"
    file.write_text("customer_id,channel\nc09,sms\nnobody,\n")
    place = f"{session[1]}library/suppressions"
    page.goto(place)
    page.locator("summary", has_text="Bring in a file").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("h1")).to_have_text("What our list.csv would do")
    assert barriers(page) == []
    for link in page.get_by_role("navigation").get_by_role("link").all():
        assert page.request.get(link.evaluate("one => one.href")).ok
    page.get_by_role("button", name="Bring in 1 suppression").click()
    expect(page.locator(".note.good")).to_contain_text("new: 1")
    page.locator("summary", has_text="Files that were brought in").click()
    page.locator("summary", has_text="Lift all of it").click()
    page.locator("#imports input[name=reason]").fill("the wrong list")
    page.get_by_role("button", name="Lift 1 suppression").click()
    expect(page.locator(".note.good")).to_have_text("1 suppression is lifted.")
    file.write_bytes(b"PK\x03\x04 a workbook")
    page.goto(place)
    page.locator("summary", has_text="Bring in a file").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator(".note.bad")).to_contain_text("our list.csv is a spreadsheet")
