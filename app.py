"""Mask Studio: the server and what it puts around each answer; pages/shell.py draws the pages."""

from starlette.middleware import Middleware
from streamlit import App

from maskcore import image_io
from pages.shared.server import disk
from pages.shared.server.middleware import Headers, NamedBrowser

image_io.quiet_warnings()
disk.sweep()
app = App("pages/shell.py", middleware=[Middleware(Headers), Middleware(NamedBrowser)])
