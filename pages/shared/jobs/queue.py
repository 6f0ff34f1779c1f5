"""A queue for heavy work: one job at a time on this server, in a process of its own.

The queue lives in this module and not in Streamlit's caches, which any visitor's browser can ask
the server to clear.
"""

from __future__ import annotations

import atexit
import itertools
import multiprocessing
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pages.shared.jobs import worker

State = Literal["waiting", "running", "done", "failed", "cancelled"]

_ROOT = Path(__file__).resolve().parents[3]
_CANCEL_SECONDS = 3.0  # for a cancelled job to stop by itself before its process is ended
_GONE_SECONDS = 15.0  # for a visitor to come back, as after a reload, before the job is dropped
_FAILED = "The work stopped with an error on our side; try again, or with a smaller image."
_DIED = "The work was stopped, most likely for want of memory; try a smaller image."


class QueueFullError(Exception):
    """So many jobs wait that no more are taken."""


@dataclass(eq=False)
class Job:
    """One piece of heavy work, as a page sees it.

    Attributes:
        title: What it does, for people.
        state: Where it stands.
        share: How much is done, 0 to 1.
        note: A few words on what it is doing, or why it failed.
        parts: Results so far, of jobs that give them one by one.
        result: What the function returned.
    """

    title: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    wanted: Callable[[], bool]
    number: int
    state: State = "waiting"
    share: float = 0.0
    note: str = ""
    parts: list[Any] = field(default_factory=list)
    result: Any = None
    cancelling: bool = False

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("done", "failed", "cancelled")


class JobQueue:
    """Runs jobs one after the other in one worker process, which is restarted when it dies.

    Args:
        most_waiting: Jobs that may wait; one more is refused.
        preload: Modules that the process imports before its first job.
    """

    def __init__(self, most_waiting: int = 8, preload: tuple[str, ...] = ()) -> None:
        self._most_waiting = most_waiting
        self._preload = preload
        self._waiting: deque[Job] = deque()
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Any = None

    def submit(
        self,
        title: str,
        function: Callable[..., Any],
        *arguments: Any,
        wanted: Callable[[], bool] = lambda: True,
    ) -> Job:
        """Put a job at the end of the line.

        Args:
            title: What it does, for people.
            function: Called as function(report, *arguments) in the worker process; its module must
                not import streamlit.
            *arguments: What it gets besides; must be picklable.
            wanted: Asked now and then whether anybody still waits for the result.

        Raises:
            QueueFullError: If too many jobs wait already.
        """
        with self._changed:
            if len(self._waiting) >= self._most_waiting:
                raise QueueFullError
            job = Job(title, function, arguments, wanted, next(self._numbers))
            self._waiting.append(job)
            self._changed.notify_all()
        self._start()
        return job

    def cancel(self, job: Job) -> None:
        """Stop a job, or take it out of the line."""
        with self._changed:
            job.cancelling = True
            if job in self._waiting:
                self._waiting.remove(job)
                job.state = "cancelled"

    def ahead(self, job: Job) -> int:
        """Return how many jobs come before this one, the running one included."""
        with self._changed:
            if job not in self._waiting:
                return 0
            return list(self._waiting).index(job) + 1

    def warm_up(self) -> None:
        """Start the worker process now, so that the first job need not wait for it."""
        self._start()

    def _start(self) -> None:
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="jobs")
                self._thread.start()

    def stop(self) -> None:
        """End the worker process; for the end of the server."""
        process = self._process
        if process is not None:
            process.kill()
            process.wait(5)

    def _run(self) -> None:
        self._restart()
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                job = self._waiting.popleft()
                job.state = "running"
            if not job.wanted():
                job.state = "cancelled"
                continue
            try:
                self._attend(job)
            except (EOFError, OSError):
                job.state, job.note = "failed", _DIED
                self._restart()

    def _attend(self, job: Job) -> None:
        """Hand a job to the process and follow it to its end."""
        if self._process is None or self._process.poll() is not None:  # it died while idle
            self._restart()
        self._pipe.send((job.number, job.function, job.arguments))
        last_wanted, asked_to_stop = time.monotonic(), None
        while not job.finished:
            now = time.monotonic()
            if job.wanted():
                last_wanted = now
            elif now - last_wanted > _GONE_SECONDS:
                job.cancelling = True
            if job.cancelling and asked_to_stop is None:
                asked_to_stop = now
                self._pipe.send(("cancel", job.number))
            if asked_to_stop is not None and now - asked_to_stop > _CANCEL_SECONDS:
                job.state = "cancelled"
                self._restart()
            elif self._pipe.poll(0.1):
                number, kind, content = self._pipe.recv()
                if number == job.number:
                    _note(job, kind, content)

    def _restart(self) -> None:
        self.stop()
        # Not multiprocessing.Process: that runs the main module again, which is the app.
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", worker.__name__, str(theirs.fileno()), *self._preload],
            cwd=_ROOT,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl+C is for the server, which ends it in order
        )
        theirs.close()  # so that the end of the process ends the pipe


def _note(job: Job, kind: str, content: Any) -> None:
    """Write what the process says into the job."""
    if kind == "report":
        job.share, job.note, part = content
        if part is not None:
            job.parts.append(part)
    elif kind == "done":
        job.result, job.share = content, 1.0
        job.state = "done"
    elif kind == "cancelled":
        job.state = "cancelled"
    else:
        job.note = content if kind == "fault" else _FAILED
        job.state = "failed"


queue = JobQueue(preload=("maskcore.maskrcnn.model",))
"""The server's one queue."""

atexit.register(queue.stop)
