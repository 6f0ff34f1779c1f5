"""The names of YOLO's classes: data.yaml, classes.txt, obj.names.

Of YAML (https://yaml.org/spec/1.2.2/) as much is read as lists of names need: `names` as a list
or a mapping, in block or flow style, plain, 'single' or "double" quoted. Nothing is executed or
expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from maskcore.datasets.files import base, suffix

_QUOTED = r'"(?:[^"\\]|\\.)*+"|' r"'(?:[^']|'')*+'"
_NAMES = re.compile(r"^([\"']?)names\1[ \t]*:(?=\s|$)[ \t]*", re.MULTILINE)
_KEYPOINTS = re.compile(r"^kpt_shape[ \t]*:", re.MULTILINE)
_BETWEEN = r"(?:\s|,|#[^\n]*+)*+"
_PLAIN = r"(?:[^,\[\]{}\n#]|(?<!\s)#)"
_IN_LIST = re.compile(rf"{_BETWEEN}(?P<key>)(?P<value>{_QUOTED}|(?![\"']){_PLAIN}++)", re.DOTALL)
_IN_MAPPING = re.compile(
    rf"{_BETWEEN}[\"']?(?P<key>\d+)[\"']?\s*:\s*(?P<value>{_QUOTED}|(?![\"']){_PLAIN}*+)", re.DOTALL
)
_ITEM = re.compile(r"(?P<indent>\s*)-(?P<key>)(?:\s+(?P<value>.*))?$")
_ENTRY = re.compile(r"(?P<indent>\s*)[\"']?(?P<key>\d+)[\"']?\s*:(?:\s+(?P<value>.*))?$")
_ESCAPE = re.compile(
    r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U000[0-9A-Fa-f]{5}|U0010[0-9A-Fa-f]{4}|.)"
)
_ESCAPED = dict(zip("0abtnvfreN_LP", "\0\a\b\t\n\v\f\r\x1b\x85\xa0\u2028\u2029", strict=True))
_MOST_DIGITS = 9


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
    """Read `names`: class number -> name; {} if there are none."""
    found = _NAMES.search(text)
    if found is None:
        return {}
    rest = text[found.end() :]
    value = rest.lstrip()
    entries = _flow(value) if value[:1] in ("[", "{") else _block(rest)
    names: dict[int, str] = {}
    for key, raw in entries:
        if len(key) <= _MOST_DIGITS:
            names[int(key) if key else len(names)] = _scalar(raw)
    return names


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


def _flow(value: str) -> Iterator[tuple[str, str]]:
    pattern = _IN_LIST if value[0] == "[" else _IN_MAPPING
    place = 1
    while found := pattern.match(value, place):
        yield found["key"], found["value"]
        place = found.end()


def _block(rest: str) -> list[tuple[str, str]]:
    """Read lines "- name" or "0: name", which may go on in lines that are indented more."""
    entries: list[tuple[str, list[str]]] = []
    indent = None
    for line in rest.splitlines()[1:]:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line.startswith((" ", "\t", "-")) or line.startswith("---"):
            break
        found = _ITEM.match(line) or _ENTRY.match(line)
        if found and indent in (None, found["indent"]):
            indent = found["indent"]
            entries.append((found["key"], [found["value"] or ""]))
        elif entries:
            entries[-1][1].append(line.strip())
    return [(key, " ".join(pieces)) for key, pieces in entries]


def _scalar(raw: str) -> str:
    raw = raw.strip()
    quoted = re.match(_QUOTED, raw, re.DOTALL)
    if quoted is None:
        plain = re.sub(r"(?:^|\s)#.*", "", raw).strip()
        return "" if plain in ("~", "null") else plain
    inner = quoted[0][1:-1]
    if raw[0] == "'":
        return inner.replace("''", "'")
    text = _ESCAPE.sub(_unescaped, inner)
    # JSON's way to write what lies beyond the 65,536 characters of \u; half a pair is nothing.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPED.get(code, code)


def _double_quoted(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(mark: str) -> str:
    if mark in ('"', "\\"):
        return f"\\{mark}"
    if mark.isprintable():
        return mark
    return f"\\u{ord(mark):04x}" if ord(mark) < 1 << 16 else f"\\U{ord(mark):08x}"
