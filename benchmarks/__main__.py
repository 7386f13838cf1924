"""Runs the benchmarks, each a file of this folder with a `main(out, size)`.

Run: python -m benchmarks [NAME ...] [--size SHARE] [--large] [--out FOLDER]
`--size 0.01` takes a hundredth of the usual input, to see that everything runs; the bars then mean
nothing. `--large` adds what takes very long. `detection` takes an hour and runs only when named.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import pkgutil
from pathlib import Path

import benchmarks

WHEN_NAMED = {"detection"}


def names() -> list[str]:
    return sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name[0] != "_")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names()))
    parser.add_argument("--size", type=float, default=1.0, help="share of the usual input")
    parser.add_argument("--large", action="store_true", help="add what takes very long")
    parser.add_argument("--out", type=Path, default=Path("build/benchmarks"))
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(names()):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    for name in asked.names or [name for name in names() if name not in WHEN_NAMED]:
        run = importlib.import_module(f"benchmarks.{name}").main
        wanted = inspect.signature(run).parameters
        options = {"out": asked.out, "size": asked.size, "large": asked.large}
        run(**{key: value for key, value in options.items() if key in wanted})


if __name__ == "__main__":
    main()
