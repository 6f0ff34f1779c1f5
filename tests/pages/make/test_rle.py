"""The page that turns run-length codes into masks."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from maskcore import exports, image_io, overlay, rle, samples
from maskcore.mask_files.write import label_map_files, mask_pngs
from maskcore.rle import RLE
from maskcore.types import Instance
from pages.shared import view
from pages.shared.pictures import Picture
from pages.shared.view import Shown
from tests.grids import mask
from tests.pages import session
from tests.pages.session import clean, current, go, instances, page_path, pictures

PAGE = page_path("rle")


@pytest.fixture
def page(start):
    """The page in the app, without an image."""
    app = start()
    return go(app, PAGE)


def paste(app, text, *, size_hw=None, dialect=None):
    app.text_area(key="rle text").set_value(text)
    if dialect:
        app.selectbox(key="rle dialect").set_value(dialect)
    if size_hw:
        app.session_state["rle size"] = "Typed"
        app.session_state["rle height"], app.session_state["rle width"] = size_hw
    return clean(app.run())


def open_image(app, image, name="strip.png"):
    target = io.BytesIO()
    PIL.Image.fromarray(image).save(target, "PNG")
    session.open_image(app, name, target.getvalue())
    return go(app, PAGE)


def keep_all(app):
    app.button(key="all").click()
    return instances(clean(app.run()))


def rows(app):
    return app.dataframe[0].value


def errors(app):
    return [error.value for error in app.error]


@pytest.mark.parametrize("script", [PAGE])
def test_it_opens_alone(start, script):
    assert start(script).title[0].value == "Run-length codes"


def test_the_tutorials_row_is_one_click_and_not_shifted_by_a_pixel(page):
    page.button(key="example row").click()
    clean(page.run())
    (instance,) = keep_all(page)
    numbers = list(map(int, samples.ROW.split()))
    wanted = np.zeros(256 * 1600, bool)
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        wanted[start - 1 : start - 1 + length] = True
    assert np.array_equal(rle.decode(instance.mask), wanted.reshape(1600, 256).T)


def test_rows_take_their_size_from_the_open_image(page):
    app = open_image(page, np.zeros((3, 4, 3), np.uint8))
    paste(app, "ImageId,ClassId,EncodedPixels\nstrip.png,7,2 3\n")
    (instance,) = keep_all(app)
    assert instance.label == "7"
    # From pixel 2, three down the columns.
    assert np.array_equal(rle.decode(instance.mask), mask(".#..\n#...\n#..."))


def test_every_row_is_listed_with_class_area_and_box(page):
    text = "ImageId,ClassId,EncodedPixels\na.jpg,1,2 3\na.jpg,2,\na.jpg,3,12 1\n"
    paste(page, text, size_hw=(3, 4))
    assert rows(page)["Row"].tolist() == [2, 3, 4]
    assert rows(page)["Class"].tolist() == ["1", "2", "3"]
    assert rows(page)["Area"].tolist() == [3, 0, 1]
    assert rows(page)["Box"].tolist() == ["0, 0, 2, 3", "empty", "3, 2, 4, 3"]


def test_a_bad_row_is_listed_with_its_reason_and_the_others_are_shown(page):
    text = "ImageId,ClassId,EncodedPixels\na.jpg,1,2 3\na.jpg,2,5\na.jpg,3,0 4\n"
    paste(page, text, size_hw=(3, 4))
    assert rows(page)["Row"].tolist() == [2]
    problems = page.dataframe[1].value
    assert problems["Row"].tolist() == [3, 4]
    assert problems["Column"].tolist() == ["EncodedPixels", "EncodedPixels"]
    assert "pairs" in problems["Problem"][0]
    assert "starts at 0" in problems["Problem"][1]


def test_the_image_of_the_table_that_is_open_is_chosen_by_itself(page):
    app = open_image(page, np.zeros((3, 4, 3), np.uint8), name="b.png")
    paste(app, "ImageId,ClassId,EncodedPixels\na.png,1,2 3\nb.png,2,4 1\nb.png,3,5 1\n")
    assert [instance.label for instance in keep_all(app)] == ["2", "3"]


def test_a_detected_dialect_can_be_changed_by_choosing_another_picture(page):
    # Down the columns a bar of 4 x 4 pixels, along the rows stripes.
    text = "1 4 21 4 41 4 61 4"
    paste(page, text, size_hw=(20, 16))
    assert page.button(key="use carvana")
    page.button(key="use carvana").click()
    clean(page.run())
    assert page.selectbox(key="rle dialect").value == "carvana"
    (instance,) = keep_all(page)
    wanted = np.zeros(320, bool)
    for start in (0, 20, 40, 60):
        wanted[start : start + 4] = True
    assert np.array_equal(rle.decode(instance.mask), wanted.reshape(20, 16))


def test_siim_rows_of_an_image_are_one_mask_unless_the_person_wants_them_apart(page):
    paste(page, "ImageId, EncodedPixels\na, 1 2 3 1\na, 8 1\n", size_hw=(3, 4), dialect="siim-acr")
    assert [rle.area(instance.mask) for instance in keep_all(page)] == [4]


def test_another_open_image_that_the_table_names_is_the_one_drawn_on(page):
    app = open_image(page, np.zeros((3, 4, 3), np.uint8), name="a.png")
    app = open_image(app, np.ones((3, 4, 3), np.uint8), name="b.png")
    paste(app, "ImageId,ClassId,EncodedPixels\na.png,1,2 3\n")
    keep_all(app)
    assert current(app).name == "a.png"


def test_a_thousand_rows_of_one_image_are_one_mask_for_each_class(page):
    text = "ImageId,ClassId,EncodedPixels\n" + "".join(
        f"a.png,{i % 2},{2 * i + 1} 1\n" for i in range(1200)
    )
    paste(page, text, size_hw=(60, 50))
    assert [rle.area(instance.mask) for instance in keep_all(page)] == [600, 600]


def test_a_table_without_an_open_image_is_kept_on_a_black_one_of_its_name(page):
    paste(page, "ImageId,EncodedPixels,Height,Width\ncell,1 2,6,5\n")
    keep_all(page)
    picture = current(page)
    assert picture.name == "cell.png"
    assert picture.size_hw == (6, 5)


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "hello,world\nfoo,bar",
        "ImageId,ClassId,EncodedPixels",
        "}{",
        "\u0661 \u0662",
        "a;b;c\n1;2",
        "9" * 400_000,
        "," * 50,
        '"' * 7,
    ],
)
def test_text_that_is_no_table_gets_a_sentence_and_changes_nothing(page, text):
    app = open_image(page, np.zeros((3, 4, 3), np.uint8))
    before = pictures(app)
    paste(app, text)
    assert errors(app)
    assert instances(app) == []
    assert pictures(app) == before


def test_a_picture_uploaded_as_a_table_is_explained(page):
    page.segmented_control(key="rle source").set_value("Upload")
    clean(page.run())
    content = samples.load("steel").image_bytes
    page.file_uploader[0].set_value([("steel.png", content, "image/png")])
    clean(page.run())
    assert errors(page) == ["This is not a text file; choose the CSV file with the rows."]


def test_an_uploaded_table_survives_a_page_change(page):
    page.segmented_control(key="rle source").set_value("Upload")
    clean(page.run())
    content = b"ImageId,EncodedPixels,Height,Width\ncell,1 2,6,5\n"
    page.file_uploader[0].set_value([("cells.csv", content, "text/csv")])
    clean(page.run())
    go(page, page_path("open"))
    go(page, PAGE)
    assert rows(page)["Area"].tolist() == [2]


def test_the_code_shown_makes_the_very_overlay(page, tmp_path, monkeypatch):
    app = page
    session.open_image(app, "steel.png", samples.load("steel").image_bytes)
    go(app, PAGE)
    paste(app, "steel.png,1,29102 12 29346 24\nsteel.png,3,77918 27\nother.png,3,1 5\n")
    instances = keep_all(app)
    (code,) = app.code
    content = samples.load("steel").image_bytes
    (tmp_path / "steel.png").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    exec(compile(code.value, "shown", "exec"), {})
    wanted = overlay.draw(image_io.read_image(content), instances)
    assert np.array_equal(image_io.read_image(Path("overlay.png")), wanted)


def test_the_code_shown_takes_long_tables_from_a_file(page, tmp_path, monkeypatch):
    table = "ImageId,EncodedPixels,Height,Width\n" + "".join(
        f"cell,{start} 2,60,50\n" for start in range(1, 900, 3)
    )
    paste(page, table)
    (code,) = page.code
    (tmp_path / "rows.csv").write_text(table)
    PIL.Image.new("RGB", (50, 60)).save(tmp_path / "cell.png")
    monkeypatch.chdir(tmp_path)
    found = {}
    exec(compile(code.value, "shown", "exec"), found)
    assert [instance.mask for instance in found["instances"]] == [
        instance.mask for instance in keep_all(page)
    ]


@pytest.mark.parametrize(("count", "named"), [(60, True), (61, False)])
def test_labels_that_would_hide_the_picture_are_shown_only_if_asked_for(page, count, named):
    codes = "\n".join(f"a.png,{number},{20 * number + 1} 10" for number in range(count))
    paste(page, f"ImageId,ClassId,EncodedPixels\n{codes}", size_hw=(40, 40))
    (labels,) = (toggle for toggle in page.toggle if toggle.label == "Labels")
    assert labels.value is named
    assert labels.set_value(not named).run().toggle(key=labels.key).value is not named


def test_downloads_of_different_masks_have_different_names(page, monkeypatch):
    """Streamlit would serve the older of two large files of equal length otherwise."""
    named = []
    button = view.st.download_button

    def noted(label, data, *, file_name, **options):
        named.append(file_name)
        return button(label, data, file_name=file_name, **options)

    monkeypatch.setattr(view.st, "download_button", noted)
    paste(page, "1 5", size_hw=(300, 400))
    first = named[:]
    named.clear()
    paste(page, "1 6", size_hw=(300, 400))
    assert len(first) == len(named) == 6
    assert not set(first) & set(named)


def test_the_overlay_of_a_mask_that_differs_in_one_pixel_is_drawn_anew():
    """Streamlit's cache tells arrays of this size apart by samples only."""
    size_hw = (1000, 1200)
    content = image_io.encode_png(np.zeros(size_hw, np.uint8))
    picture = Picture("black 1000 x 1200", "black.png", content, size_hw)
    pixels = np.zeros(size_hw, bool)
    pixels[200:400, 200:400] = True
    before = view.thumbnail(Shown.of(picture, [Instance(rle.encode(pixels), "a")]), 1400)
    pixels[700, 900] = True
    after = view.thumbnail(Shown.of(picture, [Instance(rle.encode(pixels), "a")]), 1400)
    assert image_io.read_image(before)[700, 900].max() < 30
    assert image_io.read_image(after)[700, 900].max() > 60


