"""The subcommands of ``python -m maskcore``; only they write to the terminal."""
