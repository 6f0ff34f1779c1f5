"""The page that opens images, and the workspace beside it."""

from __future__ import annotations

import io
import sys

import numpy as np
import PIL.Image
import pytest
import streamlit as st

from tests.pages.session import clean, go, instances, page_path, pictures


def png(array: np.ndarray) -> bytes:
    target = io.BytesIO()
    PIL.Image.fromarray(array).save(target, "PNG")
    return target.getvalue()


def texts(app) -> str:
    """All text on the page."""
    kinds = ("title", "subheader", "markdown", "caption", "table")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def opened(app) -> list[str]:
    return [picture.name for picture in pictures(app)]


@pytest.mark.parametrize("page", [None, page_path("open")])
def test_it_opens_alone_and_in_the_app(start, page):
    assert "Mask Studio" in texts(start(page))


def test_without_scikit_learn_the_cards_of_its_photos_say_so(start, monkeypatch):
    st.cache_data.clear()
    monkeypatch.setitem(sys.modules, "sklearn", None)
    app = start()
    assert [error.value.replace("\\", "") for error in app.error] == [
        f'The photo {name}.jpg needs scikit-learn: pip install "mask-studio[learn]"'
        for name in ("china", "flower")
    ]
    assert [button.key for button in app.button if button.label == "Open"] == [
        "sample shapes",
        "sample steel",
    ]


def test_a_sample_opens_with_one_click(start):
    app = start()
    app.button(key="sample china").click()
    clean(app.run())
    assert opened(app) == ["china.jpg"]
    assert "640 × 427" in texts(app)


def test_an_upload_says_what_the_file_is(start):
    app = start()
    image = np.zeros((20, 30, 4), np.uint8)
    image[5:10, :, 3] = 255
    app.file_uploader[0].set_value([("cut out.png", png(image), "image/png")])
    clean(app.run())
    text = texts(app)
    assert "30 × 20 pixels" in text
    assert "PNG" in text
    assert "RGB color with transparency" in text


def test_transparency_can_be_kept_as_a_layer(start):
    app = start()
    image = np.zeros((20, 30, 4), np.uint8)
    image[5:10, :, 3] = 255
    app.file_uploader[0].set_value([("a.png", png(image), "image/png")])
    clean(app.run())
    app.button(key="keep alpha").click()
    clean(app.run())
    (instance,) = instances(app)
    assert instance.label == "opaque"
    assert instance.box == (0, 5, 30, 10)


def test_of_many_uploads_the_good_ones_open_and_the_bad_ones_are_named(start):
    app = start()
    files = [
        ("good.png", png(np.zeros((4, 5, 3), np.uint8)), "image/png"),
        ("bad.png", b"not a picture", "image/png"),
        ("also good.png", png(np.full((4, 5, 3), 9, np.uint8)), "image/png"),
    ]
    app.file_uploader[0].set_value(files)
    clean(app.run())
    assert opened(app) == ["good.png", "also good.png"]
    (error,) = app.error
    assert error.value.startswith("bad.png: ")


def test_the_same_file_opens_only_once_and_closing_it_is_for_good(start):
    app = start()
    file = ("a.png", png(np.zeros((4, 5, 3), np.uint8)), "image/png")
    for _ in range(2):
        app.file_uploader[0].set_value([file])
        clean(app.run())
    assert opened(app) == ["a.png"]
    app.button(key="close image").click()
    clean(app.run())
    clean(app.run())
    assert opened(app) == []


def test_a_page_change_keeps_images_and_layers(start):
    app = start()
    app.button(key="sample steel").click()
    clean(app.run())
    go(app, page_path("rle"))
    assert opened(app) == ["steel.png"]
