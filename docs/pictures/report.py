# ruff: noqa: INP001
"""Make the picture of a report from its page: `python docs/pictures/report.py REPORT.html`.

Needs Chromium. The page is the one that `verify` keeps in the lab's folder, of a lab in which a few
things were broken.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 1100, 810


def main() -> None:
    """Draw the page's first screen into report.png, beside this file."""
    page = pathlib.Path(sys.argv[1]).resolve(strict=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        options = (
            "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
            "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
            f"--user-data-dir={folder}", f"--window-size={WIDTH},{HEIGHT}",
            f"--screenshot={HERE / 'report.png'}",
        )  # fmt: skip
        subprocess.run(["chromium", *options, page.as_uri()], check=True, timeout=60)


if __name__ == "__main__":
    main()
