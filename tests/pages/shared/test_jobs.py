"""The queue for heavy work: order, progress, cancel, faults."""

from __future__ import annotations

import os
import pickle
import re
import threading
import time
from pathlib import Path

import pytest

from pages.shared.jobs import worker_process
from pages.shared.jobs.queue import JobQueue, QueueFullError, ShareUsedError
from pages.shared.server import disk
from tests.pages import job_functions


@pytest.fixture(scope="module")
def queue():
    queue = JobQueue(most_waiting=2)
    yield queue
    queue.stop()


def until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def finished(job):
    until(lambda: job.finished)
    return job


def test_a_job_reports_parts_and_gives_its_result(queue):
    job = finished(queue.submit("double", job_functions.double, 21))
    assert (job.state, job.result, job.share, job.parts) == ("done", 42, 1.0, [21])


def test_jobs_run_one_after_the_other_in_one_process_of_their_own(queue):
    first, second = (queue.submit("who", job_functions.process) for _ in range(2))
    assert finished(first).result == finished(second).result != os.getpid()


def test_a_fault_in_what_the_user_gave_is_said_in_its_own_words(queue):
    job = finished(queue.submit("fault", job_functions.fault))
    assert (job.state, job.note) == ("failed", "The file is not a model.")


def test_a_mistake_of_ours_is_a_plain_apology(queue):
    job = finished(queue.submit("mistake", job_functions.mistake))
    assert job.state == "failed"
    assert "ours" not in job.note
    assert finished(queue.submit("double", job_functions.double, 1)).result == 2


def test_a_running_job_stops_when_it_is_cancelled_and_the_process_lives_on(queue, tmp_path):
    before = finished(queue.submit("who", job_functions.process)).result
    job = queue.submit("long", job_functions.last_long, tmp_path / "began")
    until((tmp_path / "began").exists)
    queue.cancel(job)
    assert finished(job).state == "cancelled"
    assert finished(queue.submit("who", job_functions.process)).result == before


def test_waiting_jobs_see_their_place_and_a_full_line_refuses_more(queue, tmp_path):
    running = queue.submit("long", job_functions.last_long, tmp_path / "began")
    until((tmp_path / "began").exists)
    waiting = [queue.submit("double", job_functions.double, i) for i in range(2)]
    assert [queue.ahead(job) for job in waiting] == [1, 2]
    with pytest.raises(QueueFullError):
        queue.submit("double", job_functions.double, 3)
    queue.cancel(waiting[0])
    assert waiting[0].state == "cancelled"
    assert queue.ahead(waiting[1]) == 1
    queue.cancel(running)
    assert finished(waiting[1]).result == 2


def test_a_job_that_ignores_the_wish_to_stop_is_ended_with_its_process(queue, tmp_path):
    job = queue.submit("deaf", job_functions.ignore_cancel, tmp_path / "began")
    until((tmp_path / "began").exists)
    queue.cancel(job)
    assert finished(job).state == "cancelled"
    assert finished(queue.submit("double", job_functions.double, 4)).result == 8


def test_the_next_job_runs_after_the_process_has_died(queue):
    job = finished(queue.submit("die", job_functions.die))
    assert job.state == "failed"
    assert "memory" in job.note
    assert finished(queue.submit("double", job_functions.double, 5)).result == 10


def test_a_process_that_dies_between_jobs_costs_none_of_them(queue):
    queue.stop()
    assert finished(queue.submit("double", job_functions.double, 6)).result == 12


def test_a_job_that_nobody_waits_for_is_dropped(queue, tmp_path, monkeypatch):
    monkeypatch.setattr("pages.shared.jobs.queue._GONE_SECONDS", 0.2)
    job = queue.submit("long", job_functions.last_long, tmp_path / "began", wanted=lambda: not here)
    here = False
    until((tmp_path / "began").exists)
    here = True
    assert finished(job).state == "cancelled"


