"""The command line: one file per command. Exit codes: 0 done, 1 failed, 2 bad usage or configuration."""

from cordboard.cli.app import app

__all__ = ["app"]
