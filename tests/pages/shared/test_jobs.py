"""The queue for heavy work: order, progress, cancel, faults."""

from __future__ import annotations

import time

import pytest

from pages.shared.jobs.queue import JobQueue, QueueFullError
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
    import os

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
