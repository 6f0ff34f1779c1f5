"""Models by name and by path: where weights come from, devices, labels, sharing."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import http.server
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from torchvision.models import detection
from torchvision.ops import FrozenBatchNorm2d

from maskcore.errors import ModelError
from maskcore.maskrcnn import architecture, catalog, checkpoint, demo, download, load, model
from maskcore.maskrcnn.catalog import MODELS, ModelCard
from tests import two_go

PAYLOAD = bytes(range(256)) * 4000  # four chunks of a download
PATIENCE = 30  # seconds for a thread to do its part


@pytest.fixture(autouse=True)
def nothing_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No cache but an empty one, no network but this computer, nothing loaded before."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv(download.FOLDER_VARIABLE, raising=False)
    monkeypatch.setenv("no_proxy", "*")
    nowhere = {
        name: dataclasses.replace(it, url=it.url and f"http://127.0.0.1:9/{it.file_name}")
        for name, it in MODELS.items()
    }
    monkeypatch.setattr(model, "MODELS", nowhere)
    model.forget()
    yield
    model.forget()


class Stub:
    """What `load` needs of a Segmenter, which takes seconds to prepare its copy of a model."""

    def __init__(self, model: object, labels: tuple[str, ...], *, device: str, **_: object) -> None:
        self.model, self.labels, self.device = model, labels, device


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "Segmenter", Stub)


# the catalogue


def test_the_catalogue_agrees_with_torchvision() -> None:
    for name, weights in (
        ("coco", detection.MaskRCNN_ResNet50_FPN_V2_Weights.COCO_V1),
        ("coco-v1", detection.MaskRCNN_ResNet50_FPN_Weights.COCO_V1),
    ):
        listed = MODELS[name]
        assert listed.url == weights.url
        assert listed.file_name == weights.url.rpartition("/")[2]
        assert listed.file_name.endswith(f"-{listed.sha256}.pth")
        assert list(listed.labels) == weights.meta["categories"]
        assert listed.n_bytes == pytest.approx(weights.meta["_file_size"] * 2**20, abs=1000)
        assert f"mask AP {weights.meta['_metrics']['COCO-val2017']['mask_map']} " in listed.summary
    assert len(MODELS["coco"].found_labels) == 80


def test_the_catalogue_agrees_with_the_demo_model() -> None:
    assert MODELS["demo"].labels == demo.LABELS
    assert MODELS["demo"].file_name == demo.WEIGHTS.name
    assert MODELS["demo"].n_bytes == pytest.approx(demo.WEIGHTS.stat().st_size, rel=0.05)


def test_the_catalogue_and_the_downloads_need_no_torch() -> None:
    code = (
        "import sys; from maskcore.maskrcnn import catalog, download; "
        "download.find(catalog.MODELS['coco']); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_cache_is_that_of_torch_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    for set_variables in ({"TORCH_HOME": "~/t"}, {"XDG_CACHE_HOME": "/x"}, {}):
        for variable in ("TORCH_HOME", "XDG_CACHE_HOME"):
            monkeypatch.delenv(variable, raising=False)
        for variable, value in set_variables.items():
            monkeypatch.setenv(variable, value)
        assert download.cache_folder() == Path(torch.hub.get_dir(), "checkpoints")


# loading


def test_the_demo_model_finds_a_circle_without_a_network() -> None:
    image = np.full((200, 240, 3), 225, np.uint8)
    y, x = np.mgrid[:200, :240]
    inside = (y - 90) ** 2 + (x - 130) ** 2 <= 45**2
    image[inside] = (200, 40, 40)
    (found,) = load("demo").predict(image)
    assert found.label == "circle"
    assert np.abs(np.subtract(found.box, (85, 45, 176, 136))).max() <= 4


@pytest.mark.usefixtures("stub")
def test_a_model_is_loaded_once_and_shared() -> None:
    first = load("demo", device="cpu")
    found = []
    threads = [threading.Thread(target=lambda: found.append(load("demo"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(found) == 4
    assert all(it is first for it in found)
    assert load("demo", mode="fast") is not first
    assert load("demo", labels=["Kreis", "Quadrat", "Dreieck"]) is not first


@pytest.mark.usefixtures("stub")
def test_threads_that_ask_at_once_wait_for_one_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    built = []

    def slow_build(*arguments: object) -> tuple[object, str]:
        built.append(arguments)
        time.sleep(0.2)
        return demo.build().eval(), "demo"

    monkeypatch.setattr(model, "_build", slow_build)
    found = []
    threads = [threading.Thread(target=lambda: found.append(load("demo"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(built) == 1
    assert len({id(it) for it in found}) == 1


@pytest.mark.usefixtures("stub")
def test_the_model_asked_for_least_recently_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "MAX_LOADED", 2)
    first = load("demo")
    load("demo", labels=["a", "b", "c"])
    assert load("demo") is first
    load("demo", labels=["d", "e", "f"])
    assert load("demo") is first
    load("demo", labels=["a", "b", "c"])
    load("demo", labels=["d", "e", "f"])
    assert load("demo") is not first


@pytest.mark.usefixtures("stub")
def test_a_file_that_changed_is_loaded_anew(tmp_path: Path) -> None:
    path = tmp_path / "own.pt"
    torch.save(demo.build().state_dict(), path)
    first = load(path)
    assert load(str(path)) is first
    torch.save({"model": demo.build().state_dict()}, path)
    assert load(path) is not first


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    for wrong in ("cocoo", tmp_path / "no.pt", "no\0file"):
        with pytest.raises(ModelError, match="the models are demo, coco, coco-v1"):
            load(wrong)
    with pytest.raises(ModelError, match="is not a file; give the path of a checkpoint"):
        load(tmp_path)
    with pytest.raises(TypeError, match="name_or_path must be a str or a Path, got int"):
        load(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="weights are for coco and coco-v1, got 'demo'"):
        load("demo", weights=tmp_path)


@pytest.mark.usefixtures("stub")
def test_a_device_that_is_not_there_is_refused() -> None:
    assert load("demo", device="cpu").device == "cpu"
    for wrong in ("cuda:99", "meta", "gpu", "mps:x"):
        with pytest.raises(ModelError, match=f"There is no device '{wrong}'"):
            load("demo", device=wrong)


def test_the_first_device_that_works_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = []
    made = SimpleNamespace()
    monkeypatch.setattr(
        model, "_segmenter", lambda *arguments, **_: chosen.append(arguments[2]) or made
    )
    works = {"cuda", "mps"}
    monkeypatch.setattr(model, "_runs_operators", lambda device: device in works)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    for broken in ((), ("cuda",), ("cuda", "mps")):
        works.difference_update(broken)
        load("demo")
    assert chosen == ["cuda", "mps", "cpu"]
    with pytest.raises(ModelError, match="The device 'mps' does not run Mask R-CNN here"):
        load("demo", device="mps")


def test_a_graphics_card_without_room_leaves_the_model_on_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full_card(*arguments: object, device: str, **options: object) -> Stub:
        if device == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return Stub(*arguments, device=device, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(model, "Segmenter", full_card)
    monkeypatch.setattr(model, "_place", lambda _: "cuda")
    assert load("demo").device == "cpu"
    with pytest.raises(ModelError, match="does not fit into the memory of cuda"):
        load("demo", device="cuda")


# labels


def own_checkpoint(path: Path, n_classes: int) -> Path:
    state = architecture._new_demo(n_classes).state_dict()  # noqa: SLF001
    torch.save(state, path)
    return path


@pytest.mark.usefixtures("stub")
def test_classes_without_labels_are_numbered(tmp_path: Path) -> None:
    segmenter = load(own_checkpoint(tmp_path / "own.pt", 3))
    assert segmenter.labels == ("__background__", "class 1", "class 2")


@pytest.mark.usefixtures("stub")
def test_labels_come_with_or_without_the_background(tmp_path: Path) -> None:
    path = own_checkpoint(tmp_path / "own.pt", 3)
    lines = tmp_path / "labels.txt"
    lines.write_bytes("\ufeff ciliegia\r\n\r\n  più verde \r\n".encode())
    assert load(path, labels=["cat", " dog "]).labels == ("__background__", "cat", "dog")
    assert load(path, labels=["nothing", "cat", "dog"]).labels == ("nothing", "cat", "dog")
    assert load(path, labels=lines).labels == ("__background__", "ciliegia", "più verde")


@pytest.mark.usefixtures("stub")
def test_a_checkpoint_is_named_by_any_kind_of_path(tmp_path: Path) -> None:
    path = own_checkpoint(tmp_path / "own.pt", 3)
    lines = tmp_path / "labels.txt"
    lines.write_text("cat\ndog\n", "utf-8")
    entries = {entry.name: entry for entry in os.scandir(tmp_path)}
    first = load(path, labels=lines)
    assert first.labels == ("__background__", "cat", "dog")
    assert load(str(path), labels=entries["labels.txt"]) is first
    assert load(entries["own.pt"], labels=["cat", "dog"]) is first


@pytest.mark.usefixtures("v1", "stub")
def test_the_weights_are_named_by_any_kind_of_path(v1_file: Path, v1: ModelCard) -> None:
    (entry,) = os.scandir(v1_file.parent)
    assert download.find(v1, str(v1_file)) == download.find(v1, entry) == v1_file
    assert download.find_or_fetch(v1, str(v1_file)) == v1_file


@pytest.mark.usefixtures("stub")
def test_labels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = own_checkpoint(tmp_path / "own.pt", 5)
    for given, text in (
        (["a", "b", "c"], "own.pt has 5 classes with the background, but 3 labels were given"),
        (["a"], "own.pt has 5 classes with the background, but 1 label was given"),
        (["a", " ", "c", "d"], "Label 2 of 4 is empty"),
    ):
        with pytest.raises(ModelError) as caught:
            load(path, labels=given)
        assert str(caught.value) == text
    with pytest.raises(TypeError, match="labels must be a list of strings or a Path, got 'abcd'"):
        load(path, labels="abcd")


@pytest.mark.usefixtures("stub")
def test_files_of_labels_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    latin, long = tmp_path / "latin.txt", tmp_path / "long.txt"
    latin.write_bytes("più".encode("latin-1"))
    long.write_bytes(b"a\n" * 600_000)
    for path, text in (
        (latin, "latin.txt is not a text file in UTF-8"),
        (long, "long.txt is too long for a list of labels"),
        (tmp_path / "no.txt", "no.txt cannot be read: No such file"),
    ):
        with pytest.raises(ModelError, match=text):
            load("demo", labels=path)


# the two ResNet-50 models


@pytest.fixture(scope="module")
def v1_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """COCO's v1 as torchvision published it in 2019: before PyTorch 1.6, with older names."""
    torch.manual_seed(0)
    built = detection.maskrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    older = {}
    for key, value in built.state_dict().items():
        if key.endswith("num_batches_tracked"):
            continue
        if "fpn" in key:
            key = key.replace(".0.weight", ".weight").replace(".0.bias", ".bias")
        if "mask_head" in key:
            number = int(key.split(".")[2])
            key = f"roi_heads.mask_head.mask_fcn{number + 1}.{key.split('.')[4]}"
        older[key.replace("rpn.head.conv.0.0.", "rpn.head.conv.")] = value.half()
    assert "backbone.fpn.inner_blocks.0.weight" in older
    assert "rpn.head.conv.weight" in older
    folder = tmp_path_factory.mktemp("v1")
    torch.save(older, folder / "v1.pth", _use_new_zipfile_serialization=False)
    yield folder / "v1.pth"
    (folder / "v1.pth").unlink()


