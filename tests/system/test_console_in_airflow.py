"""The console inside a real Airflow: its login, its menu, and a role of the desk for each user."""

import json

import pytest
from playwright.sync_api import expect

from care.storage import reviews
from care.storage.database import reading
from tests.system.browser import barriers, chromium, watch
from tests.system.patience import wait_for
from tests.system.rest import Rest
from tests.system.stack import Airflow
from tests.workflows.builders import KEY, NIGHT, a_house, run_night

pytestmark = [pytest.mark.slow, pytest.mark.system, pytest.mark.timeout(600)]

USERS = {"vera": "viewer", "mei": "viewer", "ada": "admin", "olga": "op"}
"""Mei is a viewer of Airflow, and a reviewer at the desk all the same."""
ROLES = {"role:viewer": "viewer", "role:admin": "admin", "user:mei": "reviewer"}


@pytest.fixture(scope="module")
def house(home):
    runtime = a_house(home)
    run_night(runtime)
    return runtime


@pytest.fixture(scope="module")
def airflow(home, house, keep):
    airflow = keep(Airflow(home))
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps({name: f"{name}-secret" for name in USERS}))
    airflow.environment |= {
        "CARE_MASTER_KEY": KEY,
        "CARE_GATEWAY_SECRET": KEY,
        "CARE_CONSOLE_ROLES": json.dumps(ROLES),
        "AIRFLOW_CONN_CARE_DB": f"sqlite:///{home / 'care.sqlite'}",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "no-dags"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
            f"{name}:{role}" for name, role in USERS.items()
        ),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(airflow.port),
        "AIRFLOW__API__BASE_URL": airflow.url,
    }
    airflow.command("db", "migrate")
    airflow.begin("api-server")
    wait_for(lambda: airflow.refuse_dead() or airflow.health(), airflow.tails)
    return airflow


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture
def sign_in(airflow, browser):
    """Airflow's own login, met on the way to the console."""
    contexts = []

    def come_in(name, path=""):
        context = browser.new_context(locale="en")
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{airflow.url}/care/{path}")
        page.locator("input[name=username]").fill(name)
        page.locator("input[name=password]").fill(f"{name}-secret")
        page.locator("button[type=submit]").click()
        page.wait_for_url(f"{airflow.url}/care/{path}")
        return page

    yield come_in
    for context in contexts:
        context.close()


def state_of(house, campaign):
    with reading(house.engine) as connection:
        return str(reviews.find_campaign(connection, NIGHT, campaign).state)


def test_a_viewer_looks_and_finds_nothing_to_press(airflow, sign_in):
    page = sign_in("vera")
    page.goto(f"{airflow.url}/care/nights/{NIGHT}/birthday")
    expect(page.locator(".who")).to_contain_text("vera · may look")
    expect(page.locator("body")).to_contain_text("Deciding needs a reviewer")
    expect(page.get_by_role("button", name="Approve these messages")).to_have_count(0)


def test_a_reviewer_approves_in_the_frame_of_airflows_own_page(airflow, sign_in, house):
    page = sign_in("mei")
    wrong = watch(page)
    page.goto(f"{airflow.url}/plugin/care")
    frame = page.frame_locator("iframe")
    expect(frame.locator("h1")).to_contain_text("2017", timeout=30_000)
    frame.get_by_role("link", name="Membership anniversary").click()
    frame.get_by_role("button", name="Approve these messages").click()
    expect(frame.locator(".state.big")).to_have_text("approved")
    assert state_of(house, "membership_anniversary") == "approved"
    letter = frame.frame_locator("iframe").first
    expect(letter.locator("body")).not_to_be_empty()
    assert [one for one in wrong if "/care/" in one] == []


def test_what_the_shell_shows_again_after_a_change_is_a_page(airflow, sign_in):
    page = sign_in("mei")
    page.goto(f"{airflow.url}/care/nights/{NIGHT}/birthday/decide")
    expect(page.locator("h1")).to_have_text("Birthday")
    assert barriers(page) == []


def test_whoever_has_no_role_at_the_desk_stays_out(airflow, sign_in):
    page = sign_in("olga")
    page.goto(f"{airflow.url}/care/")
    expect(page.locator("h1")).to_have_text("You cannot come in")
    expect(page.locator("body")).to_contain_text("no role at this desk")


def test_a_program_shows_airflows_token(airflow, house):
    mei = Rest(airflow.url, user="mei", password="mei-secret")
    path = f"/care/api/nights/{NIGHT}/campaigns/replenishment"
    seen = mei.call("GET", path)["stands"]["content_hash"]
    held = mei.call("POST", f"{path}/decide", {"verdict": "hold", "reason": "wait", "seen": seen})
    assert held["state"] == "held"
    assert state_of(house, "replenishment") == "held"
