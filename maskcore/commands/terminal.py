"""What a person sees of a command: how far it is, what it says, why it cannot go on."""

from __future__ import annotations

import shutil
import sys
from types import TracebackType
from typing import Self, TextIO

_BAR = 24
_ERASE_LINE = "\r\x1b[K"


class Stop(Exception):  # noqa: N818  it says how the command ends, be that an error or not
    """The command cannot go on.

    Attributes:
        exit_code: What the process ends with.
    """

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def cannot_write(place: object, error: OSError) -> Stop:
    """Return why a command ends whose results cannot be written."""
    return Stop(f"{place} cannot be written: {error.strerror or error}.", 1)


def say(text: str, stream: TextIO | None = None) -> None:
    """Write a line, to the standard output by default."""
    stream = stream or sys.stdout
    encoding = stream.encoding or "utf-8"
    line = printable(text).encode(encoding, "backslashreplace").decode(encoding)
    stream.write(f"{line}\n")
    stream.flush()


def printable(text: str) -> str:
    """Replace what could steer a terminal: a file's name may hold anything."""
    return "".join(mark if mark.isprintable() else "�" for mark in text)


class Progress:
    """How far a command is, on the standard error: a bar in a terminal, else a line per file."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._finished = 0
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._drawn:
            sys.stderr.write(_ERASE_LINE)
            sys.stderr.flush()

    def start(self, name: str) -> None:
        """Say what is worked on."""
        if sys.stderr.isatty():
            _draw(self._finished, self._total, f"{self._finished}/{self._total} {name}")
            self._drawn = True

    def finish(self, name: str, outcome: str) -> None:
        """Say what became of it."""
        self._finished += 1
        if not sys.stderr.isatty():
            say(f"{self._finished}/{self._total} {name}: {outcome}", sys.stderr)


class Download:
    """How far the download of a model is, on the standard error."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown = -1

    def __call__(self, done: int, total: int) -> None:
        """Show it where another hundredth has come; without a terminal, only that it begins."""
        percent = 100 * done // max(1, total)
        if percent == self._shown:
            return
        text = f"downloading {self._name}, {total / 1e6:.0f} MB"
        if sys.stderr.isatty():
            _draw(done, total, text)
        elif self._shown < 0:
            say(text, sys.stderr)
        self._shown = percent


def _draw(done: int, total: int, text: str) -> None:
    bar = "#" * (_BAR * done // max(1, total))
    columns = shutil.get_terminal_size().columns
    sys.stderr.write(_ERASE_LINE + f"[{bar:-<{_BAR}}] {printable(text)}"[: columns - 1])
    sys.stderr.flush()