@pytest.fixture
def v1(v1_file: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    """The entry of the catalogue, made to expect that file."""
    sha256 = hashlib.sha256(v1_file.read_bytes()).hexdigest()
    entry = dataclasses.replace(model.MODELS["coco-v1"], sha256=sha256[:8])
    monkeypatch.setitem(model.MODELS, "coco-v1", entry)  # type: ignore[misc]
    return entry


def test_coco_weights_are_looked_for_in_three_places(
    v1: ModelCard, v1_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, cache = tmp_path / "own", download.cache_folder()
    own.mkdir()
    cache.mkdir(parents=True)
    assert download.find(v1) is None
    assert download.find_or_fetch(v1, v1_file) == v1_file
    (cache / v1.file_name).symlink_to(v1_file)
    assert download.find_or_fetch(v1) == download.find(v1) == cache / v1.file_name
    (own / v1.file_name).symlink_to(v1_file)
    assert download.find_or_fetch(v1, own) == own / v1.file_name
    monkeypatch.setenv(download.FOLDER_VARIABLE, str(own))
    assert download.find_or_fetch(v1) == download.find(v1) == own / v1.file_name
    (own / v1.file_name).unlink()
    (own / v1.file_name).write_bytes(b"half")
    assert download.find_or_fetch(v1) == cache / v1.file_name


@pytest.mark.usefixtures("v1", "stub")
def test_cocos_v1_weights_are_loaded_as_torchvision_loads_them(v1_file: Path) -> None:
    segmenter = load("coco-v1", weights=v1_file)
    assert segmenter.labels == catalog.COCO_LABELS
    norms = [it for it in segmenter.model.modules() if isinstance(it, FrozenBatchNorm2d)]
    assert len(norms) == 53
    assert {it.eps for it in norms} == {0.0}
    theirs = detection.maskrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    # Without the metadata of a state dict, torchvision renames the older names by itself.
    theirs.load_state_dict(dict(checkpoint.load_state(v1_file, legacy=True)), strict=False)
    expected, ours = theirs.state_dict(), segmenter.model.state_dict()
    assert ours.keys() == {key for key in expected if "num_batches_tracked" not in key}
    assert all(torch.equal(ours[key], expected[key]) for key in ours)


@pytest.mark.usefixtures("stub")
def test_an_own_v2_checkpoint_gives_torchvisions_results(tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = detection.maskrcnn_resnet50_fpn_v2(
        weights=None, weights_backbone=None, num_classes=5
    ).eval()
    path = tmp_path / "wildlife.pth"
    torch.save({"model": {key: it.half() for key, it in theirs.state_dict().items()}}, path)
    segmenter = load(path, labels=["cow", "dog", "hare", "fox"])
    assert segmenter.labels == ("__background__", "cow", "dog", "hare", "fox")
    ours = segmenter.model
    path.unlink()
    theirs.half().float()
    assert ours.transform.min_size == theirs.transform.min_size
    with torch.inference_mode():
        features, expected = ours.backbone(x := torch.rand(1, 3, 64, 96)), theirs.backbone(x)
        head = ours.roi_heads.box_head(torch.ones(1, 256, 7, 7))
        expected_head = theirs.roi_heads.box_head(torch.ones(1, 256, 7, 7))
    assert all(torch.allclose(features[key], expected[key], atol=1e-4) for key in expected)
    assert torch.allclose(head, expected_head, atol=1e-4)


# downloads


class Server(http.server.BaseHTTPRequestHandler):
    """Sends `PAYLOAD` as a path says."""

    def do_GET(self) -> None:
        kind = self.path.strip("/")
        content = {"other": b"x" * len(PAYLOAD), "endless": PAYLOAD * 4}.get(kind, PAYLOAD)
        self.send_response(404 if kind == "missing" else 200)
        if kind not in ("endless", "unannounced"):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:300_000] if kind == "cut" else content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def entry(address: str, kind: str) -> ModelCard:
    return dataclasses.replace(
        MODELS["coco"],
        file_name="w.pth",
        n_bytes=len(PAYLOAD),
        sha256=hashlib.sha256(PAYLOAD).hexdigest()[:8],
        url=f"{address}/{kind}",
    )


def in_cache() -> list[str]:
    return sorted(path.name for path in download.cache_folder().glob("*"))


@pytest.mark.parametrize("kind", ["whole", "unannounced"])
def test_a_download_is_told_of_and_kept(address: str, kind: str) -> None:
    told: list[tuple[int, int]] = []
    path = download.find_or_fetch(
        entry(address, kind), progress=lambda done, total: told.append((done, total))
    )
    assert path.read_bytes() == PAYLOAD
    assert in_cache() == ["w.pth"]
    assert told[-1] == (len(PAYLOAD), len(PAYLOAD))
    assert len(told) >= 4
    assert told == sorted(told)
    again = download.find_or_fetch(entry("http://127.0.0.1:9", kind))
    assert again == path


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("other", "What came as w.pth is not that file; download http"),
        ("endless", "What came as w.pth is not that file; download http"),
        ("cut", "The download of w.pth was cut short at 0 of 1 MB; try again, or download http"),
        ("missing", "w.pth is not on this computer and cannot be downloaded (Not Found); download"),
    ],
)
def test_a_download_that_fails_leaves_nothing(address: str, kind: str, text: str) -> None:
    with pytest.raises(ModelError) as caught:
        download.find_or_fetch(entry(address, kind))
    assert str(caught.value).startswith(text)
    assert str(caught.value).endswith(f"in another way and put it into {download.cache_folder()}")
    assert in_cache() == []


