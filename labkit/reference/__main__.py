"""Write the reference pages: `python -m labkit.reference`."""

from __future__ import annotations

import sys

from labkit import reference
from labkit.reference import _source


def main() -> None:
    """Write each page, and name it on stdout."""
    folder = _source.REPOSITORY / "docs" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in reference.pages().items():
        (folder / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")


if __name__ == "__main__":
    main()
