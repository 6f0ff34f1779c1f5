"""The page that measures: layers, noise, tables of numbers."""

from __future__ import annotations

import csv
import io

import numpy as np
import PIL.Image
import pytest
from pycocotools import mask as coco

from maskcore import exports, rle
from maskcore.types import Instance
from pages.shared import canvas, downloads, view
from pages.use.measure import histogram as measure_histogram, means as measure_means, noise_job
from pages.use.measure.noise_job import Fill, Find
from tests.pages.session import clean, current, go, layers, open_image, page_path, pictures

PAGE = page_path("measure")
SIZE_HW = (40, 60)


def png(image):
    target = io.BytesIO()
    PIL.Image.fromarray(image).save(target, "PNG")
    return target.getvalue()


def colors(size_hw=SIZE_HW):
    return np.random.default_rng(8).integers(0, 256, (*size_hw, 3), np.uint8)


def gray(image):
    # The fixed point that OpenCV documents for 8-bit RGB.
    return (image.astype(int) @ (9798, 19235, 3735) + 2**14) >> 15


def masks(size_hw=SIZE_HW):
    """Two rectangles that overlap, and a ring with a speck beside it."""
    first, second, third = np.zeros((3, *size_hw), bool)
    first[5:15, 10:30] = True
    second[10:20, 20:40] = True
    third[24:37, 30:45] = True
    third[28:33, 34:41] = False
    third[39, 2] = True
    return {"ore": first, "rust": second, "=ring": third}


@pytest.fixture
def offered_files(monkeypatch):
    """What can be downloaded: a function that makes it, by the key of its button."""
    offered, download = {}, downloads.file

    def noted(label, name, make, digest, *, key, **options):
        offered[key] = name, make
        return download(label, name, make, digest, key=key, **options)

    monkeypatch.setattr(downloads, "file", noted)
    return offered


@pytest.fixture
def visit(start):
    """Open an image with layers in the app and go to a part of the page."""

    def visit(image, masks=(), *, part="Layers"):
        app = start()
        found = [Instance(rle.encode(pixels), label) for label, pixels in dict(masks).items()]
        open_image(app, "image.png", png(image), found)
        go(app, PAGE)
        return choose(app, part)

    return visit


def choose(app, part):
    app.segmented_control(key="measure part").set_value(part)
    return clean(app.run())


def click(app, key):
    app.button(key=key).click()
    return clean(app.run())


def select(app, row):
    key = app.dataframe[0].key
    app.session_state[key] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    return clean(app.run())


def unfold(app, section):
    app.session_state[section] = True
    return clean(app.run())


def infos(app):
    return [it.value for it in app.info]


def test_it_opens_alone_and_asks_for_an_image(start):
    app = start(PAGE)
    assert app.title[0].value == "Measure"
    assert infos(app) == ["Open an image first."]


def test_numbers_need_no_image(start):
    assert infos(choose(start(PAGE), "Numbers")) == ["Paste or upload a table, or try the example."]


# Layers


def test_the_table_agrees_with_numpy(visit):
    image = colors()
    app = visit(image, masks())
    app.pills[0].set_value(["gray", "blue"])
    table = clean(app.run()).dataframe[0].value
    assert list(table["No."]) == [1, 2, 3]
    assert list(table["Layer"]) == ["ore", "rust", "=ring"]
    assert list(table["Parts"]) == [1, 1, 2]
    assert list(table["Holes"]) == [0, 0, 1]
    assert list(table["Box"]) == ["10, 5, 30, 15", "20, 10, 40, 20", "2, 24, 45, 40"]
    # The speck at the lower rim has its fourth edge outside of the image.
    assert list(table["Perimeter"]) == [60, 60, 2 * (13 + 15) + 2 * (5 + 7) + 3]
    for row, pixels in zip(table.to_dict("records"), masks().values(), strict=True):
        assert row["Area"] == pixels.sum()
        assert row["Share"] == pytest.approx(100 * pixels.mean())
        assert (row["Center y"], row["Center x"]) == pytest.approx(np.argwhere(pixels).mean(0))
        for name, channel in (("Blue", image[..., 2]), ("Gray", gray(image))):
            inside = np.ma.array(channel, mask=~pixels)
            found = [row[f"{name} {it}"] for it in ("mean", "median", "std", "min", "max")]
            wanted = [inside.mean(), np.ma.median(inside), inside.std(), inside.min(), inside.max()]
            assert found == pytest.approx(wanted)


