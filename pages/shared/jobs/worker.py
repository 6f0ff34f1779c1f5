"""The process that does the heavy work, `python -m pages.shared.jobs.worker`, without streamlit.

One job at a time comes in over a pipe as (number, function, arguments). The function gets a
`report` to call now and then, and what it returns or raises goes back. Modules and models that a
job has loaded stay loaded for the next one.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from maskcore import image_io
from maskcore.errors import MaskcoreError

Report = Callable[[float, str, Any], None]
"""Called with the share that is done (0 to 1), a few words, and a part of the result or None."""


class Cancelled(BaseException):
    """Raised by `report` inside a job that nobody wants any more."""


def run(pipe: Connection, preload: tuple[str, ...]) -> None:
    """Serve jobs until the other end of the pipe closes.

    Args:
        pipe: Takes (number, function, arguments) and ("cancel", number); gives back
            (number, kind, content) with kind "report", "done", "fault", "failed" or "cancelled".
        preload: Modules to import before the first job.
    """
    os.nice(10)  # the pages stay quick while a job runs
    image_io.quiet_warnings()
    for name in preload:
        importlib.import_module(name)
    while True:
        try:
            message = pipe.recv()
        except EOFError:
            return
        if message[0] != "cancel":  # of a job that has just ended
            _serve(pipe, *message)


def _serve(pipe: Connection, number: int, function: Callable[..., Any], arguments: Any) -> None:
    def report(share: float, note: str, part: Any = None) -> None:
        while pipe.poll():
            if pipe.recv() == ("cancel", number):
                raise Cancelled
        pipe.send((number, "report", (share, note, part)))

    try:
        answer = number, "done", function(report, *arguments)
    except Cancelled:
        answer = number, "cancelled", None
    except MaskcoreError as error:
        answer = number, "fault", str(error)
    except Exception:
        logging.getLogger(__name__).exception("job %d failed", number)
        answer = number, "failed", None
    pipe.send(answer)


if __name__ == "__main__":
    run(Connection(int(sys.argv[1])), tuple(sys.argv[2:]))
