"""The page that looks through data sets: gallery, findings, charts, corrections, copies."""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from maskcore import rle
from maskcore.types import Instance
from pages.data.inspect import (
    charts as inspect_charts,
    findings as inspect_findings,
    pictures as inspect_pictures,
    survey as inspect_survey,
)
from pages.shared.dataset import server_folder
from pages.shared.jobs import progress
from pages.shared.jobs.job import Job
from tests.grids import mask
from tests.pages.session import (
    clean,
    count_steps,
    current,
    go,
    instances,
    layers,
    page_path,
    set_layers,
)
from tests.pages.tiny_set import (
    BAR,
    PAGE,
    SQUARE,
    TINY,
    document,
    held,
    opened,
    png,
    tiny,
    upload,
)

pytestmark = pytest.mark.usefixtures("at_once")

EMPTY = np.zeros((5, 4), bool)
BIG = np.ones((5, 4), bool)


def files(masks, images=None):
    """A set of single files; images are gray unless they are given."""
    found = {name: png(color=(i, 99, 99)) for i, name in enumerate(masks)}
    return {**found, **(images or {}), "instances.json": document(masks)}


FOUR = {
    "a.png": [("cat", SQUARE), ("dog", BAR)],
    "b.png": [("cat", BAR)],
    "c.png": [],
    "d.png": [("bird", BIG)],
}


@pytest.fixture
def page(start):
    """The page with four images: two masks, one, none, and one that covers all."""
    return upload(start(PAGE), files(FOUR))


@pytest.fixture
def app(start):
    """The whole app on the page, with the four images."""
    app = start()
    go(app, PAGE)
    return upload(app, files(FOUR))


def cards(app):
    """The names in the gallery."""
    return [it.label for it in app.button if it.key.startswith("inspect open")]


def captions(app):
    return [it.value for it in app.caption]


def click(app, key):
    app.button(key=key).click()
    return clean(app.run())


def choose(app, title, start):
    """Choose the option of a filter that begins so."""
    box = next(it for it in app.selectbox if it.label == title)
    box.set_value(next(it for it in box.options if it.startswith(start)))
    return clean(app.run())


def part(app, name):
    next(it for it in app.segmented_control if it.label == "What to see").set_value(name)
    return clean(app.run())


def visit(app, name):
    return click(app, next(it.key for it in app.button if it.label == name))


def on_canvas(app, name):
    """Open a sample on the canvas; return its masks, which are layers there."""
    visit(app, name)
    app.button(key="correct sample").click()
    clean(app.run())
    return layers(app)


def leave_with(app, *steps):
    """Do steps on the canvas, each the layers that there are then, and come back."""
    for step in steps:
        set_layers(app, step)
    return go(app, PAGE)


@pytest.fixture
def charts(monkeypatch):
    """The values of the charts that are drawn, in their order."""
    drawn = []

    def draw(chart, **_):
        drawn.append(chart["data"]["values"])

    monkeypatch.setattr(inspect_charts.st, "vega_lite_chart", draw)
    return drawn