def test_the_zip_holds_overlay_masks_classes_label_map_and_codes():
    image = np.zeros((3, 4, 3), np.uint8)
    first, second = mask("##..\n....\n...."), mask("....\n...#\n..##")
    instances = [
        Instance(rle.encode(first), "1"),
        Instance(rle.encode(second), "3"),
        Instance(rle.encode(mask("....\n#...\n....")), "1"),
    ]
    files = dict(exports.everything(image, instances, image_name="a.jpg", dialect="severstal"))
    assert sorted(files) == [
        "classes/1.png",
        "classes/3.png",
        "label_map.csv",
        "label_map.png",
        "masks/1.png",
        "masks/1_2.png",
        "masks/3.png",
        "overlay.png",
        "severstal.csv",
    ]
    read = {
        name: np.array(PIL.Image.open(io.BytesIO(content)).convert("L"))
        for name, content in files.items()
        if name.endswith("png") and name != "overlay.png"
    }
    assert np.array_equal(read["masks/3.png"] == 255, second)
    assert np.array_equal(read["classes/1.png"] == 255, mask("##..\n#...\n...."))
    assert read["label_map.png"].tolist() == [[1, 1, 0, 0], [1, 0, 0, 2], [0, 0, 2, 2]]
    assert files["label_map.csv"] == b"id,label\n1,1\n2,3\n"
    assert files["severstal.csv"] == (
        b"ImageId,ClassId,EncodedPixels\na.jpg,1,1 1 4 1\na.jpg,3,9 1 11 2\na.jpg,1,2 1\n"
    )


def test_a_label_map_of_more_than_255_classes_has_16_bits():
    instances = [Instance(RLE((20, 20), [i, 1, 399 - i]), f"class {i}") for i in range(300)]
    files = dict(label_map_files(instances))
    pixels = np.array(PIL.Image.open(io.BytesIO(files["label_map.png"])))
    assert np.array_equal(pixels.T.reshape(-1), [*range(1, 301), *[0] * 100])


def test_a_label_that_is_a_path_stays_inside_the_zip():
    instance = Instance(RLE((2, 2), [1, 3]), "../../etc/passwd")
    from maskcore.files import archive

    content = archive.zip_bytes(mask_pngs([instance]))
    (name,) = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert name == "passwd.png"
