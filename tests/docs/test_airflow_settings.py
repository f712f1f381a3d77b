"""``airflow.cfg.example``: Airflow understands every line of it, and the page's commands work."""

import configparser
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT, blocks_of

EXAMPLE = ROOT / "airflow.cfg.example"
BIN = Path(sys.executable).parent
KNOWN = """
import json
from airflow.configuration import conf, retrieve_configuration_description
print(json.dumps([retrieve_configuration_description(), sorted(conf.sensitive_config_values)]))
"""


def parsed() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(EXAMPLE.read_text("utf-8"))
    return parser


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], set[str]]:
    """What Airflow knows of its settings, and which of them may come from a command."""
    home = tmp_path_factory.mktemp("airflow")
    done = subprocess.run(
        [sys.executable, "-c", KNOWN],
        env=os.environ | {"AIRFLOW_HOME": str(home), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    sections, sensitive = json.loads(done.stdout.splitlines()[-1])
    return sections, {f"{section}.{name}" for section, name in sensitive}


def test_airflow_knows_every_setting_and_none_is_deprecated(
    airflow: tuple[dict[str, Any], set[str]],
) -> None:
    sections, sensitive = airflow
    example = parsed()
    for section in example.sections():
        options = sections[section]["options"]
        for name in example[section]:
            if name.endswith("_cmd"):
                name = name.removesuffix("_cmd")
                assert f"{section}.{name}" in sensitive
            assert name in options, f"[{section}] {name}"
            assert not options[name].get("version_deprecated"), f"[{section}] {name}"


def test_every_value_is_of_the_kind_airflow_wants(
    airflow: tuple[dict[str, Any], set[str]],
) -> None:
    sections, _ = airflow
    example = parsed()
    whole = {"integer": "[0-9]+", "boolean": "True|False"}
    for section in example.sections():
        for name, value in example[section].items():
            kind = sections[section]["options"].get(name, {}).get("type")
            assert re.fullmatch(whole.get(kind, ".+"), value), f"[{section}] {name} = {value}"


SPEAK_FOR_THEMSELVES = ("load_examples", "port", "expose_config", "base_log_folder")


def test_every_setting_is_explained_or_shares_an_explanation() -> None:
    explained = False
    for line in EXAMPLE.read_text("utf-8").splitlines():
        if line.startswith("#"):
            explained = True
        elif not line:
            explained = False
        elif " = " in line and not line.startswith(SPEAK_FOR_THEMSELVES):
            secret = line.partition(" = ")[0].endswith("_cmd")
            assert explained or secret, line


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_pages_commands_set_airflow_up(tmp_path: Path) -> None:
    (block,) = (
        block
        for block in blocks_of("docs/operate.md")
        if block.is_command and "pools set" in block.text
    )
    (tmp_path / "secrets").mkdir()
    for name in ("fernet", "api", "jwt"):
        secret = "cXVpZXQtbmlnaHQtY2FyZS1mb3ItYS10ZWEtc2hvcCE=" if name == "fernet" else "5" * 64
        (tmp_path / "secrets" / name).write_text(secret)
    settings = EXAMPLE.read_text("utf-8").replace("/srv/nightcare", str(ROOT))
    (tmp_path / "airflow.cfg").write_text(settings.replace("/srv/airflow", str(tmp_path)))
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "AIRFLOW_HOME": str(tmp_path),
        "CARE_HOME": str(tmp_path / "care"),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
    }

    def ask(command: str) -> str:
        done = subprocess.run(
            ["bash", "-euc", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    ask(block.text)
    (connection,) = json.loads(ask("airflow connections get care_db -o json"))
    assert (connection["conn_type"], connection["schema"]) == ("postgres", "care")
    assert "care_gateway" in ask("airflow pools list -o plain")
    dags = json.loads(ask("airflow dags list -o json"))
    assert {dag["dag_id"]: str(dag["is_paused"]) for dag in dags} == {
        "care_nightly": "False",
        "care_release": "False",
    }