def test_a_job_in_line_that_nobody_waits_for_is_dropped_before_its_turn(
    queue, tmp_path, monkeypatch
):
    monkeypatch.setattr("pages.shared.jobs.queue._GONE_SECONDS", 0.2)
    running = queue.submit("long", job_functions.last_long, tmp_path / "began")
    job = queue.submit("double", job_functions.double, 7, wanted=lambda: False)
    assert finished(job).state == "cancelled"
    assert running.state == "running"
    queue.cancel(running)
    finished(running)


def test_a_connection_that_blinks_when_the_turn_comes_costs_nothing(queue, monkeypatch):
    monkeypatch.setattr("pages.shared.jobs.queue._GONE_SECONDS", 30.0)
    here = threading.Event()
    job = queue.submit("double", job_functions.double, 8, wanted=here.is_set)
    other = queue.submit("double", job_functions.double, 9, visitor="other")
    assert finished(other).result == 18  # nobody is held up meanwhile
    assert (job.state, queue.ahead(job)) == ("waiting", 1)
    here.set()
    assert finished(job).result == 16


def test_a_job_whose_visitor_nobody_can_ask_for_fails_alone(queue, tmp_path):
    def broken():
        raise KeyError("ours")

    running = queue.submit("until", job_functions.last_until, tmp_path / "now")
    job = queue.submit("double", job_functions.double, 7, wanted=broken)
    assert finished(job).state == "failed"
    (tmp_path / "now").touch()
    assert finished(running).state == "done"


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (job_functions.double, (lambda: 1,)),
        (job_functions.double, (threading.Lock(),)),
        (job_functions.double, (job_functions.Unsendable(),)),
        (lambda _report: 1, ()),
        (job_functions.double, (job_functions.Unreadable(),)),
        (job_functions.double, (1, 2, 3)),
        (job_functions.unsendable, ()),
        (job_functions.unreadable, ()),
        (job_functions.unsendable_part, ()),
        (job_functions.unreadable_part, ()),
        (job_functions.no_share, ()),
        (job_functions.leave, ()),
        (job_functions.say, (b"no pickle",)),
        (job_functions.say, (pickle.dumps(7),)),
        (job_functions.say, (b"",)),
        (job_functions.close_pipe, ()),
    ],
    # An address would not be the same in two processes that share the tests.
    ids=lambda value: getattr(value, "__name__", re.sub(r" (object )?at 0x\w+", "", repr(value))),
)
def test_whatever_goes_wrong_ends_that_job_alone(queue, function, arguments):
    job = queue.submit("wrong", function, *arguments)
    next_one = queue.submit("double", job_functions.double, 21)
    assert finished(job).state == "failed"
    assert job.note.count(".") == 1
    assert job.note.endswith(".")
    assert finished(next_one).result == 42


@pytest.mark.parametrize("kind", ["report", "done?", "", None])
def test_what_no_worker_says_ends_that_job_alone(queue, kind, monkeypatch):
    hear = worker_process.WorkerProcess.hear
    said = []

    def garbled(process, seconds):
        message = hear(process, seconds)
        if message is None or said:
            return message
        said.append(message)
        return message[0], kind, "neither this nor that"

    monkeypatch.setattr(worker_process.WorkerProcess, "hear", garbled)
    assert finished(queue.submit("double", job_functions.double, 1)).state == "failed"
    assert finished(queue.submit("double", job_functions.double, 2)).result == 4


def test_a_job_that_says_half_a_message_can_be_cancelled(queue, tmp_path, monkeypatch):
    monkeypatch.setattr("pages.shared.jobs.queue._CANCEL_SECONDS", 0.2)
    job = queue.submit("half", job_functions.say_half, tmp_path / "began")
    until((tmp_path / "began").exists)
    queue.cancel(job)
    assert finished(job).state == "cancelled"
    assert finished(queue.submit("double", job_functions.double, 3)).result == 6


def test_a_share_beyond_all_is_all(queue):
    job = finished(queue.submit("much", job_functions.too_much))
    assert (job.state, job.share) == ("done", 1.0)


@pytest.mark.parametrize(
    "function",
    [job_functions.write_to_full_disk, job_functions.write_to_full_disk_with_a_library],
)
def test_a_full_disk_is_said_in_one_sentence(queue, function):
    job = finished(queue.submit("full", function))
    assert (job.state, job.note) == ("failed", disk.FULL)


