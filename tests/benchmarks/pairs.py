"""Ours against peers in turn, so that whatever else the machine does hits both alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import cv2

cv2.setNumThreads(1)

Work = Callable[[], object]

_SLICE = 0.03  # seconds that a callable runs in a row, warm, before the next has its turn


@dataclass(frozen=True)
class Peer:
    """What ours is compared with.

    Attributes:
        work: Does the same as ours.
        aim: How many times as long as ours it should take; None where nothing is aimed at.
        note: Said behind the figure.
    """

    work: Work
    aim: float | None = None
    note: str = ""


def heading() -> None:
    """Print the names of the table's columns; the figures are medians of paired ratios."""
    print("One thread. A figure is the peer's time over ours: the median of the rounds' ratios.")
    print(f"{'what':<26} {'ours':>10}  {'peer':<34} {'aim':>5} {'figure':>7}  setting")


def compare(
    name: str, ours: Work, peers: Mapping[str, Peer], *, setting: str, rounds: int = 9
) -> dict[str, float]:
    """Print a line per peer and return the figures.

    Args:
        name: What is done.
        ours: Does it our way.
        peers: Others that do it, by name.
        setting: Sizes and counts, as printed.
        rounds: How often everyone has a turn.
    """
    works = {"": ours, **{peer: it.work for peer, it in peers.items()}}
    repeats = {who: _repeats(work) for who, work in works.items()}
    seconds: dict[str, list[float]] = {who: [] for who in works}
    for _ in range(rounds):
        for who, work in works.items():
            work()  # warms the caches that the one before has filled
            seconds[who].append(_seconds(work, repeats[who]))
    figures = {}
    for who, peer in peers.items():
        ratios = (theirs / our for theirs, our in zip(seconds[who], seconds[""], strict=True))
        figures[who] = median(ratios)
        missed = peer.aim is not None and figures[who] < peer.aim
        aim = "-" if peer.aim is None else f"{peer.aim:g}x"
        remarks = "; ".join(filter(None, [setting, peer.note, "MISSED" * missed]))
        print(
            f"{name:<26} {median(seconds['']) * 1e6:>7.0f} us  {who:<34} {aim:>5} "
            f"{figures[who]:>6.2f}x  {remarks}",
            flush=True,
        )
    return figures


def _repeats(work: Work) -> int:
    work()
    return max(1, round(_SLICE / _seconds(work, 1)))


def _seconds(work: Work, repeats: int) -> float:
    """Seconds of one call, of so many in a row."""
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - start) / repeats