def written(app, kind):
    """The files of the copy that is written last."""
    click(app, f"make {kind}")
    with zipfile.ZipFile(app.session_state[f"{kind} file"].path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def annotations(members):
    """Name of an image -> (class, area) of its masks, as COCO's document has them."""
    said = json.loads(next(it for name, it in members.items() if name.endswith(".json")))
    names = {it["id"]: it["name"] for it in said["categories"]}
    found = {it["id"]: (it["file_name"], []) for it in said["images"]}
    for it in said["annotations"]:
        found[it["image_id"]][1].append((names[it["category_id"]], it["area"]))
    return dict(found.values())


def test_the_page_opens_alone_without_a_data_set(start) -> None:
    assert cards(start(PAGE)) == []


def test_the_gallery_shows_every_sample_with_its_masks_counted(page) -> None:
    assert cards(page) == ["a.png", "b.png", "c.png", "d.png"]
    assert "4 of 4 samples" in captions(page)
    said = [it for it in captions(page) if "mask" in it]
    assert [it.partition(" mask")[0] for it in said] == ["2", "1", "0", "1"]
    assert any("4 masks · 3 classes" in it.value for it in page.markdown)


def test_the_gallery_is_filtered_by_name_and_shown_whole_again(page) -> None:
    page.text_input[0].set_value(" B.P")
    clean(page.run())
    assert cards(page) == ["b.png"]
    assert "1 of 4 samples" in captions(page)
    click(page, "show all samples")
    assert len(cards(page)) == 4


@pytest.mark.parametrize(
    ("title", "option", "expected"),
    [
        ("Class", "cat (2)", ["a.png", "b.png"]),
        ("Class", "bird (1)", ["d.png"]),
        ("Size of masks", "no mask", ["c.png"]),
        ("Size of masks", "smaller", ["a.png", "b.png", "d.png"]),
        ("Size of masks", "larger", []),
        ("Size of images", "4 × 5 (4)", ["a.png", "b.png", "c.png", "d.png"]),
        ("Findings", "Images without a mask (1)", ["c.png"]),
        ("Findings", "with a finding", ["c.png"]),
        ("Findings", "without a finding", ["a.png", "b.png", "d.png"]),
    ],
)
def test_the_gallery_is_filtered_by_what_is_in_the_samples(page, title, option, expected) -> None:
    choose(page, title, option)
    assert cards(page) == expected


def test_filters_add_up(page) -> None:
    choose(page, "Class", "cat")
    page.text_input[0].set_value("a")
    clean(page.run())
    assert cards(page) == ["a.png"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("most masks", ["a.png", "b.png", "d.png", "c.png"]),
        ("fewest masks", ["c.png", "b.png", "d.png", "a.png"]),
        ("largest", ["d.png", "a.png", "b.png", "c.png"]),
        ("smallest", ["a.png", "b.png", "d.png", "c.png"]),
        ("by name", ["a.png", "b.png", "c.png", "d.png"]),
    ],
)
def test_the_gallery_is_put_in_order(page, order, expected) -> None:
    choose(page, "Order", order)
    assert cards(page) == expected


def test_many_samples_come_in_pages(start) -> None:
    page = upload(start(PAGE), files({f"{i:02}.png": [("cat", SQUARE)] for i in range(30)}))
    assert cards(page) == [f"{i:02}.png" for i in range(20)]
    page.pagination[0].set_value(2)
    clean(page.run())
    assert cards(page) == [f"{i:02}.png" for i in range(20, 30)]
    visit(page, "27.png")
    assert "28 of 30" in captions(page)
    click(page, "inspect back")
    assert cards(page) == [f"{i:02}.png" for i in range(20, 30)]
    page.text_input[0].set_value("1")
    clean(page.run())
    assert cards(page)[0] == "01.png"


def test_a_thumbnail_shows_the_image_and_colors_its_masks(start) -> None:
    pixels = mask("\n".join([("#" * 40 + "." * 60)] * 80))
    image = png((80, 100), (120, 120, 120))
    said = json.loads(document({"a.png": []}))
    said["images"][0].update(height=80, width=100)
    said["categories"] = [{"id": 1, "name": "left"}]
    said["annotations"] = [
        {
            "id": 1,
            "image_id": 1,
            "category_id": 1,
            "iscrowd": 0,
            "segmentation": [[0, 0, 40, 0, 40, 80, 0, 80]],
            "bbox": [0, 0, 40, 80],
            "area": int(pixels.sum()),
        }
    ]
    page = upload(start(PAGE), {"a.png": image, "instances.json": json.dumps(said).encode()})
    now = opened(page)
    content = inspect_pictures.thumbnail(now, now.samples["a.png"], ("left",))
    shown = np.asarray(PIL.Image.open(io.BytesIO(content)).convert("RGB")).astype(int)
    assert shown.shape == (80, 100, 3)
    assert np.abs(shown[10:70, 50:95] - 120).max() < 10
    assert np.abs(shown[10:70, 5:35] - 120).max(axis=2).min() > 30