def test_a_process_that_cannot_be_started_costs_one_job(monkeypatch):
    def no_room(*_arguments, **_options):
        raise BlockingIOError("Resource temporarily unavailable")

    queue = JobQueue()
    with monkeypatch.context() as patch:
        patch.setattr(worker_process.subprocess, "Popen", no_room)
        queue.warm_up()
        assert finished(queue.submit("double", job_functions.double, 1)).state == "failed"
    assert finished(queue.submit("double", job_functions.double, 2)).result == 4
    queue.stop()


def test_a_thread_that_cannot_be_started_costs_one_job(monkeypatch):
    def no_room(_thread):
        raise RuntimeError("can't start new thread")

    queue = JobQueue()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_room)
        job = queue.submit("double", job_functions.double, 1)
    assert (job.state, queue.ahead(job)) == ("failed", 0)
    assert finished(queue.submit("double", job_functions.double, 2)).result == 4
    queue.stop()


def test_what_cannot_be_loaded_before_the_first_job_fails_none():
    queue = JobQueue(preload=("no_such_module",))
    assert finished(queue.submit("double", job_functions.double, 2)).result == 4
    queue.stop()


@pytest.fixture
def line(tmp_path):
    """A queue whose worker is busy for somebody else until `open_line` is called."""
    queue = JobQueue()
    running = queue.submit("busy", job_functions.last_until, tmp_path / "now", visitor="busy")
    until(lambda: running.state == "running")
    queue.open_line = (tmp_path / "now").touch
    yield queue
    queue.stop()


def order_of(queue, jobs):
    return [job.title for job in sorted(jobs, key=queue.ahead)]


def submitted(queue, titles, path=os.devnull):
    """Submit jobs named for their visitor and which of theirs they are: "a1"."""
    return [
        queue.submit(it, job_functions.write_line, Path(path), it, visitor=it[0])
        for it in titles.split()
    ]


@pytest.mark.parametrize(
    ("titles", "order"),
    [
        ("a1 a2 b1", "a1 b1 a2"),
        ("a1 a2 b1 b2 c1", "a1 b1 c1 a2 b2"),
        ("a1 b1 c1 c2 b2 a2", "a1 b1 c1 c2 b2 a2"),
    ],
)
def test_visitors_take_turns_and_keep_their_own_order(line, titles, order, tmp_path):
    jobs = submitted(line, titles, tmp_path / "ran")
    assert order_of(line, jobs) == order.split()
    line.open_line()
    assert {finished(job).state for job in jobs} == {"done"}
    assert (tmp_path / "ran").read_text().split() == order.split()


def test_a_visitor_whose_job_runs_has_had_a_turn(line):
    later = line.submit("more", job_functions.process, visitor="busy")
    first = line.submit("first", job_functions.process, visitor="a")
    assert order_of(line, [later, first]) == ["first", "more"]


def test_who_comes_when_others_have_had_their_turns_does_not_wait_for_more_of_them(queue):
    # Two turns of "a" are over; the next of theirs and the first of "b" are alike.
    for _ in range(2):
        finished(queue.submit("a", job_functions.process, visitor="a"))
    here = threading.Event()
    first, second = (
        queue.submit(it, job_functions.process, visitor=it, wanted=here.is_set) for it in "ab"
    )
    assert order_of(queue, [first, second]) == ["a", "b"]
    here.set()
    assert finished(first).state == finished(second).state == "done"


def test_nine_tabs_of_one_visitor_leave_the_line_to_others(line):
    taken = []
    for number in range(9):
        try:
            taken.append(line.submit(str(number), job_functions.process, visitor="many tabs"))
        except ShareUsedError:
            continue
    assert [job.title for job in taken] == ["0", "1"]
    submitted(line, "a1 a2 b1 b2 c1 c2")
    with pytest.raises(QueueFullError):
        line.submit("d1", job_functions.process, visitor="d")
    line.cancel(taken[0])
    line.submit("d1", job_functions.process, visitor="d")
