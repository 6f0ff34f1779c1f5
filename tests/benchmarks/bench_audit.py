"""Looking through large sets: ``python -m tests.benchmarks.bench_audit [annotations]``.

Steel is a made-up set of the size of "Severstal: Steel Defect Detection", 12,568 images with 7,095
masks; what is called COCO is a JSON file of 100,000 annotations, or as many as asked for.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from maskcore import datasets, image_io, overlay
from maskcore.datasets.audit import survey
from tests.benchmarks.bench_coco import document
from tests.core.datasets import steel_set

MOST_SECONDS = 10.0
MOST_PAGE_SECONDS = 1.0
MOST_MEGABYTES = {"kaggle-rle": 500.0, "coco": 300.0}
PAGE = 12
LONGEST = 320


def write_coco(path: Path, n_annotations: int) -> None:
    made = document(n_annotations)
    for it in made["annotations"]:
        del it["bbox"]  # all alike
    path.write_text(json.dumps(made))


def look_through(path: Path, format_name: str) -> None:
    """Print seconds and memory of a process that does nothing else."""
    start = time.perf_counter()
    dataset = datasets.read(path, format_name)
    indexed = time.perf_counter()
    done = survey(dataset)
    audited = time.perf_counter()
    busy = time.process_time()
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(done.names):,} samples, {done.area.size:,} masks")
    print(f"  index            {indexed - start:6.2f} s")
    print(f"  audit            {audited - indexed:6.2f} s")
    print(f"  processor, both  {busy:6.2f} s, imports included")
    print(f"  peak memory      {megabytes:6.0f} MB")
    print(f"  findings         {dict(Counter(it.kind for it in done.findings))}", flush=True)
    # The other set is as large as is asked for, and has no aim in seconds.
    if format_name == "kaggle-rle" and audited - start > MOST_SECONDS:
        print(f"  MISSED: more than {MOST_SECONDS:g} s")
    if megabytes > MOST_MEGABYTES[format_name]:
        print(f"  MISSED: more than {MOST_MEGABYTES[format_name]:g} MB")


def show_page(path: Path, format_name: str) -> None:
    dataset = datasets.read(path, format_name)
    start = time.perf_counter()
    for sample in dataset.samples[:PAGE]:
        drawn = overlay.draw_preview(sample.image(), sample.instances, LONGEST)
        image_io.encode_jpeg(drawn)
    seconds = time.perf_counter() - start
    missed = "  MISSED" * (seconds > MOST_PAGE_SECONDS)
    print(f"  first {PAGE} previews {seconds:6.2f} s{missed}", flush=True)


def alone(work: object, *arguments: object) -> None:
    """Run a function in a process of its own, so that its memory is its own."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    process.start()
    process.join()


if __name__ == "__main__":
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        steel, coco = Path(folder, "steel"), Path(folder, "coco.json")
        steel.mkdir()
        alone(steel_set.write_set, steel)
        alone(look_through, steel, "kaggle-rle")
        alone(show_page, steel, "kaggle-rle")
        alone(write_coco, coco, n)
        alone(look_through, coco, "coco")