def test_the_csv_has_all_channels_and_the_names_are_safe(visit, offered_files):
    image = colors()
    visit(image, masks())
    name, make = offered_files["download statistics"]
    assert name == "image_statistics.csv"
    rows = list(csv.DictReader(io.StringIO(make().decode())))
    assert [row["label"] for row in rows] == ["ore", "rust", "'=ring"]
    planes = dict(zip(("red", "green", "blue"), image.transpose(2, 0, 1), strict=True))
    planes["gray"] = gray(image)
    for row, pixels in zip(rows, masks().values(), strict=True):
        assert int(row["area_px"]) == pixels.sum()
        for channel, plane in planes.items():
            inside = np.ma.array(plane, mask=~pixels)
            assert float(row[f"{channel}_mean"]) == pytest.approx(inside.mean())
            assert float(row[f"{channel}_std"]) == pytest.approx(inside.std())
            assert float(row[f"{channel}_median"]) == np.ma.median(inside)


def test_without_a_mask_the_whole_image_is_measured(visit):
    image = colors()
    app = visit(image)
    assert infos(app) == ["Make a mask first; every visible layer is measured."]
    (row,) = app.dataframe[0].value.to_dict("records")
    assert row["Layer"] == "whole image"
    assert row["Area"] == SIZE_HW[0] * SIZE_HW[1]
    assert row["Gray mean"] == pytest.approx(gray(image).mean())


def test_an_empty_layer_has_no_values(visit):
    app = visit(colors(), {"none": np.zeros(SIZE_HW, bool)})
    (row,) = app.dataframe[0].value.to_dict("records")
    assert (row["Area"], row["Box"]) == (0, "empty")
    assert app.dataframe[0].value["Gray mean"].isna().all()
    assert "The layer is empty." in infos(app)


def test_hidden_layers_are_left_out_and_the_others_keep_their_numbers(visit):
    app = visit(colors(), masks())
    click(app, "layer 1 visible")
    table = app.dataframe[0].value
    assert list(table["Layer"]) == ["rust", "=ring"]
    assert list(table["No."]) == [2, 3]


def test_a_selected_row_lights_its_layer_also_when_one_comes_back(visit, monkeypatch):
    lit = []
    monkeypatch.setattr(view, "show", lambda *_, highlight=None, **__: lit.append(highlight))
    app = visit(colors(), masks())
    select(app, 2)
    assert (lit[0], lit[-1]) == (None, 2)
    choose(app, "Numbers")
    lit.clear()
    choose(app, "Layers")
    assert lit == [2]
    click(app, "layer 1 visible")
    assert lit[-1] == 1


@pytest.fixture
def charts(monkeypatch):
    drawn = []
    monkeypatch.setattr(
        measure_histogram.st, "vega_lite_chart", lambda chart, **_: drawn.append(chart)
    )
    return drawn


def shares(chart, part):
    return [row["share"] for row in chart["data"]["values"] if row["part"] == part]


def test_the_chart_has_the_shares_of_each_value_inside_and_outside(visit, charts):
    image = colors()
    app = visit(image, masks())
    any_of_them = np.any(list(masks().values()), axis=0)
    for inside, chart in (
        (any_of_them, charts[-1]),
        (masks()["rust"], (select(app, 1), charts[-1])[1]),
    ):
        for part, pixels in (("inside", inside), ("outside", ~inside)):
            counts = np.bincount(gray(image)[pixels], minlength=256)
            assert shares(chart, part) == pytest.approx(100 * counts / pixels.sum(), abs=1e-4)


