"""The manual for programs in the reader's language: every operation, answer, shape and field."""

import re

import pytest

from care.console.alone import Turnstile
from care.console.app import build_app
from care.console.manual import openapi
from care.console.translation import translated, words_for
from care.domain.role import Role

HANZI = re.compile("[\u4e00-\u9fff]")
ENGLISH = re.compile(r"\b[a-z]+ [a-z]+\b")


def nobody():
    raise AssertionError("the document needs no house")


@pytest.fixture(scope="module")
def document():
    return openapi(build_app(nobody, Turnstile(name="mei", role=Role.VIEWER)))


def described(document):
    """Whatever a document describes, by the name that the catalogue has for it."""
    yield "about", document["info"]
    for methods in document["paths"].values():
        for operation in methods.values():
            name = operation["operationId"]
            yield f"operations.{name}", operation
            for one in operation.get("parameters", ()):
                yield f"fields.{name}.{one['name']}", one
            for one in operation["responses"].values():
                yield f"answers.{one['description']}", one
    for name, schema in document["components"]["schemas"].items():
        yield f"schemas.{name}", schema
        for field, one in schema.get("properties", {}).items():
            yield f"fields.{name}.{field}", one


def prose(node):
    """Every description and summary, however deep."""
    if isinstance(node, list):
        for one in node:
            yield from prose(one)
    elif isinstance(node, dict):
        for key, one in node.items():
            if key in ("description", "summary") and isinstance(one, str):
                yield one
            yield from prose(one)


def test_all_of_the_document_is_described_in_chinese(document):
    chinese = translated(document, "zh-CN")
    found = dict(described(chinese))
    assert len(found) > 300
    assert [
        name for name, one in found.items() if not HANZI.search(one.get("description", ""))
    ] == []
    told = [re.sub("`[^`]*`", "", one) for one in prose(chinese)]
    assert [one for one in told if ENGLISH.search(one) or not HANZI.search(one)] == []


def test_the_catalogue_has_no_words_for_what_is_not_there(document):
    there = {name for name, _ in described(document)}
    there |= {f"fields.{name.rpartition('.')[2]}" for name in there if name.startswith("fields.")}
    for kind in ("operations", "answers", "schemas", "fields"):
        assert {f"{kind}.{name}" for name in words_for("zh-CN")[kind]} - there == set()


def test_in_english_the_code_speaks_for_itself(document):
    assert translated(document, "en") == document


def test_names_and_shapes_are_the_same_in_every_language(document):
    def bare(node):
        if isinstance(node, list):
            return [bare(one) for one in node]
        if isinstance(node, dict):
            said = {"description", "summary"}
            return {
                key: bare(one)
                for key, one in node.items()
                if not (key in said and isinstance(one, str))
            }
        return node

    assert bare(translated(document, "zh-CN")) == bare(document)


def test_the_page_and_the_document_are_in_the_readers_language(visit):
    chinese, english = visit(language="zh-CN"), visit()
    assert "通过、暂缓或驳回。" in chinese.read("/manual")
    assert "兜底推荐的比例" in chinese.read("/manual")
    assert "Approve, hold or reject." not in chinese.read("/manual")
    assert "Approve, hold or reject." in english.read("/manual")
    assert "通过、暂缓或驳回。" in chinese.read("/api/openapi.json")
    assert "Approve, hold or reject." in english.read("/api/openapi.json")


def test_the_document_says_who_is_let_in_and_what_may_be_refused(visit):
    document = visit().client.get("/api/openapi.json").json()
    assert document["security"] == [{"bearer": []}]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            told = set(operation["responses"])
            assert {"401", "403"} <= told
            assert ("409" in told) == (method != "get"), path
            assert "404" in told or "{" not in path, path
