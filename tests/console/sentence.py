"""What modules say in English, read from their source: every text with two words or more in it."""

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import chain, product
from pathlib import Path

FILLED = {"channel": "email", "locale": "en"}
"""What stands in a gap of that name; in any other a 7."""
TEXT = (ast.JoinedStr, ast.Constant, ast.IfExp, ast.BoolOp, ast.BinOp)
WORDS = re.compile(r"[\w'].*? [a-z]{2,}|[a-z]{2,} \S", re.DOTALL)
PLACEHOLDER = re.compile(r"\{[a-z_]*(?::[^{}]*)?\}")
Named = Mapping[str, list[ast.expr]]


def sentences_of(path: Path, *, raised: bool = False) -> set[str]:
    """Every sentence of a module, or those alone that it raises errors with.

    Gaps are filled, and each alternative makes a sentence. A text that is given a name first is
    read where the name is used, such as within another text. What is logged, documented or
    described, or raised for who writes the configuration, is left out.
    """
    found = _said(ast.parse(path.read_text("utf-8")), {}, here=not raised)
    return {text for text in map(str.strip, found) if WORDS.match(text)}


def _said(node: ast.AST, named: Named, *, here: bool) -> Iterator[str]:
    parts = ast.iter_child_nodes(node)
    match node:
        case ast.Expr(value=ast.Constant()) | ast.keyword(arg="description"):
            return
        case ast.Call(func=ast.Attribute(value=ast.Name(id="log")) | ast.Name(id="ValueError")):
            return
        case ast.Module() | ast.FunctionDef():
            named = {**named, **_named(node)}
        case ast.Raise():
            here = True
        case ast.Assign(targets=[ast.Name()], value=text) if isinstance(text, TEXT):
            parts = _calls(text)
        case ast.JoinedStr() | ast.Constant() | ast.Name():
            yield from _texts(node, named) if here else ()
            parts = _calls(node)
    for part in parts:
        yield from _said(part, named, here=here)


def _named(block: ast.Module | ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """Every text that a name is given in a block."""
    found: dict[str, list[ast.expr]] = {}
    for node in block.body if isinstance(block, ast.Module) else ast.walk(block):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=text) if isinstance(text, TEXT):
                found.setdefault(name, []).append(text)
    return found


def _calls(node: ast.AST) -> Iterator[ast.AST]:
    """The calls within a text, whose arguments are texts of their own."""
    for part in ast.iter_child_nodes(node):
        yield from [part] if isinstance(part, ast.Call) else _calls(part)


def _texts(node: ast.expr, named: Named) -> set[str]:
    """All that an expression may say."""
    match node:
        case ast.Constant(value=str(text)):
            return {PLACEHOLDER.sub("7", text)}
        case ast.JoinedStr(values=parts):
            return set(map("".join, product(*(_texts(part, named) for part in parts))))
        case ast.FormattedValue(value=value, conversion=conversion, format_spec=form):
            percent = "%" if form and ast.unparse(form).endswith("%'") else ""
            texts = {text + percent for text in _texts(value, named)}
            return set(map(repr, texts)) if conversion == ord("r") else texts
        case ast.IfExp(body=one, orelse=other) | ast.BoolOp(values=[one, other]):
            return _texts(one, named) | _texts(other, named)
        case ast.BinOp(left=one, op=ast.Add(), right=other):
            return set(map("".join, product(_texts(one, named), _texts(other, named))))
        case ast.Name(id=name) if name in named:
            others = {key: texts for key, texts in named.items() if key != name}
            return set(chain(*(_texts(text, others) for text in named[name])))
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return {FILLED.get(name, "7")}
    return {"7"}
