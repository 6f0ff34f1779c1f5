"""The headers and the cookie, asked for without a browser."""

from __future__ import annotations

import asyncio
import re
from http.cookies import SimpleCookie
from typing import NamedTuple

import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers as AnswerHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message

from pages.shared.server.middleware import Headers, NamedBrowser
from pages.shared.visitors import COOKIE


def _page(request: Request) -> Response:
    return HTMLResponse(request.cookies.get(COOKIE, "nobody"))


def _file(_request: Request) -> Response:
    return PlainTextResponse("file", headers={"X-Frame-Options": "DENY"})


APP = Starlette(
    routes=[Route("/", _page, methods=["GET", "POST"]), Route("/file", _file)],
    middleware=[Middleware(Headers), Middleware(NamedBrowser)],
)


class Answer(NamedTuple):
    headers: AnswerHeaders
    text: str

    @property
    def name(self) -> str:
        """What the answer calls the browser."""
        return SimpleCookie(self.headers["set-cookie"])[COOKIE].value


def ask(path: str = "/", method: str = "GET", **headers: str) -> Answer:
    """Send one request to the app as a server would."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "scheme": "http",
        "query_string": b"",
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ],
    }
    asyncio.run(APP(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(AnswerHeaders(raw=sent[0]["headers"]), body.decode())


def test_the_first_page_names_the_browser_and_no_later_one_renames_it() -> None:
    first = ask()
    assert first.text == "nobody"
    assert re.fullmatch(r"[\w-]{32}", first.name)
    again = ask(cookie=f"other=1; {COOKIE}={first.name}")
    assert again.text == first.name
    assert "set-cookie" not in again.headers


def test_every_browser_gets_a_name_of_its_own() -> None:
    assert len({ask().name for _ in range(20)}) == 20


@pytest.mark.parametrize("bad", ["", "short", "x" * 33, "a b", "../../../../etc/passwd_is_32_long"])
def test_a_name_that_is_not_ours_is_replaced(bad: str) -> None:
    assert re.fullmatch(r"[\w-]{32}", ask(cookie=f"{COOKIE}={bad}").name)


def test_only_pages_that_are_fetched_name_the_browser() -> None:
    assert "set-cookie" not in ask(method="POST").headers
    assert "set-cookie" not in ask("/file").headers


def test_the_cookie_is_for_this_site_alone_and_not_for_scripts() -> None:
    attributes = ask().headers["set-cookie"].lower()
    assert "; httponly" in attributes
    assert "; samesite=lax" in attributes
    assert "; secure" not in attributes
    assert "; secure" in ask(x_forwarded_proto="https").headers["set-cookie"].lower()


def test_headers_are_on_every_answer_and_an_own_one_stays() -> None:
    for path in ("/", "/file", "/nowhere"):
        headers = ask(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "object-src 'none'" in headers["content-security-policy"]
    assert ask().headers["x-frame-options"] == "SAMEORIGIN"
    assert ask("/file").headers["x-frame-options"] == "DENY"
