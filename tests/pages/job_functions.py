"""Work for the tests of the queue; runs in the worker process."""

import errno
import os
import sys
import time
from multiprocessing.connection import Connection

from maskcore.errors import ModelError


class Unreadable:
    """Can be pickled, but not read again."""

    def __reduce__(self):
        return refuse, ()


class Unsendable:
    """Cannot be pickled."""

    def __reduce__(self):
        raise KeyError("ours")


def refuse():
    raise KeyError("ours")


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


def last_until(report, path):
    while not path.exists():
        report(0.5, "waiting")
        time.sleep(0.02)


def write_line(report, path, line):
    with path.open("a") as file:
        file.write(f"{line}\n")


def die(report):
    os._exit(9)


def fault(report):
    raise ModelError("The file is not a model.")


def mistake(report):
    raise KeyError("ours")


def leave(report):
    sys.exit(3)


def write_to_full_disk(report):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def write_to_full_disk_with_a_library(report):
    try:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
    except OSError as error:
        raise RuntimeError("the library's own words") from error


def unsendable(report):
    return Unsendable()


def unreadable(report):
    return Unreadable()


def unreadable_part(report):
    report(0.5, "half way", Unreadable())


def unsendable_part(report):
    report(0.5, "half way", Unsendable())


def no_share(report):
    report("half", "half way")


def too_much(report):
    report(7, "more than all")
    return "done"


def say(report, message):
    """Say what no worker says, past `report`."""
    pipe = Connection(int(sys.argv[1]))
    pipe.send_bytes(message)
    time.sleep(60)


def say_half(report, path):
    """Begin a message of 100 bytes, and never end it."""
    os.write(int(sys.argv[1]), b"\0\0\0\x64")
    path.touch()
    time.sleep(60)


def close_pipe(report):
    os.close(int(sys.argv[1]))
    time.sleep(60)