def test_there_is_a_chart_for_each_channel_and_only_one_curve_without_an_outside(visit, charts):
    app = visit(colors(), {"all": np.ones(SIZE_HW, bool)})
    charts.clear()
    app.pills[0].set_value(["blue", "red"])
    clean(app.run())
    titles = [chart["encoding"]["x"]["title"] for chart in charts]
    assert titles == ["Red", "Blue"]
    assert shares(charts[0], "outside") == []
    charts.clear()
    app.pills[0].set_value([])
    clean(app.run())
    assert charts == []
    assert "Choose a channel to see its values." in infos(app)


def test_overlapping_layers_are_listed(visit, offered_files):
    app = unfold(visit(colors(), masks()), "measure overlaps")
    (pair,) = app.dataframe[1].value.to_dict("records")
    assert (pair["Layer"], pair["Other layer"]) == ("1 · ore", "2 · rust")
    assert pair["Intersection over union"] == pytest.approx(50 / 350)
    codes = [coco.encode(np.asfortranarray(it, np.uint8)) for it in masks().values()]
    _, make = offered_files["download overlaps"]
    header, *rows = csv.reader(io.StringIO(make().decode()))
    assert header == ["label", "1 · ore", "2 · rust", "3 · =ring"]
    found = np.array([row[1:] for row in rows], float)
    assert found == pytest.approx(coco.iou(codes, codes, [0] * 3))


def test_layers_that_share_nothing_are_said_to(visit):
    apart = {name: it for name, it in masks().items() if name != "rust"}
    app = unfold(visit(colors(), apart), "measure overlaps")
    assert "No two layers share a pixel." in [it.value for it in app.markdown]
    assert len(app.dataframe) == 1


def test_the_mean_under_the_mask_stands_beside_that_of_the_blacked_out_image(visit):
    image, pixels = colors(), masks()["=ring"]
    app = unfold(visit(image, {"ring": pixels}), "why masked")
    table = app.dataframe[1].value
    blacked_out = image * pixels[..., None]
    assert list(table["Blacked out"][:3]) == pytest.approx(blacked_out.mean(axis=(0, 1)))
    assert list(table["Masked"][:3]) == pytest.approx(image[pixels].mean(axis=0))


def numpy_text(image, pixels, box, channel):
    x1, y1, x2, y2 = box
    return str(np.ma.array(image[..., channel], mask=~pixels)[y1:y2, x1:x2])


def test_the_array_begins_at_the_edge_of_the_mask_and_can_be_moved(visit):
    image, pixels = colors(), masks()["=ring"]
    app = unfold(visit(image, {"ring": pixels}), "why masked")
    x, y = (it for it in app.number_input if it.key.startswith("array"))
    assert app.code[0].value == numpy_text(
        image, pixels, (x.value, y.value, x.value + 14, y.value + 12), 0
    )
    shown = pixels[y.value : y.value + 12, x.value : x.value + 14]
    assert shown.any()
    assert not shown.all()
    x.set_value(3)
    y.set_value(28)
    app.segmented_control(key="array channel").set_value("green")
    clean(app.run())
    assert app.code[0].value == numpy_text(image, pixels, (3, 28, 17, 40), 1)


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 30), (25, 1)])
def test_tiny_images_are_measured_too(visit, size_hw):
    app = visit(colors(size_hw), {"all": np.ones(size_hw, bool)})
    unfold(app, "why masked")
    assert app.dataframe[0].value["Area"][0] == size_hw[0] * size_hw[1]
    assert "--" not in app.code[0].value


def test_an_edge_is_found_where_the_mask_has_one():
    pixels = np.zeros((9, 12), bool)
    pixels[:, 7:] = True
    assert measure_means._edge(rle.encode(pixels)) == (7, 4)  # noqa: SLF001
    pixels[:] = False
    pixels[6:] = True
    assert measure_means._edge(rle.encode(pixels)) == (6, 6)  # noqa: SLF001
    for pixels[:] in (False, True):
        assert measure_means._edge(rle.encode(pixels)) == (6, 4)  # noqa: SLF001


