"""Takes a picture of a report: `python scripts/screenshot.py demo/results/report.html`.

Needs Chromium and nothing else. The browser gets a fresh profile and asks nothing of the network.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MAX_BYTES = 300_000
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def shoot(report: Path, picture: Path, width: int, height: int, at: str = "") -> None:
    """Write a PNG of `height` pixels of the report.

    Args:
        report: A report.html.
        picture: Where the PNG goes; its folder is made.
        width: Width of the window in pixels.
        height: Height of the window in pixels.
        at: Id of the one campaign shown, such as `campaign-1`; the whole page when empty.

    Raises:
        SystemExit: There is no browser or no report, the browser failed, or the picture is
            larger than 300 kB.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise SystemExit(f"no browser found; install one of: {', '.join(BROWSERS)}")
    if not report.is_file():
        raise SystemExit(f"no report at {report}; `make demo` writes demo/results/report.html")
    picture.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        taken = Path(folder, "report.png")
        command = [
            browser,
            *FLAGS,
            f"--user-data-dir={folder}/profile",
            f"--window-size={width},{height}",
            f"--screenshot={taken}",
            _page(report, at, Path(folder)).resolve().as_uri(),
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=120)  # noqa: S603
        except (subprocess.SubprocessError, OSError) as error:
            raise SystemExit(f"the browser failed: {type(error).__name__}") from None
        if not taken.is_file():
            raise SystemExit("the browser wrote no picture")
        size = taken.stat().st_size
        if size > MAX_BYTES:
            raise SystemExit(f"the picture has {size:,} bytes; lower --height to stay below 300 kB")
        shutil.move(taken, picture)
    sys.stdout.write(f"{picture}: {size:,} bytes\n")


def _page(report: Path, at: str, folder: Path) -> Path:
    """Return the page to take: the report, or a copy that shows one campaign alone."""
    if not at:
        return report
    text = report.read_text("utf-8")
    if f'id="{at}"' not in text:
        raise SystemExit(f"the report has no {at}")
    # The report forbids any style but its own, so the copy goes without that rule.
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    alone = f".top,main>section,footer,article:not(#{at}){{display:none}}"
    copy = folder / "part.html"
    copy.write_text(text.replace("</head>", f"<style>{alone}</style></head>"), "utf-8")
    return copy


def main() -> None:
    """Read the command line and take the picture."""
    parser = argparse.ArgumentParser(description="Take a picture of a report.")
    parser.add_argument("report", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/images/report.png"))
    parser.add_argument("--width", type=int, default=1200)
    parser.add_argument("--height", type=int, default=960)
    parser.add_argument("--at", default="", metavar="ID", help="show this campaign alone")
    arguments = parser.parse_args()
    shoot(arguments.report, arguments.out, arguments.width, arguments.height, arguments.at)


if __name__ == "__main__":
    main()
