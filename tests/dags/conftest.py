"""A home for Airflow, chosen before anything imports it."""

import os
import sys
import tempfile
from pathlib import Path

assert "airflow" not in sys.modules, "Airflow was imported before its home was chosen"
HOME = Path(tempfile.mkdtemp(prefix="care-airflow-"))
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME / 'airflow.db'}",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(HOME / "logs"),
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
}
