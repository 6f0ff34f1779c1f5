"""The page that thresholds."""

from __future__ import annotations

import colorsys
import hashlib
import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import streamlit as st

from maskcore import image_io, rle, threshold
from maskcore.threshold.channels import CHANNELS
from pages.make.threshold import settings as threshold_settings, value_range
from pages.make.threshold.settings import ThresholdSettings
from pages.shared import canvas
from pages.shared.pictures import Picture
from tests.pages import session
from tests.pages.session import clean, go, instances, page_path

PAGE = page_path("threshold")
METHODS = ["by_value", "otsu", "triangle", "adaptive", "color_range"]


def large_image() -> np.ndarray:
    """Larger than a page: smooth areas, edges and grain in color."""
    rng = np.random.default_rng(4)
    rough = rng.integers(0, 256, (12, 18, 3), np.uint8)
    smooth = np.array(PIL.Image.fromarray(rough).resize((1800, 1200), PIL.Image.Resampling.BICUBIC))
    grainy = smooth + rng.normal(0, 4, smooth.shape)
    return grainy.round().clip(0, 255).astype(np.uint8)


def png(image: np.ndarray) -> bytes:
    target = io.BytesIO()
    PIL.Image.fromarray(image).save(target, "PNG")
    return target.getvalue()


def picture_of(image: np.ndarray) -> Picture:
    content = png(image)
    return Picture(hashlib.sha256(content).hexdigest(), "image.png", content, image.shape[:2])


@pytest.fixture
def open_image(start, monkeypatch):
    """Open an image in the app and go to the page; a button stands for a click in the image."""
    clicked = []

    def pick(picture, *, key, on_pick, mask=None, color=""):
        clicked[:] = [picture, mask]
        height, width = picture.size_hw
        st.button("top left", key="top left", on_click=on_pick, args=(0, 0))
        st.button("bottom", key="bottom", on_click=on_pick, args=(width - 1, height - 1))

    monkeypatch.setattr(canvas, "pick", pick)

    def open_image(image):
        app = start()
        session.open_image(app, "image.png", png(image))
        return go(app, PAGE)

    open_image.clicked = clicked
    return open_image


def choose(app, method):
    app.segmented_control(key="threshold method").set_value(method)
    return clean(app.run())


def keep(app):
    app.button(key="keep threshold").click()
    return instances(clean(app.run()))[-1]


def inside_of(instance):
    return rle.decode(instance.mask)


def texts(app):
    return [text.value for text in app.markdown]


def test_it_opens_alone_and_asks_for_an_image(start):
    app = start(PAGE)
    assert app.title[0].value == "Threshold"
    assert [info.value for info in app.info] == ["Open an image first."]


def test_it_begins_with_what_is_bright(open_image):
    image = np.full((40, 60, 3), 50, np.uint8)
    image[10:20, 30:50] = 200
    instance = keep(open_image(image))
    assert instance.label == "Value range"
    assert instance.box == (30, 10, 50, 20)
    assert rle.area(instance.mask) == 200


def test_a_range_takes_both_its_ends_at_full_size(open_image):
    image = large_image()
    app = open_image(image)
    app.selectbox(key="threshold channel").set_value("green")
    clean(app.run())
    app.slider(key="threshold range green").set_value((90, 140))
    clean(app.run())
    green = image[..., 1]
    wanted = (green >= 90) & (green <= 140)
    (share,) = [text for text in texts(app) if "is inside" in text]
    assert f"About **{wanted.mean():.0%}"[:-1] in share
    assert np.array_equal(inside_of(keep(app)), wanted)


def test_invert_takes_the_rest(open_image):
    image = large_image()
    app = open_image(image)
    app.slider(key="threshold range gray").set_value((0, 99))
    app.toggle(key="threshold invert").set_value(True)
    clean(app.run())
    gray = np.array(PIL.Image.fromarray(image).convert("L")).astype(int)
    inside = inside_of(keep(app))
    clear = (gray < 98) | (gray > 101)  # Pillow rounds a gray of one half otherwise
    assert np.array_equal(inside[clear], (gray > 99)[clear])


def test_hue_is_chosen_in_degrees(open_image):
    wheel = [colorsys.hsv_to_rgb(degrees / 360, 1, 1) for degrees in range(0, 360, 30)]
    image = (np.array(wheel) * 255).round().astype(np.uint8)[None]
    app = open_image(image)
    app.selectbox(key="threshold channel").set_value("hue")
    clean(app.run())
    assert app.slider(key="threshold range hue").max == 358
    app.slider(key="threshold range hue").set_value((60, 210))
    clean(app.run())
    wanted = [60 <= degrees <= 210 for degrees in range(0, 360, 30)]
    assert inside_of(keep(app))[0].tolist() == wanted


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("invert", [False, True])
def test_the_code_shown_makes_the_very_mask(open_image, method, invert, tmp_path, monkeypatch):
    image = large_image()
    app = choose(open_image(image), method)
    app.toggle(key="threshold invert").set_value(invert)
    clean(app.run())
    inside = inside_of(keep(app))
    assert inside.shape == image.shape[:2]
    assert inside.any()
    assert not inside.all()
    (code,) = app.code
    (tmp_path / "image.png").write_bytes(png(image))
    monkeypatch.chdir(tmp_path)
    exec(compile(code.value, "shown", "exec"), {})
    assert np.array_equal(image_io.read_image(Path("mask.png"))[..., 0] == 255, inside)


