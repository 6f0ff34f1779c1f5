"""Large values that all visitors share: bounded by bytes, and by a fair share for each visitor."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pages.shared import visitors

V = TypeVar("V")

_IDLE_SECONDS = 900.0


@dataclass
class _Entry(Generic[V]):
    value: V
    n_bytes: int
    used: dict[str, float] = field(default_factory=dict)  # by visitor, when


class ByteCache(Generic[V]):
    """A cache in which nobody's values push out all that others need.

    A value is kept once for all who use it, and made once when two ask for it at the same time.
    When room is needed, the visitor who holds most gives up what they have not used for longest;
    it goes when nobody else holds it. What a visitor has not used for a quarter of an hour is no
    longer theirs.
    """

    def __init__(
        self,
        max_bytes: int,
        size: Callable[[V], int],
        *,
        visitor: Callable[[], str] = visitors.current,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make an empty cache.

        Args:
            max_bytes: Of all values together; a larger value is handed out, but not kept.
            size: Says how many bytes a value has.
            visitor: Says who asks.
            clock: Seconds.
        """
        self._max_bytes, self._size, self._visitor, self._clock = max_bytes, size, visitor, clock
        self._entries: dict[Hashable, _Entry[V]] = {}
        self._making: defaultdict[Hashable, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._entries

    @property
    def n_bytes(self) -> int:
        """Of all values together."""
        return sum(entry.n_bytes for entry in self._entries.values())

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return the value of a key; make it if it is not there."""
        visitor = self._visitor()
        with self._lock:
            if (entry := self._touched(key, visitor)) is not None:
                return entry.value
            making = self._making[key]
        with making:
            with self._lock:
                if (entry := self._touched(key, visitor)) is not None:
                    return entry.value
            try:
                value = make()
                with self._lock:
                    self._add(key, _Entry(value, self._size(value)), visitor)
            finally:
                with self._lock:
                    self._making.pop(key, None)
        return value

    def _touched(self, key: Hashable, visitor: str) -> _Entry[V] | None:
        entry = self._entries.get(key)
        if entry is not None:
            entry.used[visitor] = self._clock()
        return entry

    def _add(self, key: Hashable, entry: _Entry[V], visitor: str) -> None:
        if entry.n_bytes > self._max_bytes:
            return
        now = self._clock()
        for other, kept in list(self._entries.items()):
            for holder, at in list(kept.used.items()):
                if now - at > _IDLE_SECONDS:
                    self._give_up(other, holder)
        self._entries[key] = entry
        entry.used[visitor] = now
        while self.n_bytes > self._max_bytes:
            self._make_room(key)

    def _make_room(self, new: Hashable) -> None:
        """Let the visitor who holds most give up a value; not the one that needs the room."""
        held: defaultdict[str, int] = defaultdict(int)
        oldest: dict[str, tuple[float, Hashable]] = {}
        for key, entry in self._entries.items():
            for holder, at in entry.used.items():
                held[holder] += entry.n_bytes
                if key != new and (holder not in oldest or at < oldest[holder][0]):
                    oldest[holder] = at, key
        holder = max(oldest, key=lambda name: (held[name], -oldest[name][0]))
        self._give_up(oldest[holder][1], holder)

    def _give_up(self, key: Hashable, holder: str) -> None:
        entry = self._entries[key]
        del entry.used[holder]
        if not entry.used:
            del self._entries[key]