@pytest.mark.parametrize("kind", [KeyboardInterrupt, TimeoutError, RuntimeError])
def test_a_cancelled_download_leaves_nothing(address: str, kind: type[BaseException]) -> None:
    def cancel(done: int, _: int) -> None:
        if done > 500_000:
            raise kind("enough")

    with pytest.raises(kind, match="enough"):
        download.find_or_fetch(entry(address, "whole"), progress=cancel)
    assert in_cache() == []


def test_a_full_disk_is_told_of_and_left_as_it_was(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        assert len(in_cache()) == 1
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ModelError, match=r"w\.pth was not saved: there is no room for its 1 MB in"):
        download.find_or_fetch(entry(address, "whole"))
    assert in_cache() == []


def test_a_cache_that_cannot_be_made_is_told_of(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="cannot be written to: Not a directory"):
        download.find_or_fetch(entry(address, "whole"))


@pytest.mark.usefixtures("stub")
def test_without_a_network_the_file_and_its_place_are_named() -> None:
    with pytest.raises(ModelError) as caught:
        load("coco")
    said = str(caught.value)
    assert said.startswith(f"{MODELS['coco'].file_name} is not on this computer and cannot be down")
    assert said.endswith(f"put it into {download.cache_folder()}")
    assert in_cache() == []
    assert load("demo").labels == demo.LABELS


