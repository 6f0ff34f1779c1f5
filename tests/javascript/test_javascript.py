"""The JavaScript without a browser, by node's own test runner."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pages.shared import canvas

HERE = Path(__file__).parent
OLDEST = 18  # of node's versions; Debian 12 has it
LONGEST_LINE = 100  # as in Python; oxlint has no rule for it


@pytest.fixture(scope="module")
def node() -> str:
    """Node's address; without it the tests are skipped, but in CI they fail."""
    found = shutil.which("node")
    version = run(found, "--version").stdout if found else ""
    if found and int(re.findall(r"\d+", version)[0]) >= OLDEST:
        return found
    reason = f"no node of version {OLDEST} or newer found"
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI must run the tests of the JavaScript")
    pytest.skip(f"{reason}; install it to run the tests of the JavaScript")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.test.js")))
def test_the_parts_that_need_no_browser(node, name):
    done = run(node, "--test", str(HERE / name))
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.findall(r"^\D* pass (\d+)$", done.stdout, re.MULTILINE)[0]) > 0


def test_the_modules_of_the_canvas_are_one_when_they_are_joined(node, tmp_path):
    joined = tmp_path / "joined.mjs"
    joined.write_text(canvas._linked("canvas.js"), "utf-8")  # noqa: SLF001
    program = f"import component from {joined.as_uri()!r}; console.log(typeof component)"
    done = run(node, "--input-type=module", "--eval", program)
    assert (done.stdout.strip(), done.stderr) == ("function", "")


def test_every_module_of_the_canvas_is_joined():
    folder = Path(canvas.__file__).parent
    joined = canvas._linked("canvas.js")  # noqa: SLF001
    alone = {"transport.js", "files.js"}  # components of their own
    for path in folder.glob("*.js"):
        first_line = path.read_text("utf-8").partition("\n")[0]
        assert (first_line in joined) == (path.name not in alone), path.name


def test_lines_are_as_short_as_in_python():
    pages = Path(canvas.__file__).parents[2]
    long = {
        f"{path.name}:{number}"
        for folder in (pages, HERE)
        for path in folder.rglob("*.js")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if len(line) > LONGEST_LINE
    }
    assert long == set()
