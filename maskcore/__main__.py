"""The command line: ``maskcore``, or ``python -m maskcore`` where it is not installed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from maskcore import image_io
from maskcore.commands import (
    augment,
    convert,
    cutouts,
    decode,
    extract,
    inspect,
    patches,
    segment,
)
from maskcore.commands.terminal import Stop, say

_INTERRUPTED = 130  # what a shell reports of a command that Ctrl+C has ended
_CUT_OFF = 141  # and of one whose output nobody reads any more


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand.

    Args:
        argv: The arguments after the program's name; those of the process by default.

    Returns:
        0 if all is well, 1 if some files failed, 2 if the command cannot be done as it is, 130 if
        it was interrupted, 141 if nobody reads what it says.

    Raises:
        SystemExit: As argparse does it: with 2 for arguments that make no sense, 0 after help.
    """
    parser = argparse.ArgumentParser(
        prog="maskcore",
        description="Make and use image masks. Each command has a --help of its own.",
        epilog="exit codes: 0 all done, 1 some files failed, 2 wrong usage, 130 interrupted",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (cutouts, segment, extract, augment, patches, inspect, convert, decode):
        command.add_to(commands)
    arguments = parser.parse_args(argv)
    image_io.quiet_warnings()
    try:
        code: int = arguments.run(arguments)
    except Stop as stop:
        say(str(stop), sys.stderr)
        return stop.exit_code
    except KeyboardInterrupt:
        say("Stopped. The same command goes on where it was.", sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # Who reads has enough, as in "... | head"; Python would complain again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _CUT_OFF
    return code


if __name__ == "__main__":
    sys.exit(main())
