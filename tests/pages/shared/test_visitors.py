from __future__ import annotations

from types import SimpleNamespace

import pytest

from pages.shared import visitors


@pytest.fixture
def tab(monkeypatch):
    """A browser's tab: set its cookies and the id of its session."""

    def tab(session_id, **cookies):
        context = session_id and SimpleNamespace(session_id=session_id)
        monkeypatch.setattr(visitors, "get_script_run_ctx", lambda: context)
        monkeypatch.setattr(visitors.st, "context", SimpleNamespace(cookies=cookies))

    return tab


def test_the_tabs_of_one_browser_are_one_visitor(tab) -> None:
    tab("first", mask_studio="browser")
    assert visitors.current() == "browser"
    tab("second", mask_studio="browser", other="x")
    assert visitors.current() == "browser"


@pytest.mark.parametrize("cookies", [{}, {"mask_studio": ""}, {"other": "x"}])
def test_without_the_cookie_a_session_is_a_visitor(tab, cookies) -> None:
    tab("first", **cookies)
    assert visitors.current() == "first"


def test_outside_of_any_session_there_is_no_name(tab) -> None:
    tab(None)
    assert visitors.current() == ""
