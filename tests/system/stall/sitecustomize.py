"""Hold a task in the middle of its work, so that a test can kill it there.

Every Python process whose PYTHONPATH names this folder runs this file as it starts. It changes
nothing until a file named after one of the places lies in the folder STALLS: then whoever comes
through that place first takes the file, writes its process id into it, and waits to be killed.
"""

import os
import sys
import time
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.util import find_spec
from pathlib import Path

# Each is held when the function has done its part: within the open transaction that plans, within
# the one that writes messages, and when a batch is out but the ledger does not know it yet.
PLACES = {
    "care.storage.nights": "save_plan",
    "care.storage.messages": "save_messages",
    "care.gateways.file_drop.publication": "publish",
}
PATIENCE_SECONDS = 120


def held(place):
    @wraps(place)
    def hold(*args, **told):
        done = place(*args, **told)
        armed = Path(os.environ["STALLS"], place.__name__)
        taken = armed.with_suffix(f".{os.getpid()}")
        try:
            armed.rename(taken)
        except FileNotFoundError:
            return done
        time.sleep(PATIENCE_SECONDS)
        raise TimeoutError(f"nobody killed {taken.name}")

    return hold


class Holding(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name not in PLACES:
            return None
        sys.meta_path.remove(self)  # so that the others are asked
        try:
            spec = find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            setattr(module, PLACES[name], held(getattr(module, PLACES[name])))

        spec.loader.exec_module = exec_module
        return spec


if "STALLS" in os.environ:
    sys.meta_path.insert(0, Holding())
