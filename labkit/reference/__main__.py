"""Write the reference pages and the tutorials by hand: `python -m labkit.reference [FOLDER]`.

With FOLDER, the reference pages alone are written, and there.
"""

from __future__ import annotations

import pathlib
import sys

from labkit import reference
from labkit.reference import _by_hand, _source


def main() -> None:
    """Write each page, and name it on stdout."""
    given = sys.argv[1:2]
    folder = pathlib.Path(*given) if given else _source.REPOSITORY / "docs" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in reference.pages().items():
        (folder / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{folder / name}\n")
    for name, text in () if given else _by_hand.pages().items():
        file = _source.REPOSITORY / "docs" / "tutorial" / name
        file.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
