"""What surrounds every answer of the server: who the browser is, and what its pages may do."""

from __future__ import annotations

import re
import secrets
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers as RequestHeaders, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.shared.visitors import COOKIE

_REMEMBERED = 365 * 86_400  # seconds that the cookie is kept
_NAME = re.compile(r"[A-Za-z0-9_-]{32}")

# Streamlit's page reads its messages with WebAssembly, starts components and workers from blobs
# and styles elements in place; nothing comes from another host.
_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:",
        "worker-src 'self' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "frame-src 'none'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
}


class Headers:
    """Puts the headers that protect a page on every answer that does not bring its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class NamedBrowser:
    """Gives every new browser a name that nobody can guess and that no script can read.

    It comes with the first page, so the first run of a script knows it already. In a frame of
    another site the cookie does not arrive: there every session is a visitor of its own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET" or _is_named(scope):
            await self._app(scope, receive, send)
            return

        async def send_with_name(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("set-cookie", _new_cookie(secure=_is_encrypted(scope)))
            await send(message)

        await self._app(scope, receive, send_with_name)


def _is_named(scope: Scope) -> bool:
    try:
        cookie = SimpleCookie(RequestHeaders(scope=scope).get("cookie", "")).get(COOKIE)
    except CookieError:
        return False
    return cookie is not None and _NAME.fullmatch(cookie.value) is not None


def _is_encrypted(scope: Scope) -> bool:
    forwarded = RequestHeaders(scope=scope).get("x-forwarded-proto", "")
    return "https" in (scope.get("scheme"), forwarded.partition(",")[0].strip())


def _new_cookie(*, secure: bool) -> str:
    cookie = SimpleCookie({COOKIE: secrets.token_urlsafe(24)})
    morsel = cookie[COOKIE]
    morsel["path"], morsel["max-age"] = "/", str(_REMEMBERED)
    morsel["httponly"], morsel["samesite"] = "on", "Lax"
    if secure:
        morsel["secure"] = "on"
    return morsel.OutputString()
