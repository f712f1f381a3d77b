"""Takes the pictures of the console from a home in which the demo has run.

    python docs/console_pictures.py [HOME]

Needs Chromium. Nothing is decided: a copy of the home is looked at, on the morning after the last
night of the demo, and somebody's name is asked for there, so that there is something to see of it.
"""

import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path

import uvicorn
from pictures import LARGEST, PICTURES, UnableToTakePicture
from playwright.sync_api import BrowserContext, sync_playwright

from care.console.alone import HOST, Turnstile, build_alone
from care.desk.touch import reveal, touches
from care.domain.role import Role
from care.runtime import Runtime, open_runtime
from care.storage import nights
from care.storage.database import reading

WIDTH, HEIGHT = 1280, 860
MORNING = time(9)


def main(home: Path) -> None:
    """Take all pictures."""
    with tempfile.TemporaryDirectory(prefix="nightcare-pictures-") as folder:
        take(Path(shutil.copytree(home, Path(folder) / "home")))


def take(home: Path) -> None:
    """Take all pictures, in a home that nobody needs afterwards."""
    runtime = open_runtime(home=home)
    with reading(runtime.engine) as connection:
        night = nights.latest_night(connection)
    if night is None:
        raise UnableToTakePicture("no night was planned in this home; run `care demo` there first")
    campaign = f"nights/{night}/birthday"
    pages = {
        "tonight": "",
        "campaign": campaign,
        "messages": f"{campaign}/messages",
        "message": f"{campaign}/messages/{with_gift(runtime, night)}",
        "changes": f"{campaign}/changes",
        "wording": f"{campaign}/wording/email/en",
        "customer": "customers/105",
        "pictures": "pictures",
        "library": "library/templates/birthday/email/en",
        "policy": "library/policy",
        "gifts": "library/gifts",
        "suppressions": "library/suppressions",
        "calibration": "pictures/calibration",
        "audit": "audit?check=true",
        "staff": "audit/customers",
        "manual": "manual",
    }
    now = datetime.combine(night, MORNING, runtime.policy.shop.zone)
    reveal(runtime, ["105"], actor="mei", reason="calls about a parcel", now=now)
    with _served(runtime, now) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        day = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, locale="en")
        day.new_page().goto(address)
        state = day.storage_state()
        root = address.partition("enter")[0]
        for name, path in pages.items():
            _shoot(day, root + path, f"console-{name}")
        evening = browser.new_context(
            viewport={"width": 900, "height": HEIGHT},
            locale="zh-CN",
            color_scheme="dark",
            storage_state=state,
        )
        _shoot(evening, root, "console-tonight-zh-CN")
        browser.close()


def with_gift(runtime: Runtime, night: date) -> str:
    """The first birthday message of a night that carries a gift."""
    rows = touches(runtime, night, "birthday").rows
    return next(one.message_id for one in rows if one.gift_id)


def _shoot(context: BrowserContext, address: str, name: str) -> None:
    page = context.new_page()
    page.goto(address, wait_until="networkidle")
    picture = PICTURES / f"{name}.png"
    page.screenshot(path=picture)
    page.close()
    if (size := picture.stat().st_size) > LARGEST:
        raise UnableToTakePicture(f"{picture.name} has {size:,} bytes, more than {LARGEST:,}")
    print(f"{picture.name}: {size:,} bytes")


@contextmanager
def _served(runtime: Runtime, now: datetime) -> Iterator[str]:
    turnstile = Turnstile(name="mei", role=Role.REVIEWER)
    app = build_alone(lambda: runtime, turnstile, clock=lambda: now)
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        running = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        running.start()
        yield f"http://{HOST}:{listener.getsockname()[1]}/enter?token={turnstile.token}"
        server.should_exit = True
        running.join()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "var"))
