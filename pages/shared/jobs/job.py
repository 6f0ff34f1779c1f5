"""A piece of heavy work, as pages and the queue see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass(eq=False)
class Job:
    """One piece of heavy work.

    Attributes:
        title: What it does, for people.
        function: Called as function(report, *arguments) in the worker process.
        arguments: What it gets besides.
        wanted: Asked now and then whether anybody still waits for the result.
        number: Of this job, in order of submission.
        visitor: Whose it is.
        turn: Those of an earlier turn run first; each visitor has one job a turn.
        state: Where it stands.
        share: How much is done, 0 to 1.
        note: A few words on what it is doing, or why it failed.
        parts: Results so far, of jobs that give them one by one.
        result: What the function returned.
        cancelling: Whether it was asked to stop.
        missed_since: Since when nobody was seen to wait for it, in monotonic seconds.
    """

    title: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    wanted: Callable[[], bool] = lambda: True
    number: int = 0
    visitor: str = ""
    turn: int = 0
    state: State = "waiting"
    share: float = 0.0
    note: str = ""
    parts: list[Any] = field(default_factory=list)
    result: Any = None
    cancelling: bool = False
    missed_since: float | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("done", "failed", "cancelled")

    def fail(self, note: str) -> None:
        """End it with the sentence that its visitor reads."""
        self.note = note
        self.state = "failed"

    def take(self, kind: str, content: Any) -> None:
        """Note what the worker process says of it.

        Raises:
            ValueError: If that is nothing that a worker says; TypeError likewise.
        """
        if kind == "report":
            share, note, part = content
            self.share, self.note = max(0.0, min(1.0, float(share))), str(note)
            if part is not None:
                self.parts.append(part)
        elif kind == "done":
            self.result, self.share = content, 1.0
            self.state = "done"
        elif kind == "cancelled":
            self.state = "cancelled"
        elif kind == "failed":
            self.fail(str(content))
        else:
            raise ValueError(f"a worker says nothing of the kind {kind!r}")
