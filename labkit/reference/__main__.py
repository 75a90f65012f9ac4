"""Write the reference pages: `python -m labkit.reference [FOLDER]`."""

from __future__ import annotations

import pathlib
import sys

from labkit import reference
from labkit.reference import _source


def main() -> None:
    """Write each page, and name it on stdout."""
    given = sys.argv[1:2]
    folder = pathlib.Path(*given) if given else _source.REPOSITORY / "docs" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in reference.pages().items():
        (folder / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{folder / name}\n")


if __name__ == "__main__":
    main()