def test_the_code_shown_measures_the_same(visit, offered_files, tmp_path, monkeypatch):
    image = colors()
    app = visit(image, masks())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "image.png").write_bytes(png(image))
    instances = [layer.instance for layer in layers(app)]
    (tmp_path / "rows.csv").write_bytes(exports.codes(instances, "image.png", "severstal"))
    exec(compile(app.code[-1].value, "shown", "exec"), {})
    _, make = offered_files["download statistics"]
    assert (tmp_path / "statistics.csv").read_text("utf-8") == make().decode()


# Noise


def speckled(size_hw=SIZE_HW):
    """A smooth ramp with single wrong pixels, the ramp, and where they are."""
    height, width = size_hw
    ramp = np.zeros((*size_hw, 3), np.uint8)
    ramp[...] = (60 + np.arange(width) * 100 // width)[:, None]
    wrong = np.zeros(size_hw, bool)
    wrong[2 : height - 1 : 6, 3 : width - 1 : 7] = True
    noisy = ramp.copy()
    noisy[wrong] = 255
    return noisy, ramp, wrong


def masked_share(app):
    (said,) = [it.value for it in app.markdown if "are masked" in it.value]
    return said


def opened(content):
    return np.array(PIL.Image.open(io.BytesIO(content)))


def test_pixels_that_stand_out_are_found_and_filled(visit, offered_files):
    noisy, ramp, wrong = speckled()
    app = visit(noisy, part="Noise")
    assert masked_share(app).startswith(f"**{wrong.sum()} pixels**")
    name, make = offered_files["download filled"]
    filled = opened(make()).astype(int)
    assert name == "image_filled.png"
    assert np.array_equal(filled[~wrong], noisy[~wrong])
    assert abs(filled - ramp).max() <= 2


def test_found_pixels_become_a_layer_and_the_result_an_image(visit):
    noisy, ramp, wrong = speckled()
    app = click(visit(noisy, part="Noise"), "keep noise")
    (layer,) = layers(app)
    assert layer.instance.label == "noise"
    assert np.array_equal(rle.decode(layer.instance.mask), wrong)
    click(app, "open filled")
    assert [picture.name for picture in pictures(app)] == ["image.png", "image_filled.png"]
    assert current(app).name == "image_filled.png"
    assert abs(opened(current(app).content).astype(int) - ramp).max() <= 2


def test_the_threshold_decides_what_stands_out(visit):
    noisy, _, _ = speckled()
    app = visit(noisy, part="Noise")
    app.slider(key="noise threshold").set_value(255)
    clean(app.run())
    assert masked_share(app).startswith("**0 pixels**")
    assert app.button(key="keep noise").disabled
    assert not [it for it in app.button if it.key == "open filled"]


def test_black_and_white_pixels_can_be_noise(visit):
    noisy, _, wrong = speckled()
    noisy[20, 20] = 0
    noisy[21, 25] = (0, 90, 90)
    app = visit(noisy, part="Noise")
    app.segmented_control(key="noise way").set_value("find_extremes")
    clean(app.run())
    assert masked_share(app).startswith(f"**{wrong.sum() + 1} pixels**")
    app.toggle(key="noise channels").set_value(False)
    clean(app.run())
    assert masked_share(app).startswith(f"**{wrong.sum() + 2} pixels**")


def test_a_layer_can_say_where_the_noise_is(visit, offered_files):
    image = np.full((*SIZE_HW, 3), 90, np.uint8)
    inside = masks()["ore"]
    image[inside] = 7
    app = visit(image, {"stain": inside}, part="Noise")
    app.segmented_control(key="noise way").set_value("")
    clean(app.run())
    assert masked_share(app).startswith("**200 pixels**")
    assert not [it for it in app.button if it.key == "keep noise"]
    for method in ("median", "telea", "navier-stokes"):
        app.segmented_control(key="layer method").set_value(method)
        clean(app.run())
        filled = opened(offered_files["download filled"][1]()).astype(int)
        assert abs(filled - 90).max() <= 2


def test_without_a_layer_none_can_be_filled(visit):
    app = visit(colors(), part="Noise")
    app.segmented_control(key="noise way").set_value("")
    assert infos(clean(app.run())) == ["Keep a mask as a layer first."]


def test_a_layer_that_covers_everything_leaves_nothing_to_fill_from(visit):
    app = visit(colors(), {"all": np.ones(SIZE_HW, bool)}, part="Noise")
    app.segmented_control(key="noise way").set_value("")
    clean(app.run())
    assert infos(app) == ["All of this is masked, so there is nothing to fill from."]
    assert not [it for it in app.button if it.key in ("open filled", "fill whole")]


def test_a_large_image_is_tried_close_up_and_filled_by_a_job(visit, offered_files, at_once):
    noisy, ramp, wrong = speckled((1000, 1500))
    app = visit(noisy, part="Noise")
    assert masked_share(app).startswith(f"**{wrong.sum():,} pixels**")
    assert "A close-up; choose another place in “Found pixels”." in [it.value for it in app.caption]
    assert "download filled" not in offered_files
    click(app, "fill whole")
    filled = opened(offered_files["download filled"][1]()).astype(int)
    assert np.array_equal(filled[~wrong], noisy[~wrong])
    assert abs(filled - ramp).max() <= 2
    offered_files.clear()
    app.slider(key="noise threshold").set_value(41)
    clean(app.run())
    assert "download filled" not in offered_files
    assert not app.button(key="fill whole").disabled


def test_a_click_in_the_found_pixels_moves_the_close_up(visit, monkeypatch):
    picked, compared = [], []
    monkeypatch.setattr(canvas, "pick", lambda *_, on_pick, **__: picked.append(on_pick))
    part = noise_job.part
    monkeypatch.setattr(
        noise_job,
        "part",
        lambda image, mask, box, fill: (compared.append(box), part(image, mask, box, fill))[1],
    )
    noisy, _, _ = speckled((1010, 1510))
    app = visit(noisy, part="Noise")
    app.segmented_control(key="noise view").set_value("Found pixels")
    clean(app.run())
    picked[-1](1509, 0)
    app.segmented_control(key="noise view").set_value("Before and after")
    clean(app.run())
    assert compared[-1] == (1510 - 960, 0, 1510, 640)


def test_the_code_shown_fills_the_same(visit, offered_files, tmp_path, monkeypatch):
    noisy, _, _ = speckled()
    app = visit(noisy, masks(), part="Noise")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "image.png").write_bytes(png(noisy))
    for way in ("find", "find_extremes", ""):
        app.segmented_control(key="noise way").set_value(way)
        clean(app.run())
        exec(compile(app.code[-1].value, "shown", "exec"), {})
        written = opened((tmp_path / "filled.png").read_bytes())
        assert np.array_equal(written, opened(offered_files["download filled"][1]()))