def test_a_sample_is_seen_large_with_its_masks_and_its_neighbors(page) -> None:
    choose(page, "Class", "cat")
    visit(page, "b.png")
    assert any("b.png" in it.value for it in page.markdown)
    assert "4 × 5 pixels · 1 mask" in captions(page)
    assert page.dataframe[0].value["Area"].tolist() == [BAR.sum()]
    assert page.dataframe[0].value["Box"].tolist() == ["0, 3, 4, 4"]
    assert page.button(key="inspect next").disabled
    click(page, "inspect previous")
    assert page.dataframe[0].value["Class"].tolist() == ["cat", "dog"]
    assert page.button(key="inspect previous").disabled
    click(page, "inspect back")
    assert cards(page) == ["a.png", "b.png"]


def test_what_was_found_in_a_sample_stands_beside_it(page) -> None:
    visit(page, "c.png")
    assert any("Images without a mask" in it.value for it in page.markdown)


def test_a_sample_without_an_image_is_shown_on_gray(start) -> None:
    masks = {"a.png": [("cat", SQUARE)], "b.png": []}
    page = upload(start(PAGE), {"instances.json": document(masks)})
    now = opened(page)
    content = inspect_pictures.thumbnail(now, now.samples["b.png"], ("cat",))
    shown = np.asarray(PIL.Image.open(io.BytesIO(content)).convert("RGB"))
    assert shown.shape == (5, 4, 3)
    assert len(np.unique(shown)) == 1
    visit(page, "a.png")
    assert "no image" in page.warning[0].value
    assert "4 × 5 pixels · 1 mask" in captions(page)


def test_an_image_that_cannot_be_read_is_named_and_its_masks_are_shown(start) -> None:
    broken = png((5, 4))[:-30]
    page = upload(start(PAGE), files({"a.png": [("cat", SQUARE)]}, {"a.png": broken}))
    visit(page, "a.png")
    assert "a.png" in page.warning[0].value or "The file" in page.warning[0].value
    assert page.dataframe[0].value["Area"].tolist() == [SQUARE.sum()]


def test_masks_of_another_size_are_stretched_and_it_is_said(start) -> None:
    page = upload(start(PAGE), files({"a.png": [("cat", SQUARE)]}, {"a.png": png((10, 8))}))
    visit(page, "a.png")
    assert any("4 × 5" in it.value and "8 × 10" in it.value for it in page.warning)
    assert page.dataframe[0].value["Area"].tolist() == [4 * SQUARE.sum()]


def ways_back(app) -> list[str]:
    links = [it.proto.label for it in app.get("page_link")]
    return [it for it in links if it.startswith("Back to")]


def test_two_samples_without_an_image_are_corrected_apart(start) -> None:
    page = upload(
        start(PAGE),
        {"instances.json": document({"a.png": [("cat", SQUARE)], "b.png": [("cat", BAR)]})},
    )
    now = opened(page)
    pictures = [inspect_pictures.large(now, it).picture for it in now.samples.values()]
    assert pictures[0].id != pictures[1].id
    assert pictures[0].size_hw == pictures[1].size_hw == (5, 4)


def test_alone_the_page_says_that_the_canvas_is_elsewhere(page) -> None:
    visit(page, "a.png")
    page.button(key="correct sample").click()
    clean(page.run())
    assert len(page.error) == 1


