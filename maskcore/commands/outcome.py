"""What a command says of its work: how much there was of it, and what failed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from maskcore.commands.sources import Source
from maskcore.commands.terminal import say
from maskcore.errors import MaskcoreError
from maskcore.wording import counted


def failure(source: Source, error: MaskcoreError) -> str:
    """Say what is wrong with a source, by its name."""
    named = str(error).startswith(source.name)
    return str(error) if named else f"{source.name}: {error}"


def list_failures(failures: Sequence[str]) -> int:
    """List what failed on the standard error; return the exit status."""
    if not failures:
        return 0
    say(f"{counted(len(failures), 'failure')}:", sys.stderr)
    for it in failures:
        say(f"  {it}", sys.stderr)
    return 1
