"""The worker process as the server sees it: started, asked, heard, ended."""

from __future__ import annotations

import multiprocessing
import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from pages.shared.jobs import worker

_ROOT = Path(__file__).resolve().parents[3]
_STOP_SECONDS = 5.0


class WorkerProcess:
    """A process of `worker`, which starts at once.

    Args:
        preload: Modules that it imports before its first job.

    Raises:
        OSError: If the system has no room for it.
    """

    def __init__(self, preload: tuple[str, ...]) -> None:
        # Not multiprocessing.Process: that runs the main module again, which is the app.
        self._pipe, theirs = multiprocessing.Pipe()
        with theirs:  # closed here, so that the end of the process ends the pipe
            self._process = subprocess.Popen(
                [sys.executable, "-m", worker.__name__, str(theirs.fileno()), *preload],
                cwd=_ROOT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl+C is for the server, which ends it in order
            )
        self._heard: SimpleQueue[bytes | None] = SimpleQueue()
        threading.Thread(target=_listen, args=(self._pipe, self._heard), daemon=True).start()

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def run(self, number: int, payload: bytes) -> None:
        """Give it a job.

        Args:
            number: Of the job.
            payload: The pickled (function, arguments).

        Raises:
            OSError: If it has died.
        """
        self._pipe.send(("run", number))
        self._pipe.send_bytes(payload)

    def cancel(self, number: int) -> None:
        """Ask it to stop a job.

        Raises:
            OSError: If it has died.
        """
        self._pipe.send(("cancel", number))

    def hear(self, seconds: float) -> Any:
        """Return what it says next; None if it says nothing for so long.

        Raises:
            EOFError: If it has died.
            Exception: Of any kind, if what it says cannot be unpickled.
        """
        try:
            message = self._heard.get(timeout=seconds)
        except Empty:
            return None
        if message is None:
            raise EOFError
        return pickle.loads(message)

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)


def _listen(pipe: Connection, heard: SimpleQueue[bytes | None]) -> None:
    """Pass on what comes; apart from the queue's thread, which half a message must not hold up."""
    try:
        while True:
            heard.put(pipe.recv_bytes())
    except (EOFError, OSError, MemoryError):
        heard.put(None)