def test_a_sample_is_corrected_on_the_canvas_put_back_and_restored(app) -> None:
    cat, dog = on_canvas(app, "a.png")
    assert app.title[0].value == "Paint"
    # On the page and in the sidebar.
    assert ways_back(app) == ["Back to the data set"] * 2
    assert current(app).name == "a.png"
    assert count_steps(app) == 1  # all masks at once
    assert [cat.instance.label, dog.instance.label] == ["cat", "dog"]

    leave_with(app, [cat])  # as if "dog" were deleted there
    assert app.button(key="correct sample").label == "Go on with the canvas"
    click(app, "put back")
    assert held(app)["a.png"] == [("cat", SQUARE.tolist())]
    assert held(app)["b.png"] == TINY["b.png"]
    assert app.button(key="put back").disabled
    assert "4 × 5 pixels · 1 mask" in captions(app)

    click(app, "inspect back")
    assert any("3 masks · 3 classes" in it.value for it in app.markdown)
    assert "1 mask · corrected" in [it.strip() for it in captions(app)]
    choose(app, "Findings", "corrected (1)")
    assert cards(app) == ["a.png"]
    assert annotations(written(app, "corrected")) == {
        "a.png": [("cat", SQUARE.sum())],
        "b.png": [("cat", BAR.sum())],
        "c.png": [],
        "d.png": [("bird", BIG.sum())],
    }

    visit(app, "a.png")
    click(app, "undo correction")
    assert held(app)["a.png"] == TINY["a.png"]
    assert not opened(app).corrected


def test_going_on_with_the_canvas_keeps_what_was_painted(app) -> None:
    masks = on_canvas(app, "b.png")
    leave_with(app, (), masks)
    app.button(key="correct sample").click()
    clean(app.run())
    assert app.title[0].value == "Paint"
    assert count_steps(app) == 3


def test_a_sample_whose_layers_are_all_deleted_holds_nothing(app) -> None:
    on_canvas(app, "a.png")
    leave_with(app, ())
    click(app, "put back")
    assert held(app)["a.png"] == []


def test_there_is_no_way_back_to_a_set_that_is_closed(app) -> None:
    visit(app, "a.png")
    app.button(key="correct sample").click()
    clean(app.run())
    go(app, PAGE)
    click(app, "close data set")
    go(app, page_path("paint"))
    assert app.title[0].value == "Paint"
    assert ways_back(app) == []


def test_empty_layers_are_not_put_back(app) -> None:
    cat, dog = on_canvas(app, "a.png")
    empty = Instance(rle.encode(EMPTY), "dog")
    leave_with(app, [cat, replace(dog, instance=empty)])
    click(app, "put back")
    assert held(app)["a.png"] == [("cat", SQUARE.tolist())]


def test_twins_are_not_taken_for_each_other(start) -> None:
    app = start()
    go(app, PAGE)
    same = png(color=(7, 8, 9))
    masks = {"a.png": [("cat", SQUARE)], "b.png": [("cat", BAR)]}
    upload(app, files(masks, {"a.png": same, "b.png": same}))
    visit(app, "a.png")
    app.button(key="correct sample").click()
    clean(app.run())
    go(app, PAGE)
    click(app, "inspect next")
    assert not [it for it in app.button if it.key == "put back"]
    app.button(key="correct sample").click()
    clean(app.run())
    (instance,) = instances(app)
    assert rle.decode(instance.mask).tolist() == BAR.tolist()


def test_without_findings_the_page_says_so(start) -> None:
    page = part(upload(start(PAGE), tiny()), "Findings")
    assert len(page.success) == 1


FAULTY = {
    "a.png": [("cat", SQUARE), ("cat", SQUARE)],
    "b.png": [("Cat", BAR), ("dog", EMPTY)],
    "c.png": [],
    "d.png": [("cat", BAR), ("dog", SQUARE)],
}


@pytest.fixture
def faulty(start):
    return part(upload(start(PAGE), files(FAULTY)), "Findings")


def titles(app):
    """What the cards of the findings are headed."""
    return [it.value for it in app.markdown if it.value.startswith(":") and "**" in it.value]


def test_findings_are_counted_listed_and_lead_to_their_samples(faulty) -> None:
    said = " ".join(titles(faulty))
    for kind in ("annotated twice", "capitals", "Empty masks", "without a mask"):
        assert kind in said
    number = next(i for i, it in enumerate(titles(faulty)) if "annotated twice" in it)
    click(faulty, f"open finding {number}")
    assert any(it.value == "**a.png**" for it in faulty.markdown)
    click(faulty, "inspect back")
    assert " ".join(titles(faulty)) == said