@pytest.mark.parametrize("method", ["otsu", "triangle"])
def test_the_automatic_threshold_is_told(open_image, method):
    image = large_image()
    app = choose(open_image(image), method)
    value = {"otsu": threshold.otsu_value, "triangle": threshold.triangle_value}[method](image)
    assert f"Threshold {value}: what is brighter is inside." in [
        caption.value for caption in app.caption
    ]


def at_middles(kept: np.ndarray) -> np.ndarray:
    """What the mask has at the middle of each pixel of the page."""
    rows = ((np.arange(933) + 0.5) * 1200 / 933).astype(int)
    columns = ((np.arange(1400) + 0.5) * 1800 / 1400).astype(int)
    return kept[rows][:, columns]


POINTWISE = [
    ThresholdSettings("by_value", (80, 150), (("channel", "red"),)),
    ThresholdSettings("otsu", (), (("channel", "gray"),)),
    ThresholdSettings("otsu", (), (("channel", "b"),), invert=True),
    ThresholdSettings("triangle", (), (("channel", "saturation"),)),
    ThresholdSettings(
        "color_range", ([(120, 90, 60), (30, 30, 200)],), (("tolerance", 40), ("space", "lab"))
    ),
    ThresholdSettings(
        "color_range", ([(120, 90, 60)],), (("tolerance", (9, 90, 90)), ("space", "hsv"))
    ),
]


@pytest.mark.parametrize(
    "settings", POINTWISE, ids=lambda settings: f"{settings.function} {dict(settings.options)}"
)
def test_what_is_shown_is_a_part_of_what_is_kept(settings):
    image = large_image()
    shown = rle.decode(threshold_settings.preview(settings, picture_of(image)))
    assert shown.shape == (933, 1400)
    assert np.array_equal(shown, at_middles(settings.mask(image)))


@pytest.mark.parametrize("weights", threshold.METHODS)
@pytest.mark.parametrize("side", [151, 401])
def test_what_is_shown_of_adaptive_is_close_to_what_is_kept(weights, side):
    image = large_image()
    settings = ThresholdSettings(
        "adaptive", (), (("method", weights), ("block_size", side), ("offset", -6))
    )
    shown = rle.decode(threshold_settings.preview(settings, picture_of(image)))
    kept = settings.mask(image)
    assert abs(shown.mean() - kept.mean()) < 0.01
    assert np.mean(shown == at_middles(kept)) > 0.97


def test_the_picture_is_shown_as_it_is_if_it_fits_the_page():
    picture = picture_of(large_image()[:800, :1400])
    assert np.array_equal(threshold_settings.reduced(picture), large_image()[:800, :1400])
    settings = POINTWISE[0]
    assert np.array_equal(
        rle.decode(threshold_settings.preview(settings, picture)),
        settings.mask(large_image()[:800, :1400]),
    )


def test_the_first_color_is_that_of_the_middle(open_image):
    image = np.zeros((30, 50, 3), np.uint8)
    image[10:20, 20:30] = 20, 200, 90
    instance = keep(choose(open_image(image), "color_range"))
    assert instance.label == "Color range"
    assert instance.box == (20, 10, 30, 20)


def test_every_click_in_the_image_adds_a_color_and_clear_begins_anew(open_image):
    image = np.zeros((30, 50, 3), np.uint8)
    image[:15] = 200, 30, 30
    image[15:, :20] = 30, 30, 200
    image[15:, 20:] = 30, 200, 30
    app = choose(open_image(image), "color_range")
    app.button(key="clear colors").click()
    clean(app.run())
    assert open_image.clicked[1] is None
    assert [info.value for info in app.info] == ["Click a color in the image."]
    app.button(key="top left").click()
    clean(app.run())
    assert rle.box(open_image.clicked[1]) == (0, 0, 50, 15)
    app.button(key="bottom").click()
    clean(app.run())
    assert rle.area(open_image.clicked[1]) == 50 * 15 + 30 * 15
    app.color_picker(key="threshold color").set_value("#1e1ec8")
    clean(app.run())
    app.button(key="add color").click()
    clean(app.run())
    assert rle.area(open_image.clicked[1]) == 30 * 50


