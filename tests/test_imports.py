"""Units of one kind never import each other: what they share is in a `_private.py`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import stillwatch

ROOT = Path(stillwatch.__file__).parent
FOLDERS = (
    "sources",
    "sketches",
    "detectors",
    "linkers",
    "range/baselines",
    "range/personas",
    "range/tactics",
)


def _imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_units_import_no_sibling_unit(folder: str) -> None:
    package = "stillwatch." + folder.replace("/", ".")
    units = {p.stem for p in (ROOT / folder).glob("*.py") if not p.name.startswith("_")}
    assert units
    siblings = {f"{package}.{unit}" for unit in units}
    guilty = {p.stem: _imported(p) & siblings for p in (ROOT / folder).glob("[!_]*.py")}
    assert {name: found for name, found in guilty.items() if found} == {}