def test_a_half_finished_file_is_fetched_anew(address: str) -> None:
    path = download.find_or_fetch(entry(address, "whole"))
    path.write_bytes(PAYLOAD[:1000])
    with pytest.raises(ModelError) as caught:
        download.find_or_fetch(entry("http://127.0.0.1:9", "whole"))
    assert str(caught.value).startswith(
        f"{path} is damaged, perhaps a download that was cut short; delete it and try again"
    )
    assert path.read_bytes() == PAYLOAD[:1000]
    assert download.find_or_fetch(entry(address, "whole")).read_bytes() == PAYLOAD


def test_weights_that_are_given_must_be_the_published_ones(address: str, tmp_path: Path) -> None:
    wrong = tmp_path / "mine.pth"
    wrong.write_bytes(b"something else")
    for given, text in (
        (wrong, "mine.pth is not the w.pth that torchvision publishes, or only a part of it"),
        (tmp_path, r"There is no file w\.pth at "),
    ):
        with pytest.raises(ModelError, match=text):
            download.find_or_fetch(entry(address, "whole"), given)
    assert in_cache() == []


def test_what_a_killed_download_left_is_removed(address: str) -> None:
    folder = download.cache_folder()
    folder.mkdir(parents=True)
    for name, age in ((".part-dead", 700), (".part-alive", 0)):
        (folder / name).touch()
        os.utime(folder / name, (time.time() - age,) * 2)
    download.find_or_fetch(entry(address, "whole"))
    assert in_cache() == [".part-alive", "w.pth"]


# the test model


@pytest.mark.skipif(not two_go.available(), reason="MASKCORE_TEST_DATA has no weights/")
def test_the_test_model_finds_an_elephant() -> None:
    from maskcore import image_io

    photo = two_go.FOLDER.parents[1] / "photos" / "wildlife" / "african_elephants.jpg"
    image = cv2.resize(image_io.read_image(photo), (1000, 750), interpolation=cv2.INTER_AREA)
    with torch.inference_mode():
        found = two_go.build()([torch.from_numpy(image).permute(2, 0, 1) / 255])[0]
    sure = found["scores"] > 0.6
    assert {two_go.labels()[label] for label in found["labels"][sure]} == {"elephant"}
    assert int(sure.sum()) == 5