def test_a_color_is_picked_from_the_picture_as_it_is_shown(open_image):
    image = large_image()
    choose(open_image(image), "color_range")
    picture, mask = open_image.clicked
    assert picture.size_hw == mask.size_hw == (933, 1400)


def test_each_channel_may_have_its_tolerance(open_image):
    image = np.array([[(100, 100, 100), (100, 100, 130), (130, 100, 100)]], np.uint8)
    app = choose(open_image(image), "color_range")
    app.button(key="clear colors").click()
    clean(app.run())
    app.button(key="top left").click()
    app.segmented_control(key="threshold space").set_value("rgb")
    app.toggle(key="threshold apart").set_value(True)
    clean(app.run())
    for name, tolerance in {"red": 30, "green": 0, "blue": 29}.items():
        app.slider(key=f"threshold tolerance {name}").set_value(tolerance)
    clean(app.run())
    assert inside_of(keep(app)).tolist() == [[True, False, True]]


def test_a_name_can_be_given(open_image):
    app = open_image(np.eye(20, dtype=np.uint8)[..., None].repeat(3, axis=2) * 255)
    app.text_input(key="threshold name by_value").set_value(" sky ")
    clean(app.run())
    assert keep(app).label == "sky"


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("size_hw", [(1, 1), (3, 2000)])
def test_an_image_of_one_color_is_no_trouble(open_image, value, size_hw):
    app = open_image(np.full((*size_hw, 3), value, np.uint8))
    for method in METHODS:
        choose(app, method)
        keep(app)
    kept = {instance.label: rle.area(instance.mask) for instance in instances(app)}
    assert kept["Otsu"] == kept["Triangle"] == 0
    assert kept["Color range"] == size_hw[0] * size_hw[1]


def test_every_channel_can_be_chosen(open_image):
    app = open_image(large_image()[:60, :80])
    for channel in CHANNELS:
        app.selectbox(key="threshold channel").set_value(channel)
        clean(app.run())
    choose(app, "otsu")
    assert CHANNELS["hue"].title not in app.selectbox(key="threshold linear channel").options


@pytest.fixture
def drag(monkeypatch, open_image):
    """Open an image and send what the browser would when the histogram is dragged over."""
    messages, shown = [], []

    def chart(*, key, data, on_range_change, **layout):
        def send():
            st.session_state[key] = {"range": messages.pop()}
            on_range_change()

        shown[:] = [data]
        st.button("drag", key="drag", on_click=send)

    monkeypatch.setattr(value_range, "_chart", chart)

    def drag(app, message):
        messages.append(message)
        app.button(key="drag").click()
        clean(app.run())
        return shown[0]

    return drag


def test_dragging_over_the_histogram_moves_the_slider(open_image, drag):
    image = large_image()[:60, :80]
    app = open_image(image)
    data = drag(app, {"channel": "gray", "low": 20, "high": 70})
    assert (data["low"], data["high"]) == app.slider(key="threshold range gray").value == (20, 70)
    assert sum(data["counts"]) == 60 * 80
    app.selectbox(key="threshold channel").set_value("hue")
    clean(app.run())
    data = drag(app, {"channel": "hue", "low": 20, "high": 179})
    assert len(data["counts"]) == 180
    assert app.slider(key="threshold range hue").value == (40, 358)
    assert app.slider(key="threshold range hue").max == 358


@pytest.mark.parametrize(
    "message",
    [
        None,
        "gray",
        [],
        {},
        {"channel": "grey", "low": 1, "high": 2},
        {"channel": [], "low": 1, "high": 2},
        {"channel": "gray", "low": 9, "high": 2},
        {"channel": "gray", "low": -1, "high": 2},
        {"channel": "gray", "low": 0, "high": 256},
        {"channel": "hue", "low": 0, "high": 180},
        {"channel": "gray", "low": 0.5, "high": 2},
        {"channel": "gray", "low": "0", "high": "2"},
        {"channel": "gray", "low": True, "high": 2},
        {"channel": "gray", "low": 0},
    ],
)
def test_a_message_that_the_histogram_would_not_send_changes_nothing(open_image, drag, message):
    app = open_image(large_image()[:60, :80])
    before = app.slider(key="threshold range gray").value
    data = drag(app, message)
    assert (data["low"], data["high"]) == app.slider(key="threshold range gray").value == before


def test_what_was_chosen_survives_a_page_change(open_image):
    app = open_image(large_image()[:60, :80])
    app.slider(key="threshold range gray").set_value((12, 34))
    clean(app.run())
    choose(app, "adaptive")
    app.slider(key="threshold offset").set_value(9)
    clean(app.run())
    go(app, page_path("open"))
    go(app, PAGE)
    assert app.slider(key="threshold offset").value == 9
    choose(app, "by_value")
    assert app.slider(key="threshold range gray").value == (12, 34)
