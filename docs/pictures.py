"""Takes the pictures of the README from a home in which the demo has run.

    python docs/pictures.py [HOME]

Needs Chromium. The terminal is drawn from what the demo prints of its nights. The e-mails are
among those it wrote: for each language the birthday letter with a gift to the highest tier.
"""

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from care import desk, report
from care.desk import Sample
from care.runtime import Runtime, open_runtime
from care.terminal import screen
from care.terminal.night import print_night, print_nights

PICTURES = Path(__file__).parent / "pictures"
COLUMNS = 120
TERMINAL_WIDTH, EMAIL_WIDTH = 1160, 640
TERMINAL_SCALE, EMAIL_SCALE = 1.0, 1.5
LARGEST = 400_000
"""Bytes of a picture, so that the README loads quickly."""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
)
SVG_STYLE = f"""
<style>
  body {{ margin: 0; }}
  svg {{ display: block; width: {TERMINAL_WIDTH}px; height: auto; }}
</style>
"""


class UnableToTakePicture(Exception):
    """A picture cannot be taken; the message says what is lacking."""


def main(home: Path) -> None:
    """Take all pictures."""
    runtime = open_runtime(home=home)
    PICTURES.mkdir(exist_ok=True)
    terminal_page = f"{SVG_STYLE}{night_as_svg(runtime)}"
    shoot(terminal_page, PICTURES / "night.png", width=TERMINAL_WIDTH, scale=TERMINAL_SCALE)
    for locale in runtime.policy.shop.locales:
        letter = best_email(runtime, locale)
        html = str(letter.content["html"])
        shoot(html, PICTURES / f"email-{locale}.png", width=EMAIL_WIDTH, scale=EMAIL_SCALE)
        print(f"  {locale}: {letter.tier}, {letter.gift_id}, {letter.content['subject']}")


def night_as_svg(runtime: Runtime) -> str:
    """What the demo prints of its last night and of its nights side by side."""
    found = report.last_report(runtime)
    if found is None:
        raise UnableToTakePicture("no night was planned in this home; run `care demo` there first")
    nights = sorted({one.night for one in desk.list_campaigns(runtime)})
    console = screen.console
    console.record, console.file, console.width = True, io.StringIO(), COLUMNS
    print_night(found)
    console.print()
    print_nights([report.night_report(runtime, night) for night in nights[-3:]])
    return console.export_svg(title="care demo")


def best_email(runtime: Runtime, locale: str) -> Sample:
    """The birthday e-mail that has most to show: a gift, the highest tier, the longest text."""
    steps = runtime.policy.tier_order
    found = [
        sample
        for one in desk.list_campaigns(runtime)
        if one.campaign == "birthday"
        for sample in desk.show(runtime, one.night, one.campaign, samples=10_000)[1]
        if sample.channel == "email" and sample.locale == locale and sample.gift_id
    ]
    if not found:
        raise UnableToTakePicture(f"no e-mail in {locale} has a gift; run the demo for more nights")
    return max(found, key=lambda one: (steps[one.tier], len(str(one.content["text"]))))


def shoot(html: str, picture: Path, *, width: int, scale: float) -> None:
    """Draw a page as high as it is, and keep it as a PNG."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(html, "utf-8")
        height = _height_of(page, width)
        _chromium(
            f"--screenshot={picture}",
            f"--window-size={width},{height}",
            f"--force-device-scale-factor={scale}",
            page.as_uri(),
        )
    if (size := picture.stat().st_size) > LARGEST:
        raise UnableToTakePicture(f"{picture.name} has {size:,} bytes, more than {LARGEST:,}")
    print(f"{picture.name}: {width} x {height}, {size:,} bytes")


def _height_of(page: Path, width: int) -> int:
    """Ask the browser, which writes it into the page's title."""
    asking = page.with_name("asking.html")
    script = "<script>document.title = document.documentElement.offsetHeight</script>"
    asking.write_text(page.read_text("utf-8") + script, "utf-8")
    dom = _chromium("--dump-dom", f"--window-size={width},100", asking.as_uri())
    return int(dom.split("<title>")[1].split("</title>")[0])


def _chromium(*arguments: str) -> str:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise UnableToTakePicture("there is no Chromium; apt-get install chromium")
    with tempfile.TemporaryDirectory() as profile:
        command = [program, *FLAGS, f"--user-data-dir={profile}", *arguments]
        done = subprocess.run(  # noqa: S603  (the arguments are our own)
            command, capture_output=True, text=True, timeout=120, check=False
        )
    if done.returncode != 0:
        raise UnableToTakePicture(f"Chromium failed: {done.stderr[-400:]}")
    return done.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "var"))