def test_findings_are_filtered_by_severity_and_by_kind(faulty) -> None:
    whole = titles(faulty)
    severity = next(it for it in faulty.get("button_group") if it.key == "inspect severity")
    severity.set_value("note")
    clean(faulty.run())
    assert len(titles(faulty)) < len(whole)
    assert all("info" in it for it in titles(faulty))
    severity = next(it for it in faulty.get("button_group") if it.key == "inspect severity")
    severity.set_value(None)
    clean(faulty.run())
    faulty.selectbox(key="inspect kind").set_value("empty-mask")
    clean(faulty.run())
    assert len(titles(faulty)) == 1
    assert "Empty masks" in titles(faulty)[0]


def test_findings_are_downloaded_as_a_table(start, monkeypatch) -> None:
    made = {}

    def download(label, name, make, digest, **_):
        made[name] = make

    monkeypatch.setattr(inspect_findings.downloads, "file", download)
    page = part(upload(start(PAGE), files(FAULTY)), "Findings")
    (name,) = made
    rows = list(csv.DictReader(io.StringIO(made[name]().decode())))
    assert name.endswith("_findings.csv")
    assert len(rows) == len(titles(page))


def test_a_fixed_copy_has_certain_faults_mended_and_nothing_else(faulty) -> None:
    found = annotations(written(faulty, "fixed"))
    assert found == {
        "a.png": [("cat", SQUARE.sum())],
        "b.png": [("cat", BAR.sum())],
        "c.png": [],
        "d.png": [("cat", BAR.sum()), ("dog", SQUARE.sum())],
    }
    assert by_areas(held(faulty)["a.png"]) == [SQUARE.sum(), SQUARE.sum()]


def by_areas(masks):
    return [np.sum(pixels) for _, pixels in masks]


def test_the_images_of_a_copy_are_those_that_were_given(faulty) -> None:
    members = written(faulty, "fixed")
    given = files(FAULTY)
    for name in FAULTY:
        assert members[f"images/{name}"] == given[name]


def test_a_copy_of_another_set_is_not_offered(faulty) -> None:
    written(faulty, "fixed")
    assert [it for it in faulty.get("download_button") if it.key == "download fixed"]
    click(faulty, "close data set")
    part(upload(faulty, files({**FAULTY, "e.png": [("bird", BIG)]})), "Findings")
    assert [it for it in faulty.button if it.key == "make fixed"]
    assert not [it for it in faulty.get("download_button") if it.key == "download fixed"]


def test_the_pixels_of_all_images_are_checked_when_asked(start) -> None:
    images = {"a.png": png(color=(1, 1, 1)), "b.png": png(color=(200, 1, 1))}
    broken = bytearray(images["b.png"])
    broken[broken.find(b"IDAT") + 6] ^= 255
    page = upload(
        start(PAGE),
        files({"a.png": [("cat", SQUARE)], "b.png": [("cat", BAR)]}, {"b.png": bytes(broken)}),
    )
    part(page, "Findings")
    assert not any("cannot be opened" in it for it in titles(page))
    click(page, "check pixels")
    assert any("cannot be opened" in it for it in titles(page))
    assert not [it for it in page.button if it.key == "check pixels"]


def test_the_charts_count_what_is_there(page, charts) -> None:
    part(page, "Charts")
    classes, per_image, areas = charts
    assert {it["class"]: it["masks"] for it in classes} == {"cat": 2, "dog": 1, "bird": 1}
    assert [(it["x"], it["n"]) for it in per_image] == [("0", 1), ("1", 2), ("2", 1)]
    assert sum(it["n"] for it in areas) == 4
    assert [(it["x"], it["n"]) for it in areas if it["n"]] == [("4", 3), ("16", 1)]
    assert "All of them have 4 × 5 pixels." in [it.value for it in page.markdown]
    # The brightest place lies under "bird", which covers all, two bars and the square's lower half.
    assert any("lies in 3 masks, the darkest in 1" in it for it in captions(page))


