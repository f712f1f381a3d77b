"""Made-up voucher codes for the demo's gifts that need them."""

import base64
import hashlib
from pathlib import Path

from care.gifting import import_codes
from care.runtime import Runtime

EACH = 300
SEED = 2017


def fill_pools(runtime: Runtime) -> str:
    """Write codes for each gift that needs some beside the shop, and bring them in.

    The same codes every time, so that a second run adds none. Returns a sentence that says what was
    made, or nothing where no gift needs codes.
    """
    needing = [name for name, gift in runtime.policy.gifts.items() if gift.codes]
    for name in needing:
        path = runtime.settings.sources.parent / f"codes-{name}.csv"
        _write(path, name)
        import_codes(runtime, name, path)
    if not needing:
        return ""
    return (
        f"Generated (seed {SEED}): {EACH:,} voucher codes each for {', '.join(needing)}, brought "
        "in as `care gifts import-codes` does. No till takes them."
    )


def _write(path: Path, gift_id: str) -> None:
    drawn = (hashlib.sha256(f"{SEED}|{gift_id}|{n}".encode()).digest() for n in range(EACH))
    codes = (base64.b32encode(one[:5]).decode() for one in drawn)
    path.write_text("code\n" + "".join(f"{code}\n" for code in codes), encoding="ascii")