def test_the_close_up_is_what_the_whole_will_be():
    noisy, _, _ = speckled((900, 1200))
    find, fill = Find("find", (("threshold", 40), ("radius", 1))), Fill("median", 1)
    mask = find.mask(noisy)
    whole = opened(noise_job.whole(lambda *_: None, png(noisy), find, fill))
    box = x1, y1, x2, y2 = noise_job.close_up((900, 1200), (500, 300))
    before, after = noise_job.part(noisy, mask, box, fill)
    assert np.array_equal(before, noisy[y1:y2, x1:x2])
    rim = (slice(2, -2), slice(2, -2))
    assert np.array_equal(after[rim], whole[y1:y2, x1:x2][rim])


@pytest.mark.parametrize(
    ("size_hw", "center", "box"),
    [
        ((600, 900), (0, 0), (0, 0, 900, 600)),
        ((2000, 3000), (0, 0), (0, 0, 960, 640)),
        ((2000, 3000), (1500, 1000), (1020, 680, 1980, 1320)),
        ((2000, 3000), (2999, 1999), (2040, 1360, 3000, 2000)),
        ((100, 9000), (4500, 50), (4020, 0, 4980, 100)),
    ],
)
def test_the_close_up_stays_inside_the_image(size_hw, center, box):
    assert noise_job.close_up(size_hw, center) == box


