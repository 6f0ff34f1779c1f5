"""What a person sees when something goes wrong: one sentence, never a stack trace."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from maskcore.errors import MaskcoreError
from pages.shared import markdown
from pages.shared.server import disk

_log = logging.getLogger(__name__)


@contextmanager
def shown() -> Iterator[None]:
    """Show a fault in what the user gave, or that the disk is full, and go on after the block."""
    try:
        yield
    except MaskcoreError as error:
        sentence = str(error)
    except OSError as error:
        if not disk.is_full(error):
            raise
        sentence = disk.FULL
    else:
        return
    st.error(markdown.plain(sentence), icon=":material/error:")


@contextmanager
def apologized() -> Iterator[None]:
    """Log our own mistakes under a reference and say so plainly; for the whole page."""
    try:
        with shown():
            yield
    except Exception:
        reference = uuid.uuid4().hex[:8]
        _log.exception("page failed, reference %s", reference)
        st.error(
            "Your image and its layers are kept. Try again, or go on with another page; if it "
            f"happens again, report the reference {reference}.",
            title="Something went wrong on our side",
            icon=":material/sentiment_dissatisfied:",
        )
