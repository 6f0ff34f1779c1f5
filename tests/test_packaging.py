"""What is declared is what is imported, and an installation brings that and no more."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path

import PIL.Image
import pytest
from packaging.requirements import Requirement

from tests import test_architecture as architecture

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CORE: list[str] = PROJECT["dependencies"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]

FROM_THE_INDEX = 540  # seconds


def bounds(lines: list[str]) -> dict[str, str]:
    """Name -> versions, with the extras of this project put in for their names."""
    found: dict[str, str] = {}
    for line in lines:
        requirement = Requirement(line)
        if requirement.name == PROJECT["name"]:
            for extra in requirement.extras:
                found |= bounds(EXTRAS[extra])
        else:
            found[requirement.name] = str(requirement.specifier)
    return found


def packages_imported(*tops: str) -> set[str]:
    """What is neither ours nor Python's, under the names of the package index."""
    files = architecture.source_files(*tops)
    modules = architecture.top_names(name for file in files for name in architecture.imports(file))
    modules -= {"maskcore", "pages", "app", *sys.stdlib_module_names}
    holders = importlib.metadata.packages_distributions()
    return {name for module in modules for name in set(holders[module])}


def test_the_app_installs_what_its_extra_names_in_the_same_versions() -> None:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert bounds(lines) == bounds([*CORE, *EXTRAS["app"]])


def test_every_requirement_is_bounded_on_both_sides() -> None:
    every = bounds([*CORE, *(line for lines in EXTRAS.values() for line in lines)])
    assert [name for name, text in every.items() if ">=" not in text or "<" not in text] == []


def test_all_is_all_extras() -> None:
    (line,) = EXTRAS["all"]
    assert Requirement(line).extras == EXTRAS.keys() - {"all"}


def test_what_is_imported_is_declared() -> None:
    declared = set(bounds([*CORE, *EXTRAS["maskrcnn"], *EXTRAS["learn"]]))
    assert packages_imported("maskcore") <= declared
    assert packages_imported("app.py", "pages") <= declared | set(bounds(EXTRAS["app"]))


def ran(*command: str | Path, cwd: Path, code: int = 0) -> str:
    """What a command says, after it ended with that code."""
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=FROM_THE_INDEX
    )
    assert done.returncode == code, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A fresh environment after ``pip install .``, which takes 10 s: the folder of its programs."""
    folder = tmp_path_factory.mktemp("fresh")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    quick = ["--retries", "0", "--timeout", "15"]
    reached = subprocess.run(
        [*pip, "download", "--no-deps", *quick, "--dest", folder / "probe", "setuptools"],
        capture_output=True,
        text=True,
        check=False,
    )
    if reached.returncode and not os.environ.get("CI"):
        pytest.skip("pip reaches no package index")
    assert reached.returncode == 0, reached.stderr[-2000:]
    # Of a copy, so that nothing is built in the tree and nothing built before gets in.
    source = folder / "source"
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "maskcore", source / "maskcore", ignore=leave_out)
    shutil.copytree(ROOT / "tests", source / "tests", ignore=leave_out)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    ran(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    python = folder / "venv" / Path(sysconfig.get_path("scripts")).name / "python"
    ran(*pip, "--python", python, "install", "--quiet", source, cwd=folder)
    yield python.parent
    shutil.rmtree(folder)


@pytest.mark.install
def test_the_core_brings_its_requirements_and_no_more(installed: Path, tmp_path: Path) -> None:
    script = "import importlib.metadata as m; print(*(it.name for it in m.distributions()))"
    names = {name.lower() for name in ran(installed / "python", "-c", script, cwd=tmp_path).split()}
    assert names == {PROJECT["name"], *(Requirement(line).name.lower() for line in CORE)}


@pytest.mark.install
def test_the_wheel_holds_the_demo_model_and_not_how_it_was_trained(
    installed: Path, tmp_path: Path
) -> None:
    script = "import importlib.metadata as m; print(*m.files('mask-studio'), sep=chr(10))"
    files = set(ran(installed / "python", "-c", script, cwd=tmp_path).splitlines())
    ours = {it for it in files if not it.startswith("..") and "__pycache__" not in it}
    assert {it.partition("/")[0].partition("-")[0] for it in ours} == {"maskcore", "mask_studio"}
    assert {it for it in ours if it.startswith("maskcore/") and not it.endswith(".py")} == {
        "maskcore/py.typed",
        "maskcore/maskrcnn/demo_model.md",
        "maskcore/maskrcnn/demo_model.pt",
    }
    assert not [it for it in ours if "train_demo" in it]


@pytest.mark.install
def test_the_core_decodes(installed: Path, tmp_path: Path) -> None:
    rows = "ImageId,ClassId,EncodedPixels,Height,Width\na.png,3,8 2,3,4\n"
    (tmp_path / "train.csv").write_text(rows, "utf-8")
    said = ran(installed / "maskcore", "decode", "train.csv", "--out", "out", cwd=tmp_path)
    assert "1 mask of 1 image" in said
    # Pixels 8 and 9, down the columns of three: the lower two of the third column.
    assert [it.name for it in (tmp_path / "out/masks").iterdir()] == ["a.100.3.2_1_1_2.png"]


THRESHOLDS_AND_CLUSTERS = """
import numpy as np
from maskcore import kmeans, samples, threshold
image = np.zeros((4, 6, 3), np.uint8)
image[:, 4:] = 200
assert threshold.by_value(image, 100, 255).sum() == 8
assert threshold.otsu(image).sum() == 8
assert sorted(kmeans.segment(image, 2).counts) == [8, 16]
assert samples.load("steel").rows
samples.load("china")
"""


@pytest.mark.install
def test_the_core_thresholds_and_clusters_and_says_what_the_photos_need(
    installed: Path, tmp_path: Path
) -> None:
    said = ran(installed / "python", "-c", THRESHOLDS_AND_CLUSTERS, cwd=tmp_path, code=1)
    assert said.endswith('china.jpg needs scikit-learn: pip install "mask-studio[learn]"\n')


@pytest.mark.install
def test_the_core_converts(installed: Path, tmp_path: Path) -> None:
    source = tmp_path / "yolo"
    source.mkdir()
    PIL.Image.new("L", (8, 8)).save(source / "a.png")
    (source / "a.txt").write_text("0 0 0 0.5 0 0.5 0.5 0 0.5", "utf-8")
    (source / "data.yaml").write_text("names: [cat]", "utf-8")
    ran(installed / "maskcore", "convert", "yolo", "out", "--format", "coco", cwd=tmp_path)
    (annotations,) = (tmp_path / "out").rglob("*.json")
    assert '"cat"' in annotations.read_text("utf-8")


@pytest.mark.install
def test_finding_objects_says_what_it_needs(installed: Path, tmp_path: Path) -> None:
    PIL.Image.new("L", (8, 8)).save(tmp_path / "a.png")
    said = ran(installed / "maskcore", "segment", "a.png", "--out", "out", cwd=tmp_path, code=2)
    assert said.splitlines()[-1] == (
        'Finding objects needs PyTorch: pip install "mask-studio[maskrcnn]"'
    )
