"""Who may import whom: imports run one way, and maskcore knows nothing of its user interface.

Files are parsed, not imported, so that nothing here depends on what happens to be installed.
"""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]

LAYERS = {
    "base": ["types", "errors"],
    "guards": [
        *("checks", "archive", "text_table", "value_table", "whole_numbers"),
        *("zip_files", "folder_files"),
    ],
    "formats": ["image_*", "pixel_depth", "rle", "rle_*", "masks", "mask_*", "shapes"],
    "operations": ["*"],  # every module that is not named elsewhere
    "collections": [
        *("datasets", "batch", "exports", "cutout_files", "patch_*"),
        *("augment_files", "augment_summaries"),
    ],
    "command line": ["__main__", "commands"],
}
"""The modules of maskcore, from the bottom up; each imports from its own layer and from below.

Only what runs when a module is imported counts: `types` may import `rle` inside a function.
"""

PARTS = {
    "augment_draw": "augment",
    "augment_geometry": "augment",
    "augment_pixels": "augment",
    "augment_presets": "augment",
    "augment_ranges": "augment",
    "kmeans_cells": "kmeans",
    "kmeans_fit": "kmeans",
    "kmeans_labels": "kmeans",
    "kmeans_lloyd": "kmeans",
    "label_tags": "overlay",
    "cutout_canvas": "cutout",
    "cutout_names": "cutout",
    "channels": "threshold",
    "measure_masked": "measure",
    "measure_values": "measure",
    "numbers_column": "numbers_table",
    "patches_cut": "patches",
    "patches_grid": "patches",
    "patches_paste": "patches",
    "patches_picture": "patches",
    "patches_sides": "patches",
    "region_edges": "regions",
    "region_grabcut": "regions",
    "region_touching": "regions",
    "region_watershed": "regions",
}
"""Operations do not import each other, but one may be made of several modules."""

SLOW_TO_IMPORT = {"torch", "torchvision", "sklearn"}


@cache
def modules() -> dict[str, Path]:
    """Dotted name -> file, of everything in maskcore."""
    found = {}
    for path in sorted((ROOT / "maskcore").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


def nodes(tree: ast.AST, *, at_import: bool = False) -> Iterator[ast.AST]:
    """Yield every node, or only those that run when the module is imported."""
    for node in ast.iter_child_nodes(tree):
        if at_import and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if at_import and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from nodes(node, at_import=at_import)


@cache
def imports(path: Path, *, at_import: bool = False) -> frozenset[str]:
    """Dotted names of what a file imports: modules, and whatever it takes "from" them."""
    package = path.relative_to(ROOT).parts[:-1]
    names = set()
    for node in nodes(ast.parse(path.read_text("utf-8")), at_import=at_import):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            source = ".".join([*above, *filter(None, [node.module])])
            taken = {f"{source}.{alias.name}" for alias in node.names}
            # A package from which modules are taken gives nothing itself.
            names |= taken if taken <= modules().keys() else {source, *taken}
    return frozenset(names)


@cache
def needs() -> dict[str, frozenset[str]]:
    """Module of maskcore -> the modules of maskcore that are imported with it."""
    inside = modules().keys() - {"maskcore"}
    return {
        module: (imports(path, at_import=True) & inside) - {module}
        for module, path in modules().items()
    }


def packages(names: frozenset[str] | set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def in_table(module: str) -> str:
    """The name that stands in LAYERS: "datasets" for maskcore.datasets.coco."""
    return module.partition(".")[2].partition(".")[0]


def whole(name: str) -> str:
    """The operation that a module is, or is a part of."""
    return PARTS.get(name, name)


def layer(module: str) -> str:
    named = [
        name
        for name, patterns in LAYERS.items()
        if name != "operations" and any(fnmatch(in_table(module), pattern) for pattern in patterns)
    ]
    return named[0] if named else "operations"


def offences(found: dict[str, set[str]]) -> dict[str, set[str]]:
    return {module: wrong for module, wrong in found.items() if wrong}


def test_maskcore_imports_no_interface_not_even_in_a_function() -> None:
    interface = {"streamlit", "pages", "app"}
    found = {module: packages(imports(path)) & interface for module, path in modules().items()}
    assert offences(found) == {}


def test_what_is_slow_to_import_is_imported_where_it_is_used() -> None:
    found = {
        module: packages(imports(path, at_import=True)) & SLOW_TO_IMPORT
        for module, path in modules().items()
    }
    for module in found:
        if in_table(module) == "maskrcnn":
            found[module] -= {"torch"}
    assert offences(found) == {}


def test_importing_maskcore_loads_nothing_slow() -> None:
    names = [name for name in modules() if in_table(name) != "maskrcnn"]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {', '.join(names)}\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    loaded = packages(set(done.stdout.split()))
    assert "maskcore" in loaded
    assert loaded & {*SLOW_TO_IMPORT, "streamlit", "pandas"} == set()


def test_a_module_imports_from_its_own_layer_and_below() -> None:
    height = {name: place for place, name in enumerate(LAYERS)}
    found = {
        module: {it for it in needed if height[layer(it)] > height[layer(module)]}
        for module, needed in needs().items()
    }
    assert offences(found) == {}


def test_operations_do_not_import_each_other() -> None:
    operations = {module for module in modules() if layer(module) == "operations"}
    found = {
        module: {
            it
            for it in needs()[module] & operations
            if whole(in_table(module)) != whole(in_table(it))
        }
        for module in operations
    }
    assert offences(found) == {}


def test_no_modules_import_each_other_in_a_circle() -> None:
    graphlib.TopologicalSorter(needs()).prepare()  # raises CycleError and names them


def test_maskcore_neither_prints_nor_exits() -> None:
    found = {}
    for module, path in modules().items():
        words = {
            ast.unparse(node)
            for node in nodes(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Name | ast.Attribute)
        }
        found[module] = (words | imports(path)) & {
            *("print", "exit", "quit", "SystemExit", "sys.exit", "os._exit"),
            *("sys.stdout", "sys.stderr"),
        }
    elsewhere = {name: words for name, words in found.items() if layer(name) != "command line"}
    assert offences(elsewhere) == {}


def page_files() -> list[Path]:
    return sorted((ROOT / "pages").rglob("*.py"))


def test_every_page_lies_in_a_section() -> None:
    # A server that has just started serves a file in pages/ without running app.py.
    places = [path.relative_to(ROOT / "pages").parts for path in page_files()]
    wrong = ["/".join(it) for it in places if len(it) != 2 and it[0] != "shared"]
    assert wrong == []


def test_pages_import_only_what_they_share() -> None:
    found = {}
    for path in page_files():
        ours = {name for name in imports(path) if packages({name}) & {"pages", "app", "tests"}}
        shared = {name for name in ours if f"{name}.".startswith("pages.shared.")}
        found[str(path.relative_to(ROOT))] = ours - shared - {"pages"}
    assert offences(found) == {}
