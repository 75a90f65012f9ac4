"""The wheel carries all content: `labkit init` works where there is no repository."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).parents[1]


def run(*words: str, cwd: pathlib.Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_lab_folder_is_made_from_the_wheel_alone(tmp_path: pathlib.Path) -> None:
    build = ("-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    run(*build, cwd=REPOSITORY)
    (wheel,) = tmp_path.glob("labkit-*.whl")
    target = tmp_path / "site"
    install = ("-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(target))
    run(*install, str(wheel), cwd=tmp_path)
    where = "import labkit.content as c; print(c.shipped())"
    shipped = run("-c", where, cwd=tmp_path, PYTHONPATH=str(target)).strip()
    assert shipped == str(target / "labkit" / "content")
    run("-m", "labkit", "init", "my-lab", cwd=tmp_path, PYTHONPATH=str(target))
    folder = tmp_path / "my-lab"
    assert (folder / "provision" / "templates" / "ansible_hosts.j2").is_file()
    valid = run("-m", "labkit", "validate", cwd=folder, PYTHONPATH=str(target))
    assert valid == "lab 'my-lab' is valid: 4 machines\n"
    images = run("-m", "labkit", "image.list", cwd=folder, PYTHONPATH=str(target))
    assert "debian-12" in images
    assert "almalinux-9" in images
