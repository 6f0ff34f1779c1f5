"""Mask Studio: the server and what it puts around each answer; pages/shell.py draws the pages."""

from starlette.middleware import Middleware
from streamlit import App

from pages.shared.server.middleware import Headers, NamedBrowser

app = App("pages/shell.py", middleware=[Middleware(Headers), Middleware(NamedBrowser)])
