"""The API against its own document, asked for whatever the document allows."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from care.console.alone import HOST
from care.console.manual import openapi
from care.domain.role import Role

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

EXAMPLES = 10
"""Of each operation."""


def test_nothing_that_the_document_allows_breaks_it(visit):
    ada = visit(Role.ADMIN, name="ada")
    heads = {"Authorization": f"Bearer {ada.client.cookies['care_session']}"}
    schema = schemathesis.openapi.from_dict(openapi(ada.console))
    tried = [found.ok() for found in schema.get_all_operations()]
    assert len(tried) > 25
    for operation in tried:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case):
            answer = case.call(app=ada.app, base_url=f"http://{HOST}", headers=heads)
            assert answer.status_code < 500, f"{case.method} {case.path}: {answer.text}"
            assert answer.status_code not in (401, 403), f"{case.method} {case.path}"

        ask()