def test_the_heat_map_of_one_class_is_its_own(page) -> None:
    part(page, "Charts")
    box = next(it for it in page.selectbox if it.key == "inspect heat class")
    box.set_value(next(it for it in box.options if it.startswith("dog")))
    clean(page.run())
    assert any("lies in 1 mask, the darkest in 0" in it for it in captions(page))


def test_a_set_without_masks_has_a_chart_of_its_sizes(start, charts) -> None:
    part(upload(start(PAGE), {"a.png": png(), "b.png": png((7, 9))}), "Charts")
    assert [{(it["width"], it["height"]) for it in found} for found in charts] == [{(4, 5), (9, 7)}]


def test_a_set_of_nothing_but_a_document_does_not_fail(start) -> None:
    page = upload(start(PAGE), {"instances.json": document({"a.png": []})})
    for name in ("Findings", "Charts", "Gallery"):
        part(page, name)
    visit(page, "a.png")


def test_a_large_set_is_looked_through_anew_only_when_asked(app, monkeypatch) -> None:
    monkeypatch.setattr(inspect_survey, "_FEW", 0)
    cat, _ = on_canvas(app, "a.png")
    leave_with(app, [cat])
    click(app, "put back")
    click(app, "inspect back")
    assert any("4 masks · 3 classes" in it.value for it in app.markdown)
    assert any("before the last correction" in it for it in captions(app))
    click(app, "look through anew")
    assert any("3 masks · 3 classes" in it.value for it in app.markdown)


def test_the_gallery_is_there_before_the_set_was_looked_through(start, monkeypatch) -> None:
    def submit(key, title, function, *arguments):
        progress.st.session_state[key] = Job(
            title, function, arguments, state="running", note="1 of 4 samples"
        )

    monkeypatch.setattr(progress, "submit", submit)
    page = upload(start(PAGE), files(FOUR))
    assert cards(page) == ["a.png", "b.png", "c.png", "d.png"]
    assert [it.label for it in page.text_input] == ["Name contains"]
    assert not [it for it in page.selectbox if it.label == "Class"]
    part(page, "Findings")
    assert len(page.info) == 1


def test_after_a_survey_that_was_cancelled_another_is_made_when_asked(start, monkeypatch) -> None:
    def cancelled(key, title, function, *arguments):
        progress.st.session_state[key] = Job(title, function, arguments, state="cancelled")

    with monkeypatch.context() as patch:
        patch.setattr(progress, "submit", cancelled)
        page = upload(start(PAGE), files(FOUR))
        assert cards(page) == ["a.png", "b.png", "c.png", "d.png"]
        clean(page.run())
    click(page, "look through again")
    assert any("4 masks · 3 classes" in it.value for it in page.markdown)


def test_another_set_begins_with_its_gallery_and_without_filters(page) -> None:
    choose(page, "Class", "cat")
    part(page, "Charts")
    click(page, "close data set")
    upload(page, tiny())
    assert cards(page) == ["a.png", "b.png"]


DATA = os.environ.get("MASKCORE_TEST_DATA")


@pytest.mark.skipif(not DATA, reason="needs MASKCORE_TEST_DATA")
@pytest.mark.parametrize(
    ("folder", "kind", "n_samples"),
    [("coco", "coco", 59), ("dsb2018", "kaggle-rle", 12), ("severstal", "kaggle-rle", 1804)],
)
def test_real_sets_open_from_the_server(start, monkeypatch, folder, kind, n_samples) -> None:
    monkeypatch.setenv(server_folder.VARIABLE, str(Path(DATA)))
    page = start(PAGE)
    page.segmented_control(key="data set place").set_value("Folder on the server")
    clean(page.run())
    page.selectbox(key="server folder .").set_value(folder)
    clean(page.run())
    click(page, "open server folder")
    assert opened(page).format == kind
    assert f"{n_samples:,} of {n_samples:,} samples" in captions(page)
    assert len(cards(page)) == min(20, n_samples)
    for name in ("Findings", "Charts", "Gallery"):
        part(page, name)
    visit(page, cards(page)[0])
