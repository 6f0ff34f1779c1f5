"""A queue for heavy work: one job at a time on this server, in a process of its own.

Visitors take turns: the second job of one waits behind the first job of every other. Whatever
goes wrong with a job ends that job alone.

The queue lives in this module and not in Streamlit's caches, which any visitor's browser can ask
the server to clear.
"""

from __future__ import annotations

import atexit
import bisect
import itertools
import logging
import pickle
import threading
import time
from collections.abc import Callable
from typing import Any

from pages.shared.jobs.job import Job
from pages.shared.jobs.worker import FAILED
from pages.shared.jobs.worker_process import WorkerProcess

_CANCEL_SECONDS = 3.0  # for a cancelled job to stop by itself before its process is ended
_GONE_SECONDS = 15.0  # for a visitor to come back, as after a reload, before the job is dropped
_LOOK_SECONDS = 0.1
_DIED = "The work was stopped, most likely for want of memory; try a smaller image."

_log = logging.getLogger(__name__)


class QueueFullError(Exception):
    """So many jobs wait that no more are taken."""


class ShareUsedError(Exception):
    """So many jobs of this visitor wait that no more of theirs are taken."""


class JobQueue:
    """Runs jobs one after the other in one worker process, which is restarted when it dies.

    Args:
        most_waiting: Jobs that may wait; one more is refused.
        most_of_one: Jobs of one visitor that may wait. With one that runs, two are what a person
            can follow; and it takes four visitors to fill the line.
        preload: Modules that the process imports before its first job.
    """

    def __init__(
        self, most_waiting: int = 8, most_of_one: int = 2, preload: tuple[str, ...] = ()
    ) -> None:
        self._most_waiting = most_waiting
        self._most_of_one = most_of_one
        self._preload = preload
        self._changed = threading.Condition()
        self._waiting: list[Job] = []  # in the order in which they will run
        self._running: Job | None = None
        self._turn = 0  # of the job that ran last
        self._numbers = itertools.count(1)
        self._thread: threading.Thread | None = None
        self._process: WorkerProcess | None = None

    def submit(
        self,
        title: str,
        function: Callable[..., Any],
        *arguments: Any,
        visitor: str = "",
        wanted: Callable[[], bool] = lambda: True,
    ) -> Job:
        """Put a job in line.

        Args:
            title: What it does, for people.
            function: Called as function(report, *arguments) in the worker process; its module must
                not import streamlit.
            *arguments: What it gets besides; the job fails if they cannot be pickled.
            visitor: Whose job it is.
            wanted: Asked now and then whether anybody still waits for the result.

        Raises:
            ShareUsedError: If too many jobs of this visitor wait already.
            QueueFullError: If too many jobs of all visitors do.
        """
        with self._changed:
            own = [job for job in self._waiting if job.visitor == visitor]
            if len(self._waiting) >= self._most_waiting:
                raise QueueFullError
            if len(own) >= self._most_of_one:
                raise ShareUsedError
            if self._running is not None and self._running.visitor == visitor:
                own.append(self._running)
            turn = max((job.turn + 1 for job in own), default=self._turn)
            job = Job(title, function, arguments, wanted, next(self._numbers), visitor, turn)
            try:
                self._start()
            except RuntimeError:  # the system has no room for a thread
                _log.exception("job %d cannot be followed", job.number)
                job.fail(FAILED)
                return job
            bisect.insort(self._waiting, job, key=lambda other: (other.turn, other.number))
            self._changed.notify_all()
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
            return self._waiting.index(job) + 1 if job in self._waiting else 0

    def warm_up(self) -> None:
        """Start the worker process now, so that the first job need not wait for it."""
        with self._changed:
            self._start()

    def stop(self) -> None:
        """End the worker process; for the end of the server."""
        process = self._process
        if process is not None:
            process.stop()

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, daemon=True, name="jobs")
            self._thread.start()

    def _run(self) -> None:
        try:
            self._living_process()
        except Exception:  # the first job tries again
            _log.exception("no worker process could be started")
        while True:
            job = self._next()
            try:
                self._attend(job)
            except BaseException as error:
                died = isinstance(error, EOFError | OSError)
                _log.error("job %d failed", job.number, exc_info=error)
                job.fail(_DIED if died else FAILED)
                self.stop()  # it may be at work on the job still
            finally:
                self._running = None

    def _next(self) -> Job:
        """Wait for a job whose visitor is there, and take it out of the line."""
        with self._changed:
            while True:
                self._drop_abandoned()
                present = (job for job in self._waiting if job.missed_since is None)
                job = next(present, None)
                if job is not None:
                    self._waiting.remove(job)
                    self._running, self._turn = job, job.turn
                    job.state = "running"
                    return job
                self._changed.wait(_LOOK_SECONDS if self._waiting else None)

    def _attend(self, job: Job) -> None:
        """Hand a job to the process and follow it to its end."""
        try:
            payload = pickle.dumps((job.function, job.arguments))
        except Exception:
            _log.exception("job %d cannot be sent", job.number)
            job.fail(FAILED)
            return
        process = self._living_process()
        process.run(job.number, payload)
        job.arguments, payload = (), b""  # they may be large, and sessions remember their jobs
        asked_to_stop = None
        while not job.finished:
            now = time.monotonic()
            job.cancelling = job.cancelling or _is_abandoned(job)
            if job.cancelling and asked_to_stop is None:
                asked_to_stop = now
                process.cancel(job.number)
            if asked_to_stop is not None and now - asked_to_stop > _CANCEL_SECONDS:
                job.state = "cancelled"
                process.stop()
            elif (message := process.hear(_LOOK_SECONDS)) is not None:
                number, kind, content = message
                if number == job.number:
                    job.take(kind, content)
            with self._changed:
                self._drop_abandoned()

    def _living_process(self) -> WorkerProcess:
        if self._process is None or not self._process.lives:
            self._process = WorkerProcess(self._preload)
        return self._process

    def _drop_abandoned(self) -> None:
        """Take those out of the line whose visitors are gone for good."""
        for job in [*self._waiting]:
            try:
                if not _is_abandoned(job):
                    continue
                job.state = "cancelled"
            except Exception:
                _log.exception("nobody can say whether job %d is wanted", job.number)
                job.fail(FAILED)
            self._waiting.remove(job)


def _is_abandoned(job: Job) -> bool:
    """Whether nobody waits for a job any more; a connection that blinks is no reason."""
    if job.wanted():
        job.missed_since = None
        return False
    now = time.monotonic()
    if job.missed_since is None:
        job.missed_since = now
    return now - job.missed_since > _GONE_SECONDS


queue = JobQueue(preload=("maskcore.maskrcnn.model",))
"""The server's one queue."""

atexit.register(queue.stop)
