"""The process that does the heavy work, `python -m pages.shared.jobs.worker`, without streamlit.

One job at a time comes in over a pipe. The function gets a `report` to call now and then, and
what it returns or raises goes back; no job ends the process but by ending it itself. Modules and
models that a job has loaded stay loaded for the next one.
"""

from __future__ import annotations

import importlib
import logging
import os
import pickle
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from maskcore import image_io
from maskcore.errors import MaskcoreError
from pages.shared.server import disk

Report = Callable[[float, str, Any], None]
"""Called with the share that is done (0 to 1), a few words, and a part of the result or None."""

FAILED = "The work stopped with an error on our side; try again, or with a smaller image."

_log = logging.getLogger(__name__)


class Cancelled(BaseException):
    """Raised by `report` inside a job that nobody wants any more."""


def run(pipe: Connection, preload: tuple[str, ...]) -> None:
    """Serve jobs until the other end of the pipe closes.

    Args:
        pipe: Takes ("run", number), then the pickled (function, arguments), and ("cancel", number);
            gives back (number, kind, content) with kind "report", "done", "failed" (the content
            is a sentence for people) or "cancelled".
        preload: Modules to import before the first job.
    """
    os.nice(10)  # the pages stay quick while a job runs
    image_io.quiet_warnings()
    for name in preload:
        try:
            importlib.import_module(name)
        except Exception:  # what needs it says so better
            _log.exception("%s could not be loaded", name)
    while True:
        try:
            what, number = pipe.recv()
            if what == "run":  # else to cancel a job that has just ended
                pipe.send_bytes(_answer(pipe, number, pipe.recv_bytes()))
        except (EOFError, BrokenPipeError):
            return


def _answer(pipe: Connection, number: int, payload: bytes) -> bytes:
    """Do the work and return what comes of it, pickled."""

    def report(share: float, note: str, part: Any = None) -> None:
        while pipe.poll():
            if pipe.recv() == ("cancel", number):
                raise Cancelled
        pipe.send((number, "report", (share, note, part)))

    try:
        function, arguments = pickle.loads(payload)
        return pickle.dumps((number, "done", function(report, *arguments)))
    except Cancelled:
        return pickle.dumps((number, "cancelled", None))
    except BaseException as error:
        return pickle.dumps((number, "failed", _sentence(error, number)))


def _sentence(error: BaseException, number: int) -> str:
    if isinstance(error, MaskcoreError):
        return str(error)
    if disk.is_full(error):
        return disk.FULL
    _log.error("job %d failed", number, exc_info=error)
    return FAILED


if __name__ == "__main__":
    run(Connection(int(sys.argv[1])), tuple(sys.argv[2:]))