def test_around_a_large_layer_there_is_more_than_a_close_up():
    pixels = np.zeros((2000, 3000), bool)
    pixels[100:1900, 1000:1100] = True
    assert noise_job.around(rle.encode(pixels)) == (570, 60, 1530, 1940)


def test_the_densest_place_is_that_of_most_pixels():
    pixels = np.zeros((500, 700), bool)
    pixels[::50, ::50] = True
    pixels[330:345, 590:600] = True
    x, y = noise_job.densest(rle.encode(pixels))
    assert abs(x - 595) < 64
    assert abs(y - 337) < 64
    assert noise_job.densest(rle.empty((500, 700))) == (350, 250)


# Numbers

TABLE = "a;b;note\n1;10;x\n-999;20;y\n3;;z\n4;500;x\n"


@pytest.fixture
def numbers(start):
    """The page with a pasted table."""

    def numbers(text):
        app = choose(start(PAGE), "Numbers")
        app.text_area[0].set_value(text)
        return clean(app.run())

    return numbers


def edit(app, rows):
    """Fill in rules, by the number of their row."""
    app.session_state[app.data_editor[0].key] = {
        "edited_rows": rows,
        "added_rows": [],
        "deleted_rows": [],
    }
    return clean(app.run())


def statistics(app):
    """Name of the column -> statistic -> (of all values, of those that are not masked)."""
    table = app.dataframe[1].value
    found = {}
    for row in table.values.tolist():
        name, *values = row
        titles = [title for title, kind in table.columns if kind == "all"]
        found[name] = dict(zip(titles, zip(values[::2], values[1::2], strict=True), strict=True))
    return found


def test_missing_cells_are_masked_and_texts_left_out(numbers, offered_files):
    app = numbers(TABLE)
    found = statistics(app)
    assert list(found) == ["a", "b"]
    assert found["a"]["Mean"] == pytest.approx(((1 - 999 + 3 + 4) / 4,) * 2)
    assert found["b"]["Values"] == (3, 3)
    said = [it.value for it in app.caption]
    assert ":material/info: Without numbers, so left out: note" in said
    assert "1 of 8 values are masked; they are marked." in said
    assert offered_files["download numbers"][1]().decode().split() == [
        *("a,b", "1.0,10.0", "-999.0,20.0", "3.0,", "4.0,500.0")
    ]


def test_values_are_masked_by_column_and_everywhere(numbers, offered_files):
    app = edit(numbers(TABLE), {0: {"Equal to": "-999, 7"}, 2: {"Above": 100.0}})
    found = statistics(app)
    assert found["a"]["Mean"] == pytest.approx((-247.75, 8 / 3))
    assert found["a"]["Values"] == (4, 3)
    assert found["b"]["Max"] == (500, 20)
    a = np.ma.masked_equal([1.0, -999, 3, 4], -999)
    assert found["a"]["Std"][1] == pytest.approx(a.std())
    assert found["a"]["Median"][1] == np.ma.median(a)
    app.number_input(key="numbers fill").set_value(-1.5)
    clean(app.run())
    assert offered_files["download numbers"][1]().decode().split() == [
        *("a,b", "1.0,10.0", "-1.5,20.0", "3.0,-1.5", "4.0,-1.5")
    ]
    rows = list(
        csv.DictReader(io.StringIO(offered_files["download numbers statistics"][1]().decode()))
    )
    assert [(row["name"], row["count"], row["masked"]) for row in rows] == [
        ("a", "3", "1"),
        ("b", "2", "2"),
    ]


