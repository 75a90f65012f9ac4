"""As much of a package mirror as verify asks for: one release file."""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading
from typing import TYPE_CHECKING

from bench import enclosure

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator

ADDRESS = "198.51.100.1"
"""Beyond every machine's gateway, so that what leads there is tried too (RFC 5737)."""
_SUITE = "stable"


@contextlib.contextmanager
def served(folder: pathlib.Path) -> Generator[str]:
    """Serve it from a folder until the block ends; yields its line of sources.list(5)."""
    enclosure.do("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
    suite = folder / "dists" / _SUITE
    suite.mkdir(parents=True)
    (suite / "InRelease").write_text(f"Suite: {_SUITE}\n", encoding="utf-8")
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer((ADDRESS, 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"deb http://{ADDRESS}:{server.server_port} {_SUITE} main\n"
        finally:
            server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """Log nothing."""
        del format, args
