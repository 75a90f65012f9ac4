"""What the figures were made on."""

from __future__ import annotations

import pathlib
import platform
import subprocess
import time
from typing import TYPE_CHECKING

import paramiko
import psutil

import labkit
from bench import peers

if TYPE_CHECKING:
    from collections.abc import Sequence


def about(tools: Sequence[str]) -> str:
    """Return date, machine and versions in one sentence."""
    memory = psutil.virtual_memory().total >> 30
    versions = [
        f"labkit {labkit.__version__}",
        f"Python {platform.python_version()}",
        f"paramiko {paramiko.__version__}",
        _openssh(),
    ]
    if {"pyinfra", "ansible-core"} & set(tools):
        versions += [f"{name} {version}" for name, version in peers.versions().items()]
    return (
        f"Made on {time.strftime('%Y-%m-%d')}: {_processor()}, {psutil.cpu_count()} cores, "
        f"{memory} GiB, {platform.system()} {platform.release()}; {', '.join(versions)}."
    )


def _processor() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.machine()


def _openssh() -> str:
    done = subprocess.run(["ssh", "-V"], stderr=subprocess.PIPE, text=True, check=True)
    return done.stderr.partition(",")[0].strip().replace("_", " ")
