"""The server's disk: folders that do not outlive their server, and the word for a full disk.

All temporary folders of a server lie in one, on which it holds a lock as long as it lives. The
system lets go of the lock however the server ends, so that another one knows what is left over.
"""

from __future__ import annotations

import atexit
import errno
import fcntl
import os
import shutil
import tempfile
import weakref
from contextlib import suppress
from functools import cache
from pathlib import Path

FULL = "The server's disk is full; try again later."
"""What a person reads when there is no room."""

_PREFIX = "mask-studio-"
_FULL = (errno.ENOSPC, errno.EDQUOT)


def is_full(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, is that of a full disk."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


class TemporaryFolder:
    """A folder that is removed with the last reference to this object.

    Attributes:
        path: Where it is.
        remove: Removes the folder now.

    Raises:
        OSError: If it cannot be made, as on a full disk.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(dir=_top()))
        self.remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@cache
def sweep() -> None:
    """Remove what servers have left behind that were killed; once, at the start of this one."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # it is in use, not ours, or gone meanwhile
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


@cache
def _top() -> Path:
    """Make the folder of this server; it is locked before it has the name that is swept."""
    folder = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}"))
    with suppress(OSError):  # a file system without locks: nobody can take the folder for dead
        fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
    top = folder.rename(folder.with_name(folder.name.removeprefix(".")))
    atexit.register(shutil.rmtree, top, ignore_errors=True)
    return top
