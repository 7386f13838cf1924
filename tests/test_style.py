"""The house style, measured: sizes, types, words, documentation."""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

SOURCE: Final = Path(__file__).parents[1] / "src" / "stillwatch"
MODULES: Final = sorted(SOURCE.rglob("*.py"))

MEDIAN_LINES: Final = 150
MODULE_LINES: Final = 400
FUNCTION_LINES: Final = 50
IGNORES_PER_1000_LINES: Final = 2
ANY_PER_1000_LINES: Final = 5
EMPTY_WORDS: Final = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}

LONG_MODULES: Final[dict[str, str]] = {}
"""Modules over the cap, each with the reason."""

LONG_FUNCTIONS: Final[dict[str, str]] = {}
"""Functions over the cap as `file.py:function`, each with the reason."""


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in MODULES:
        yield path, ast.parse(path.read_text("utf-8"))


def lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_modules_are_small() -> None:
    sizes = {name_of(path): lines(path) for path in MODULES}
    full = [size for name, size in sizes.items() if not name.endswith("__init__.py")]
    assert statistics.median(full) < MEDIAN_LINES
    over = {name: size for name, size in sizes.items() if size >= MODULE_LINES}
    assert over.keys() == LONG_MODULES.keys(), over


def test_functions_are_short() -> None:
    over = {
        f"{name_of(path)}:{node.name}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and _body_lines(node) > FUNCTION_LINES
    }
    assert over == LONG_FUNCTIONS.keys()


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the statements: neither signature nor docstring count."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_the_type_checker_is_seldom_overruled() -> None:
    total = sum(map(lines, MODULES)) / 1000
    text = "\n".join(path.read_text("utf-8") for path in MODULES)
    assert len(re.findall(r"#\s*type:\s*ignore", text)) <= IGNORES_PER_1000_LINES * total
    used = sum(
        isinstance(node, ast.Name) and node.id == "Any"
        for _, tree in trees()
        for node in ast.walk(tree)
    )
    assert used <= ANY_PER_1000_LINES * total


def test_every_ignore_names_its_error() -> None:
    bare = [
        name_of(path)
        for path in MODULES
        if re.search(r"#\s*(type:\s*ignore(?!\[)|noqa(?!:))", path.read_text("utf-8"))
    ]
    assert not bare


def test_nobody_prints_but_the_command_line() -> None:
    printing = [
        f"{name_of(path)}:{node.lineno}"
        for path, tree in trees()
        if not name_of(path).startswith("cli/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert not printing


def test_names_say_something() -> None:
    words = {name_of(p): set(re.split(r"[_/.]", name_of(p))) & EMPTY_WORDS for p in MODULES}
    assert not [name for name, empty in words.items() if empty]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_public_names_are_documented(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree), "the module"
    assert not list(_undocumented(tree))


def _undocumented(owner: ast.Module | ast.ClassDef) -> Iterator[str]:
    for node in owner.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{name}" for name in _undocumented(node))


def test_packages_hold_no_code() -> None:
    """`cli/__init__.py` is the entry point, and has to start before anything else is imported."""
    holding = [
        name_of(path)
        for path, tree in trees()
        if path.name == "__init__.py"
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]
    assert set(holding) <= {"cli/__init__.py"}
