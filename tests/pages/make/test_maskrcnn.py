"""The page that finds objects, on the shapes sample with the demo model."""

from __future__ import annotations

import time
import zipfile

import pytest

from maskcore import cutout, rle, samples
from pages.shared.jobs.queue import QueueFullError, ShareUsedError, queue
from tests.pages.session import clean, go, instances, open_image, page_path

PAGE = page_path("maskrcnn")


@pytest.fixture(scope="module", autouse=True)
def stop_worker():
    """The queue of the app itself does the work; its process ends with these tests."""
    yield
    queue.stop()


@pytest.fixture
def page(start):
    app = start()
    open_image(app, "shapes.png", samples.load("shapes").image_bytes)
    return go(app, PAGE)


def find(app):
    app.button(key="find").click()
    clean(app.run())
    deadline = time.monotonic() + 60
    while not app.session_state["finding"].finished:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return clean(app.run())


def truth():
    return samples.shapes().instances


def test_it_opens_alone(start):
    assert start(PAGE).title[0].value == "Find objects"


def test_without_an_image_it_says_what_to_do(start):
    app = start(PAGE)
    assert [info.value for info in app.info] == ["Open an image first."]


def test_every_shape_is_found_and_kept_under_its_name(page):
    app = find(page)
    app.button(key="keep").click()
    clean(app.run())
    found = instances(app)
    wanted = truth()
    assert len(found) == len(wanted)
    for shape in wanted:
        best = max(found, key=lambda other: rle.iou(other.mask, shape.mask))
        assert best.label == shape.label
        assert rle.iou(best.mask, shape.mask) > 0.8


def test_only_wanted_labels_are_found(page):
    page.multiselect(key="find labels demo").set_value(["circle"])
    clean(page.run())
    app = find(page)
    app.button(key="keep").click()
    clean(app.run())
    assert {instance.label for instance in instances(app)} == {"circle"}


def test_only_checked_objects_are_kept(page):
    app = find(page)
    boxes = [box for box in app.checkbox if box.key.startswith("found")]
    boxes[0].uncheck()
    clean(app.run())
    app.button(key="keep").click()
    clean(app.run())
    assert len(instances(app)) == len(boxes) - 1


def test_a_page_change_keeps_the_outcome(page):
    app = find(page)
    go(app, page_path("open"))
    go(app, PAGE)
    assert app.subheader[0].value.endswith("objects")


def test_an_image_without_objects_offers_a_lower_score(start):
    import io

    import PIL.Image

    target = io.BytesIO()
    PIL.Image.new("RGB", (200, 150), (90, 90, 90)).save(target, "PNG")
    app = start()
    open_image(app, "gray.png", target.getvalue())
    go(app, PAGE)
    app = find(app)
    assert "No object" in app.info[0].value
    app.button(key="look again").click()
    clean(app.run())
    assert app.slider(key="find score").value == 25


@pytest.mark.parametrize(
    ("refused", "sentence"), [(QueueFullError, "Too many"), (ShareUsedError, "Your other jobs")]
)
def test_a_job_that_is_refused_is_said_and_breaks_nothing(page, monkeypatch, refused, sentence):
    def refuse(*_arguments, visitor, **_options):
        assert visitor
        raise refused

    monkeypatch.setattr(queue, "submit", refuse)
    page.button(key="find").click()
    clean(page.run())
    assert any(sentence in toast.value for toast in page.toast)


@pytest.mark.parametrize("script", [page_path("cutout")])
def test_the_cut_out_page_opens_alone_and_asks_for_an_image(start, script):
    assert [info.value for info in start(script).info] == ["Open an image first."]


def test_layers_of_any_kind_can_be_cut_out(steel_layers):
    app = steel_layers
    go(app, page_path("cutout"))
    labels = [button.label for button in app.download_button]
    assert "Download 4 checked" in labels
    for name in ("White", "Color", "Blurred", "Grayed"):
        app.segmented_control(key="cut background").set_value(name)
        clean(app.run())
    app.slider(key="cut feather").set_value(8)
    clean(app.run())


def test_the_code_shown_cuts_out_the_very_objects(page, tmp_path, monkeypatch):
    app = find(page)
    (code,) = app.code
    (tmp_path / "shapes.png").write_bytes(samples.load("shapes").image_bytes)
    monkeypatch.chdir(tmp_path)
    exec(compile(code.value, "shown", "exec"), {})
    app.button(key="keep").click()
    clean(app.run())
    wanted = [cutout.file_name("shapes", instance) for instance in instances(app)]
    names = zipfile.ZipFile("cutouts.zip").namelist()
    assert [*wanted, "shapes.background.png", "manifest.csv", "manifest.json"] == names


def test_a_model_that_is_not_there_is_said_and_the_demo_still_works(page, monkeypatch):
    monkeypatch.setenv("MASKCORE_WEIGHTS", "/nowhere")
    monkeypatch.setenv("TORCH_HOME", "/nowhere")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    queue.stop()  # so that the process starts anew, with this environment
    page.selectbox(key="find model").set_value("coco")
    clean(page.run())
    app = find(page)
    (error,) = app.error
    assert (
        "maskrcnn_resnet50_fpn_v2_coco-73cbd019.pth is not on this computer"
        in error.value.replace("\\", "")
    )
    page.selectbox(key="find model").set_value("demo")
    clean(page.run())
    assert find(page).session_state["finding"].state == "done"
