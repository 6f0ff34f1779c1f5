"""Work for the tests of the queue; runs in the worker process."""

import os
import time

from maskcore.errors import ModelError


def double(report, number):
    report(0.5, "half way", number)
    return 2 * number


def process(report):
    return os.getpid()


def last_long(report, path):
    path.touch()
    for i in range(600):
        report(i / 600, f"step {i}")
        time.sleep(0.05)


def ignore_cancel(report, path):
    path.touch()
    time.sleep(60)


def die(report):
    os._exit(9)


def fault(report):
    raise ModelError("The file is not a model.")


def mistake(report):
    raise KeyError("ours")
