"""The page that augments: presets and controls, the grid, the export, the code."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
from pycocotools import mask as coco

from maskcore import augment, exports, image_io, rle, samples
from maskcore.augment import PRESETS, Drawn, Ranges
from maskcore.augment.files import Plan
from maskcore.errors import MaskcoreError
from maskcore.types import Instance
from pages.shared.jobs import bounded_zip
from pages.shared.pictures import Picture
from pages.shared.view import Shown
from pages.use.augment import (
    as_code as augment_python,
    export_job as augment_writing,
    grid as augment_grid,
    samples as augment_samples,
)
from pages.use.augment.controls import SampleSettings
from pages.use.augment.export_job import SampledImage
from tests.pages.session import clean, current, go, open_image, page_path

pytestmark = [
    pytest.mark.usefixtures("at_once"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

PAGE = page_path("augment")
SIZE_HW = (48, 80)


def png(image):
    target = io.BytesIO()
    PIL.Image.fromarray(image).save(target, "PNG")
    return target.getvalue()


def opened(content):
    return np.array(PIL.Image.open(io.BytesIO(content)))


def picture():
    """Gray, with a red and a blue rectangle, and a mask of each."""
    image = np.full((*SIZE_HW, 3), 120, np.uint8)
    red, blue = np.zeros((2, *SIZE_HW), bool)
    red[10:30, 10:35] = True
    blue[20:40, 50:70] = True
    image[red], image[blue] = (220, 30, 30), (30, 30, 220)
    return image, {"red": red, "=blue": blue}


@pytest.fixture
def visit(start):
    """Open images with layers in the app and go to the page; the last one is the current."""

    def visit(*opened):
        app = start()
        for name, image, found in opened:
            on_it = [Instance(rle.encode(pixels), label) for label, pixels in found.items()]
            open_image(app, name, png(image), on_it)
        return go(app, PAGE)

    return visit


@pytest.fixture
def page(visit):
    image, masks = picture()
    return visit(("image.png", image, masks))


@pytest.fixture
def cells(monkeypatch):
    """What the grid shows, by the number of the sample, from 0."""
    shown, cell = {}, augment_samples.cell

    def noted(picture, choice, index, look, *, faded):
        shown[index] = cell(picture, choice, index, look, faded=faded)
        return shown[index]

    monkeypatch.setattr(augment_samples, "cell", noted)
    return shown


def click(app, key):
    app.button(key=key).click()
    return clean(app.run())


def choose(app, preset):
    app.get_by_key("augment preset").set_value(preset)
    return clean(app.run())


def sent(app):
    """What the job was given: the images and what to write."""
    sources, plan, _ = app.session_state["samples file"].job.arguments
    return sources, plan


def files(app):
    click(app, "make samples")
    return zipfile.ZipFile(app.session_state["samples file"].path)


def test_without_an_image_the_page_says_what_to_do(start):
    assert [it.value for it in start(PAGE).info] == ["Open an image first."]


def test_nine_light_samples_are_shown_at_once(page, cells):
    clean(page.run())
    assert sorted(cells) == list(range(9))
    assert len(set(cells.values())) == 9
    click(page, "make samples")
    assert sent(page)[1].ranges == PRESETS["light"]


@pytest.mark.parametrize("preset", PRESETS)
def test_the_controls_can_say_every_preset(page, preset):
    choose(page, preset)
    page.number_input(key="augment count").set_value(1)
    click(page, "make samples")
    assert sent(page)[1].ranges == PRESETS[preset]
    assert page.get_by_key("augment preset").value == preset


def test_with_everything_off_a_sample_is_the_image(page, cells):
    choose(page, "off")
    page.segmented_control(key="augment look").set_value("Image")
    clean(page.run())
    assert len(set(cells.values())) == 1
    assert abs(opened(cells[0]).astype(int) - picture()[0]).mean() < 5


def test_a_control_changes_the_grid_and_unsets_the_preset(page, cells):
    clean(page.run())
    before = dict(cells)
    page.slider(key="augment rotation").set_value((40, 60))
    clean(page.run())
    assert all(cells[index] != before[index] for index in range(9))
    assert page.get_by_key("augment preset").value is None
    click(page, "make samples")
    assert sent(page)[1].ranges == replace(PRESETS["light"], rotation=(40, 60))


def test_a_new_draw_has_another_seed_and_the_old_one_comes_back(page, cells):
    clean(page.run())
    before = dict(cells)
    click(page, "new draw")
    assert page.number_input(key="augment seed").value == 1
    assert all(cells[index] != before[index] for index in range(9))
    page.number_input(key="augment seed").set_value(0)
    clean(page.run())
    assert cells == before


def test_the_grid_can_have_up_to_25_and_as_many_pages_as_it_takes(page, cells):
    page.segmented_control(key="augment grid").set_value(25)
    clean(page.run())
    assert sorted(cells) == list(range(25))
    page.get_by_key("augment page").set_value(2)
    clean(page.run())
    assert sorted(cells) == list(range(50))


def test_a_page_that_is_no_longer_there_is_left(page, cells):
    page.get_by_key("augment page").set_value(6)
    clean(page.run())
    cells.clear()
    page.number_input(key="augment count").set_value(5)
    clean(page.run())
    assert sorted(cells)[:5] == list(range(5))


def test_settings_stay_when_one_comes_back(page):
    page.slider(key="augment hue").set_value((-9, 30))
    page.segmented_control(key="augment fill").set_value("constant")
    clean(page.run())
    page.color_picker(key="augment fill_color").set_value("#102030")
    page.segmented_control(key="augment fill").set_value("wrap")
    clean(page.run())
    go(page, page_path("measure"))
    go(page, PAGE)
    click(page, "make samples")
    expected = replace(PRESETS["light"], hue=(-9, 30), fill="wrap", fill_color=(16, 32, 48))
    assert sent(page)[1].ranges == expected


def test_what_is_left_out_fades_and_is_not_exported(page, cells):
    clean(page.run())
    before = cells[2]
    all_files = files(page)
    every = {name: all_files.read(name) for name in all_files.namelist()}
    click(page, "leave out 2")
    assert opened(cells[2]).std() < opened(before).std() / 2
    assert "1 left out. The download was made before the last changes." in captions(page)
    assert page.button(key="make samples").label == "Make 49 samples"
    fewer = files(page)
    pictures = [name for name in every if name.endswith("png") and "aug002" not in name]
    assert [name for name in fewer.namelist() if name.endswith("png")] == pictures
    assert all(fewer.read(name) == every[name] for name in pictures)
    click(page, "leave out 2")
    assert cells[2] == before


def test_other_numbers_are_other_samples_of_which_none_is_left_out(page):
    click(page, "leave out 2")
    click(page, "new draw")
    assert page.button(key="make samples").label == "Make 50 samples"
    page.number_input(key="augment seed").set_value(0)
    clean(page.run())
    assert page.button(key="make samples").label == "Make 49 samples"


def test_when_all_are_left_out_there_is_nothing_to_make(page):
    page.number_input(key="augment count").set_value(1)
    click(page, "leave out 0")
    assert page.button(key="make samples").disabled


def captions(app):
    return [it.value for it in app.caption]


def test_a_sample_can_be_looked_at_and_left_out_there(page):
    click(page, "enlarge 4")
    (table,) = page.table
    assert "Rotation" in table.value.to_string()
    click(page, "leave out enlarged")
    assert "1 left out." in captions(page)


def test_the_zip_holds_what_pycocotools_reads_as_the_label_maps_show(page):
    page.pills(key="augment masks").set_value(["Label maps", "A mask per layer"])
    page.number_input(key="augment count").set_value(6)
    clean(page.run())
    archive = files(page)
    said = json.loads(archive.read("annotations.json"))
    assert len(said["images"]) == 6
    names = {it["id"]: it["name"] for it in said["categories"]}
    for image in said["images"]:
        stem = image["file_name"].removesuffix(".png")
        pixels = opened(archive.read(f"images/{image['file_name']}"))
        labels = opened(archive.read(f"label_maps/{stem}.png"))
        assert pixels.shape[:2] == labels.shape == SIZE_HW
        for it in (it for it in said["annotations"] if it["image_id"] == image["id"]):
            inside = coco.decode(it["segmentation"]).astype(bool)
            assert np.array_equal(inside, labels == it["category_id"])
            assert it["area"] == inside.sum()
            x, y, width, height = it["bbox"]
            assert inside[y : y + height, x : x + width].sum() == inside.sum()
            channel = {"red": 0, "=blue": 2}[names[it["category_id"]]]
            assert pixels[inside].mean(axis=0).argmax() == channel


def test_all_open_images_come_with_their_own_layers(visit):
    image, masks = picture()
    other = np.ascontiguousarray(image[::-1, 10:])
    app = visit(("one.png", image, masks), ("two.png", other, {}))
    shown = current(app)
    app.toggle(key="augment in all").set_value(True)
    app.number_input(key="augment count").set_value(2)
    clean(app.run())
    archive = files(app)
    assert current(app) == shown
    sources, _ = sent(app)
    assert [(it.name, len(it.instances)) for it in sources] == [("one.png", 2), ("two.png", 0)]
    assert {name for name in archive.namelist() if name.startswith("images/")} == {
        f"images/{stem}_aug00{index}.png" for stem in ("one", "two") for index in range(2)
    }
    manifest = json.loads(archive.read("manifest.json"))
    assert [it["image"] for it in manifest["samples"]] == ["one.png"] * 2 + ["two.png"] * 2


def test_without_layers_the_image_alone_is_augmented(visit, cells):
    app = visit(("image.png", picture()[0], {}))
    assert len(set(cells.values())) == 9
    archive = files(app)
    assert json.loads(archive.read("annotations.json"))["annotations"] == []
    click(app, "enlarge 0")


def test_the_grid_shows_what_is_exported():
    scene = samples.shapes()
    image = np.kron(scene.image, np.ones((3, 3, 1), np.uint8))
    content = png(image)
    shown = Shown.of(Picture("shapes x 3", "shapes.png", content, image.shape[:2]), [])
    ranges = Ranges(rotation=30, shift_x=0.2, zoom=0.3, horizontal_flip=True, brightness=0.3)
    for index in range(5):
        choice = SampleSettings(ranges, "", 7)
        cell = opened(augment_samples.cell(shown, choice, index, "Image", faded=False))
        drawn = augment.draw(ranges, image.shape[:2], augment.generator(7, "shapes.png", index))
        whole, _ = augment.apply(image, drawn)
        reduced = image_io.preview(whole, augment_samples.CELL)
        assert abs(cell.astype(int) - reduced).mean() < 6
        # Another sample is something else.
        other, _ = augment.apply(
            image, augment.draw(ranges, image.shape[:2], augment.generator(7, "x", index))
        )
        assert abs(cell.astype(int) - image_io.preview(other, augment_samples.CELL)).mean() > 20


def source():
    image, masks = picture()
    instances = tuple(Instance(rle.encode(it), name) for name, it in masks.items())
    return SampledImage("image.png", png(image), instances, frozenset())


def test_progress_is_told_sample_by_sample(tmp_path):
    told = []
    augment_writing.write(
        lambda share, note, _: told.append((share, note)),
        [source()],
        Plan(PRESETS["light"], 3),
        str(tmp_path / "z"),
    )
    assert told[1:] == [(1 / 3, "1 of 3 samples"), (2 / 3, "2 of 3 samples"), (1, "3 of 3 samples")]


def test_a_cancelled_export_leaves_no_file(tmp_path):
    def cancel(share, _note, _part):
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        augment_writing.write(cancel, [source()], Plan(PRESETS["light"], 3), str(tmp_path / "z"))
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_is_too_large_is_explained(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded_zip, "MAX_BYTES", 1000)
    with pytest.raises(MaskcoreError, match="export fewer"):
        augment_writing.write(
            lambda *_: None, [source()], Plan(PRESETS["light"], 3), str(tmp_path / "z")
        )
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_cannot_be_written_is_explained(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bounded_zip.archive, "write_zip", full)
    with pytest.raises(MaskcoreError, match="disk"):
        augment_writing.write(
            lambda *_: None, [source()], Plan(PRESETS["light"], 3), str(tmp_path / "z")
        )


def test_the_zip_goes_with_the_next_one(page):
    click(page, "make samples")
    first = page.session_state["samples file"].path
    assert first.exists()
    click(page, "new draw")
    click(page, "make samples")
    assert not first.parent.exists()
    assert page.session_state["samples file"].path.exists()


def test_the_code_shown_writes_the_same(page, tmp_path, monkeypatch):
    image, masks = picture()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "image.png").write_bytes(png(image))
    instances = [Instance(rle.encode(it), name) for name, it in masks.items()]
    (tmp_path / "rows.csv").write_bytes(exports.codes(instances, "image.png", "severstal"))
    page.number_input(key="augment count").set_value(4)
    page.slider(key="augment shear").set_value((2, 5))
    click(page, "leave out 1")
    click(page, "make samples")
    exec(compile(page.code[0].value, "shown", "exec"), {})
    made = zipfile.ZipFile(page.session_state["samples file"].path)
    written = zipfile.ZipFile("samples.zip")
    assert written.namelist() == made.namelist()
    for name in made.namelist():
        assert written.read(name) == made.read(name), name


@pytest.mark.filterwarnings("ignore:The image decoding and encoding:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:RandomErasing.. is currently passing:UserWarning")
@pytest.mark.parametrize("name", [*PRESETS, "off", "everything"])
def test_the_torchvision_pipeline_runs_and_moves_masks_with_the_image(name):
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    every = Ranges(
        rotation=20,
        shift_y=0.1,
        vertical_flip=True,
        hue=20,
        contrast=0.1,
        blur=(0.01, 0.02),
        noise=(3, 5),
        jpeg_quality=90,
        cutouts=(1, 2),
        fill="wrap",
    )
    ranges = {**PRESETS, "off": Ranges(), "everything": every}[name]
    image, masks = picture()
    white = np.zeros_like(image)
    white[masks["red"]] = 255
    said = {
        "image": torch.from_numpy(white).permute(2, 0, 1),
        "masks": torch.from_numpy(np.stack(list(masks.values()))),
    }
    torch.manual_seed(3)
    exec(compile(augment_python.torchvision(ranges, SIZE_HW), "shown", "exec"), said)
    sample, moved = said["sample"].numpy(), said["moved"].numpy()
    assert sample.shape == (3, *SIZE_HW)
    assert sample.dtype == np.uint8
    assert moved.shape == (2, *SIZE_HW)
    if name in ("light", "off", "medical"):
        bright = sample.mean(axis=0) > 110
        assert (bright == moved[0]).mean() > 0.95


def test_the_table_names_only_what_changes():
    assert augment_grid.drawn_facts(Drawn(SIZE_HW)) == {"Changes": "none"}
    drawn = Drawn(SIZE_HW, rotation=-3.25, zoom=1.5, horizontal_flip=True, blur=0.01)
    assert augment_grid.drawn_facts(drawn) == {
        "Rotation": "-3.2°",
        "Zoom": "150.0%",
        "Left and right": "swapped",
        "Blur": "0.5 px",
    }
