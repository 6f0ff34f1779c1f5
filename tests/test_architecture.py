"""Who may import whom: imports run one way, and maskcore knows nothing of its user interface.

The rules are read off the folders: what stands in a folder of maskcore is one room. Files are
parsed, not imported, so that nothing here depends on what happens to be installed.
"""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]

FLOORS = [
    {"arrays", "errors", "wording"},
    {"checks", "boxes", "extras"},
    {"files", "rle"},
    {"types"},
    {"image_io", "masks", "mask_files", "rle_text", "rle_csv"},
    {"samples"},
    set[str](),  # operations: every room that is not named here
    {"datasets", "exports"},
    {"project"},
    {"batch"},
    {"commands", "__main__"},
]
"""The rooms of maskcore from the bottom up; each imports from its own floor and from below."""

OPERATIONS = FLOORS.index(set())

SLOW_TO_IMPORT = {"torch", "torchvision", "sklearn"}

MOST_ENTRIES = {"maskcore": 36}
"""Entries that a folder may have, where it is not `USUAL_ENTRIES`."""

USUAL_ENTRIES = 22
MOST_LINES = 300


def source_files(*tops: str) -> list[Path]:
    return sorted(path for top in tops for path in (ROOT / top).rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


@cache
def modules() -> dict[str, Path]:
    """Dotted name -> file, of everything in maskcore and in pages."""
    return {dotted(path): path for path in source_files("maskcore", "pages")}


def core_modules() -> dict[str, Path]:
    return {name: path for name, path in modules().items() if f"{name}.".startswith("maskcore.")}


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
    """Module -> the modules of this project that are imported with it."""
    inside = modules().keys() - {"maskcore"}
    return {
        module: (imports(path, at_import=True) & inside) - {module}
        for module, path in modules().items()
    }


def top_names(names: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def room(module: str) -> str:
    """The folder or file of maskcore that a module stands in; in pages, that of a page."""
    parts = module.split(".")
    return ".".join(parts[1:2] if parts[0] == "maskcore" else parts[:3])


def floor(module: str) -> int:
    named = [place for place, rooms in enumerate(FLOORS) if room(module) in rooms]
    return named[0] if named else OPERATIONS


def offences(found: dict[str, set[str]]) -> dict[str, set[str]]:
    return {module: wrong for module, wrong in found.items() if wrong}


def test_maskcore_imports_no_interface_not_even_in_a_function() -> None:
    interface = {"streamlit", "pages", "app"}
    found = {
        module: top_names(imports(path)) & interface for module, path in core_modules().items()
    }
    assert offences(found) == {}


def test_what_is_slow_to_import_is_imported_where_it_is_used() -> None:
    found = {
        module: top_names(imports(path, at_import=True)) & SLOW_TO_IMPORT
        for module, path in core_modules().items()
    }
    for module in found:
        if room(module) == "maskrcnn":
            found[module] -= {"torch"}
    assert offences(found) == {}


def test_importing_maskcore_loads_nothing_slow() -> None:
    names = [name for name in core_modules() if name == "maskcore" or room(name) != "maskrcnn"]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {', '.join(names)}\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    loaded = top_names(done.stdout.split())
    assert "maskcore" in loaded
    assert loaded & {*SLOW_TO_IMPORT, "streamlit", "pandas"} == set()


def test_a_room_imports_from_its_own_floor_and_below() -> None:
    core = core_modules().keys() - {"maskcore"}
    found = {
        module: {needed for needed in needs()[module] & core if floor(needed) > floor(module)}
        for module in core
    }
    assert offences(found) == {}


def test_operations_do_not_import_each_other() -> None:
    core = core_modules().keys() - {"maskcore"}
    operations = {module for module in core if floor(module) == OPERATIONS}
    found = {
        module: {other for other in needs()[module] & operations if room(other) != room(module)}
        for module in operations
    }
    assert offences(found) == {}


def test_no_modules_import_each_other_in_a_circle() -> None:
    graphlib.TopologicalSorter(needs()).prepare()  # raises CycleError and names them


def test_no_rooms_import_each_other_in_a_circle() -> None:
    rooms = defaultdict(set)
    for module, needed in needs().items():
        rooms[room(module)] |= {room(other) for other in needed} - {room(module)}
    graphlib.TopologicalSorter(rooms).prepare()


def test_maskcore_neither_prints_nor_exits() -> None:
    found = {}
    for module, path in core_modules().items():
        words = {
            ast.unparse(node)
            for node in nodes(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Name | ast.Attribute)
        }
        found[module] = (words | imports(path)) & {
            *("print", "exit", "quit", "SystemExit", "sys.exit", "os._exit"),
            *("sys.stdout", "sys.stderr"),
        }
    found.pop("maskcore")
    elsewhere = {
        name: words for name, words in found.items() if room(name) not in {"commands", "__main__"}
    }
    assert offences(elsewhere) == {}


def test_no_name_in_a_package_hides_a_module_of_it() -> None:
    found = {}
    for name, path in modules().items():
        if path.name != "__init__.py":
            continue
        entries = [it for it in path.parent.iterdir() if it.is_dir() or it.suffix == ".py"]
        inside = {entry.stem for entry in entries}
        bound = set()
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                bound.add(node.name)
            elif isinstance(node, ast.ImportFrom) and node.module != name:
                bound |= {alias.asname or alias.name for alias in node.names}
        found[name] = bound & inside
    assert offences(found) == {}


def test_folders_and_modules_are_small_enough_to_look_through() -> None:
    folders = {ROOT / "pages", *(path.parent for path in modules().values())}
    crowded = {
        str(folder.relative_to(ROOT)): len(entries)
        for folder in folders
        if len(entries := [it for it in folder.iterdir() if it.name != "__pycache__"])
        > MOST_ENTRIES.get(folder.name, USUAL_ENTRIES)
    }
    long = {
        name: lines
        for name, path in modules().items()
        if (lines := len(path.read_text("utf-8").splitlines())) > MOST_LINES
    }
    assert crowded == {}
    assert long == {}


def test_a_page_imports_its_own_parts_and_what_pages_share() -> None:
    found = {}
    for module, path in modules().items():
        if not module.startswith("pages."):
            continue
        ours = {name for name in imports(path) if top_names([name]) & {"pages", "app", "tests"}}
        parts = module.split(".")
        allowed = ["pages.shared."]
        if parts[1] != "shared" and len(parts) > 2:
            allowed.append(".".join(parts[:3]) + ".")
        found[module] = {
            name
            for name in ours - {"pages", "pages.shared"}
            if not f"{name}.".startswith(tuple(allowed))
        }
    assert offences(found) == {}
