"""The names of YOLO's classes: data.yaml, classes.txt, obj.names.

YAML is read as PyYAML's parser tells its parts, and of them only text is taken, as it stands in
the file: nothing is built, run or expanded, and a class called `on`, `1.0` or `2024-05-01` stays
what somebody wrote. PyYAML would read a switch, a number and a day, as YAML 1.1 has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

import yaml

from maskcore.datasets.files import base, suffix
from maskcore.errors import DatasetError

MAX_LENGTH = 2_000_000 if yaml.__with_libyaml__ else 100_000
"""Characters that a YAML may have: some 100,000 names, or 5,000 where PyYAML has no libyaml."""

_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_MOST_NESTED = 32
_MOST_DIGITS = 9
_NULLS = {"", "~", "null", "Null", "NULL"}
_NAMES = re.compile(r"^([\"']?)names\1[ \t]*:(?=\s|$)", re.MULTILINE)
_BARE_NAME = re.compile(
    r"^(?P<number>[ \t]*[\"']?\d+[\"']?:[ ]+)(?P<name>[^\s\"'\[{&*!|>#%@`].*:[ ].*)$", re.MULTILINE
)
_KEYPOINTS = re.compile(r"^kpt_shape[ \t]*:", re.MULTILINE)


def is_names_file(name: str) -> bool:
    """Whether a file is a plain list of names, by its own name."""
    return base(name).casefold() == "classes.txt" or suffix(name) == ".names"


def is_yaml(name: str) -> bool:
    """Whether a file is YAML, by its ending."""
    return suffix(name) in (".yaml", ".yml")


def has_names(text: str) -> bool:
    """Whether a YAML text states names of classes."""
    return _NAMES.search(text) is not None


def has_keypoints(text: str) -> bool:
    """Whether a YAML text is of a pose data set, whose lines are boxes and keypoints."""
    return _KEYPOINTS.search(text) is not None


def read_list(text: str) -> dict[int, str]:
    """Read a name per line."""
    names = [line.strip() for line in text.rstrip().splitlines()]
    return dict(enumerate(names)) if names != [""] else {}


def read_yaml(text: str) -> dict[int, str]:
    """Read `names`: class number -> name; {} if there are none.

    A name after its number may hold ": " without quotes, which YAML does not allow.

    Raises:
        DatasetError: If it is no YAML or too large; the sentence does not name the file.
    """
    if len(text) > MAX_LENGTH:
        raise DatasetError(f"The file is longer than {MAX_LENGTH:,} characters")
    try:
        return _names(text)
    except yaml.YAMLError as error:
        with suppress(yaml.YAMLError):
            return _names(_BARE_NAME.sub(_with_quotes, text))
        raise DatasetError(_fault(error, text)) from error


def write_yaml(names: Iterable[tuple[int, str]], folders: Mapping[str, Sequence[str]]) -> str:
    """Write a data.yaml.

    Args:
        names: Class number and name.
        folders: "train", "val" and "test" -> folders of images beside the file.
    """
    lines = ["# Ultralytics YOLO: https://docs.ultralytics.com/datasets/segment/"]
    for key, several in folders.items():
        written = ", ".join(map(_double_quoted, several))
        lines.append(f"{key}: [{written}]" if len(several) > 1 else f"{key}: {written}")
    numbered = [f"  {number}: {_double_quoted(name)}" for number, name in names]
    lines += ["names:", *numbered] if numbered else ["names: {}"]
    return "\n".join(lines) + "\n"


def _names(text: str) -> dict[int, str]:
    names: dict[int, str] = {}
    events = _shallow(yaml.parse(text, Loader=_LOADER))
    for event in events:
        if not isinstance(event, yaml.DocumentStartEvent):
            continue
        if isinstance(next(events), yaml.MappingStartEvent):
            entries = _entries(events)
            for key in entries:
                if key == "names":
                    names = _numbered(events)
                else:
                    next(entries)
    return names


def _shallow(events: Iterable[yaml.Event]) -> Iterator[yaml.Event]:
    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _MOST_NESTED:
            raise DatasetError("The file is nested too deeply")
        yield event


def _entries(events: Iterator[yaml.Event]) -> Iterator[str | None]:
    """Yield what stands in the list or mapping that has just begun; None for what is no text."""
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            return
        if isinstance(event, yaml.CollectionStartEvent):
            for _ in _entries(events):
                pass
        yield _text(event)


def _text(event: yaml.Event) -> str | None:
    if not isinstance(event, yaml.ScalarEvent):
        return None
    is_plain = event.implicit[0]
    return "" if is_plain and event.value in _NULLS else str(event.value)


def _numbered(events: Iterator[yaml.Event]) -> dict[int, str]:
    """Take the value of `names`: a list, or a mapping of class numbers."""
    value = next(events)
    entries = _entries(events)
    if isinstance(value, yaml.SequenceStartEvent):
        return {number: name for number, name in enumerate(entries) if name is not None}
    if not isinstance(value, yaml.MappingStartEvent):
        return {}
    return {
        int(key): name
        for key, name in zip(entries, entries, strict=True)
        if key and name is not None and key.isdecimal() and len(key) <= _MOST_DIGITS
    }


def _with_quotes(line: re.Match[str]) -> str:
    return line["number"] + _double_quoted(line["name"].partition(" #")[0].strip())


def _fault(error: yaml.YAMLError, text: str) -> str:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    if mark is None:
        return "The file is not valid YAML"
    line = (*text.splitlines(), "")[mark.line]
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return f"Line {mark.line + 1} is indented with a tab, which YAML does not allow"
    return f"Line {mark.line + 1} is not valid YAML"


def _double_quoted(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(mark: str) -> str:
    if mark in ('"', "\\"):
        return f"\\{mark}"
    if mark.isprintable():
        return mark
    return f"\\u{ord(mark):04x}" if ord(mark) < 1 << 16 else f"\\U{ord(mark):08x}"
