"""Renews what the README shows of a run: `make readme`, or `make readme TESTS=1` for both blocks.

The demo runs on a terminal 116 columns wide; what it prints goes between two marks of the README,
and two pictures of its report into docs/images/. The pictures need Chromium; where there is none
the text is renewed and they stay.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
README: Final = ROOT / "README.md"
COLUMNS: Final = 116
PICTURES: Final = (
    ("--out", "docs/images/report.png", "--height", "900"),
    ("--out", "docs/images/campaign.png", "--height", "1500", "--at", "campaign-1"),
)
COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


def block(name: str) -> re.Pattern[str]:
    """Return the pattern of one renewed block, the marks included."""
    return re.compile(rf"(<!-- {name}: .*? -->\n).*?(<!-- end of {name} -->)", re.DOTALL)


def renewed(text: str, name: str, command: str, output: str) -> str:
    """Return a text with one block rewritten.

    Args:
        text: The README.
        name: Of the block.
        command: What was run.
        output: What it printed.

    Raises:
        SystemExit: The text has no such block.
    """
    lines = "\n".join(line.rstrip() for line in output.strip().splitlines())
    fenced = f"```console\n$ {command}\n{lines}\n```\n"
    found, count = block(name).subn(lambda marks: marks[1] + fenced + marks[2], text)
    if count != 1:
        raise SystemExit(f"the README needs one block {name!r}")
    return found


def printed(target: str) -> str:
    """Return what a make target prints on a terminal, without colours; its errors pass through.

    Args:
        target: Of the Makefile.

    Raises:
        SystemExit: It fails.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    words = ["make", "--no-print-directory", "--silent", target]
    process = subprocess.Popen(words, cwd=ROOT, stdout=slave)  # noqa: S603
    os.close(slave)
    drawn = b""
    try:
        while piece := os.read(master, 65_536):
            drawn += piece
    except OSError:  # the other end of a terminal closes with an error
        pass
    os.close(master)
    shown = COLOUR.sub("", drawn.decode()).replace("\r\n", "\n")
    if process.wait():
        raise SystemExit(f"{shown}\nmake {target} failed")
    return shown


def _renew(name: str, command: str, output: str) -> None:
    README.write_text(renewed(README.read_text("utf-8"), name, command, output), "utf-8")


def main() -> None:
    """Run the demo, and the tests when asked, and rewrite the README."""
    parser = argparse.ArgumentParser(description="Renew the output that the README shows.")
    parser.add_argument("--tests", action="store_true", help="run `make test` as well")
    arguments = parser.parse_args()
    _renew("demo", "make demo", printed("demo"))
    if arguments.tests:
        _renew("tests", "make test", printed("test").strip().splitlines()[-1])
    for options in PICTURES:
        words = [sys.executable, "scripts/screenshot.py", "demo/results/report.html", *options]
        subprocess.run(words, cwd=ROOT, check=False)  # noqa: S603


if __name__ == "__main__":
    main()
