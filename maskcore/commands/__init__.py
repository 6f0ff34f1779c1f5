"""The subcommands of ``maskcore``; only they write to the terminal."""