def test_masked_cells_are_marked_and_others_are_not(numbers):
    app = edit(numbers(TABLE), {1: {"Below": 0.0}})
    proto = app.dataframe[2].proto
    styles = proto.arrow_data.styler.styles
    marked = [
        place for place in ("row0_col0", "row1_col0", "row2_col1", "row3_col1") if place in styles
    ]
    assert marked == ["row1_col0", "row2_col1"]
    app.toggle(key="numbers only masked").set_value(True)
    clean(app.run())
    assert list(app.dataframe[2].value.index) == [2, 3]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"Equal to": "3,5"}, "“3,5” is not a number"),
        ({"Below": 5.0, "Above": 1.0}, "5 is more than 1"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_explained(numbers, rule, words):
    app = edit(numbers(TABLE), {1: rule})
    assert words in app.error[0].value
    assert edit(app, {}).error == []


def test_what_is_no_table_is_explained(numbers):
    app = numbers("no numbers here")
    assert "No column holds numbers" in app.error[0].value


def test_the_first_row_can_be_numbers(numbers):
    app = numbers("1,2\n3,4\n5,6")
    assert statistics(app)["column 1"]["Values"] == (3, 3)
    app.segmented_control(key="numbers header").set_value("Yes")
    clean(app.run())
    assert statistics(app)["1"]["Mean"] == (4, 4)


def test_two_columns_of_one_name_are_both_shown(numbers):
    app = edit(numbers("v,v\n1,2\n-1,4\n5,-1"), {1: {"Below": 0.0}})
    rows = app.dataframe[1].value.values.tolist()
    assert [row[:3] for row in rows] == [["v", 3, 2], ["v", 3, 2]]
    assert app.dataframe[2].value.shape == (3, 2)


def test_the_example_has_gaps_and_values_that_cannot_be(start):
    app = click(choose(start(PAGE), "Numbers"), "example numbers")
    found = statistics(app)
    temperature = [14.2, 15.0, 16.1, 11.8, 12.4, 12.9, 17.3, 18.0, 18.4]
    assert found["temperature"]["Values"] == (10, 9)
    assert found["temperature"]["Mean"][1] == pytest.approx(np.mean(temperature))
    assert found["humidity"]["Max"] == (171, 72)
    assert found["wind"]["Min"] == (-999, 2.2)


def test_rules_stay_when_one_comes_back_and_go_with_the_columns_names(numbers):
    app = edit(numbers(TABLE), {1: {"Below": 0.0}})
    choose(app, "Layers")
    choose(app, "Numbers")
    assert statistics(app)["a"]["Min"] == (-999, 1)
    app.text_area[0].set_value(TABLE.replace("-999", "-5"))
    clean(app.run())
    assert statistics(app)["a"]["Min"] == (-5, 1)
    app.text_area[0].set_value(TABLE.replace("a;", "c;"))
    clean(app.run())
    assert statistics(app)["c"]["Min"] == (-999, -999)


def test_a_file_can_be_uploaded_and_removed(start, offered_files):
    app = choose(start(PAGE), "Numbers")
    app.segmented_control(key="numbers source").set_value("Upload")
    clean(app.run())
    app.file_uploader[0].set_value(("depths.csv", TABLE.encode("utf-16"), "text/csv"))
    clean(app.run())
    assert statistics(app)["b"]["Values"] == (3, 3)
    assert offered_files["download numbers"][0] == "depths_filled.csv"
    click(app, "remove numbers")
    assert infos(app) == ["Paste or upload a table, or try the example."]


def test_the_code_shown_masks_the_same(numbers, offered_files, tmp_path, monkeypatch):
    app = edit(numbers(TABLE), {0: {"Equal to": "-999"}, 2: {"Below": 15.0, "Above": 100.0}})
    app.number_input(key="numbers fill").set_value(0)
    clean(app.run())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "numbers.csv").write_text(TABLE, "utf-8")
    exec(compile(app.code[-1].value, "shown", "exec"), {})
    for name, key in (("filled", "numbers"), ("statistics", "numbers statistics")):
        written = (tmp_path / f"{name}.csv").read_text("utf-8")
        assert written == offered_files[f"download {key}"][1]().decode()
