"""What a visitor sees of a job."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared.jobs.job import Job
from tests.pages.session import clean


def script():
    from pages.shared.jobs import progress

    progress.follow("job")


def shown(**facts):
    """The page of a visitor who has such a job."""
    app = AppTest.from_function(script, default_timeout=30)
    app.session_state["job"] = Job("Finding", print, **facts)
    return clean(app.run())


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ("", "Finding …"),
        ("1 of 2 samples", "Finding: 1 of 2 samples"),
        ("[a](b) *c*.png", r"Finding: \[a\](b) \*c\*.png"),
    ],
)
def test_a_running_job_says_how_far_it_is_in_plain_text(note, text):
    app = shown(state="running", share=0.25, note=note)
    (bar,) = app.get("progress")
    assert (bar.proto.text, bar.proto.value) == (text, 25)
    assert [button.label for button in app.button] == ["Cancel"]


def test_what_went_wrong_is_one_sentence_in_plain_text():
    app = shown(state="failed", note="*a*.png is no image.")
    assert [error.value for error in app.error] == [r"\*a\*.png is no image."]
    assert not app.button


@pytest.mark.parametrize(
    ("parts", "text"),
    [([], "Cancelled."), ([1], "Cancelled. What was found until then is kept.")],
)
def test_a_cancelled_job_says_what_is_kept(parts, text):
    assert [info.value for info in shown(state="cancelled", parts=parts).info] == [text]


def test_of_a_job_that_is_done_nothing_more_is_shown():
    assert not shown(state="done").main.children
