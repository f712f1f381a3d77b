"""The way in where the console is alone: an address that lets in once."""

import pytest

from care.console.alone import COOKIE


def test_an_address_lets_in_once(mei):
    again = mei.client.get("/enter", params={"token": mei.turnstile.token})
    assert again.status_code == 401
    assert "used before" in again.text


@pytest.mark.parametrize("token", ["", "wrong", "ü"])
def test_a_wrong_address_lets_nobody_in_and_spends_nothing(visit, token):
    came = visit()
    came.turnstile._used = False
    assert came.client.get("/enter", params={"token": token}).status_code == 401
    assert came.client.get("/enter", params={"token": came.turnstile.token}).status_code == 303


def test_the_session_is_kept_from_scripts_and_other_sites(visit):
    came = visit()
    came.turnstile._used = False
    kept = came.client.get("/enter", params={"token": came.turnstile.token}).headers["set-cookie"]
    assert kept.startswith(f"{COOKIE}=")
    assert "HttpOnly" in kept
    assert "SameSite=lax" in kept
    assert came.turnstile.token not in kept


def test_whoever_leaves_stays_out(mei):
    kept = mei.client.cookies[COOKIE]
    assert mei.send("/leave").status_code == 200
    mei.client.cookies.set(COOKIE, kept)
    assert mei.client.get("/").status_code == 401


def test_a_name_that_points_here_from_elsewhere_reaches_nothing(mei):
    answer = mei.client.get("/", headers={"Host": "care.attacker.example"})
    assert answer.status_code == 400


def test_a_token_in_the_head_is_the_session_and_needs_no_seal(mei):
    session = mei.client.cookies[COOKIE]
    mei.client.cookies.clear()
    heads = {"Authorization": f"Bearer {session}"}
    assert mei.client.get("/api/nights", headers=heads).status_code == 200
    answer = mei.client.post("/language", data={"language": "en"}, headers=heads)
    assert answer.status_code == 303


@pytest.mark.parametrize("scheme", ["Bearer wrong", "Basic bWVpOm0="])
def test_another_head_makes_no_cookie_free_of_its_seal(mei, scheme):
    answer = mei.client.post(
        "/language", data={"language": "en"}, headers={"Authorization": scheme}
    )
    assert answer.status_code in (401, 403)
