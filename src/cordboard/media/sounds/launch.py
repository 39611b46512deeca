"""Starts a program of the customer's choice (piper) with its hands tied: ``launch.py COMMAND ARGUMENT …``.

It writes no file and dumps no core; its CPU time, its memory and its descriptors are bounded, and its output
is read no further than it may be long.
"""

import os
import resource
import sys

_CPU_SECONDS = 60
_MEMORY = 4 * 1024 * 1024 * 1024  # a voice model is mapped, and onnxruntime reserves much more than it uses
_FILES = 256


def main() -> None:
    """Become that program."""
    limits = {
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: _CPU_SECONDS,
        resource.RLIMIT_AS: _MEMORY,
        resource.RLIMIT_NOFILE: _FILES,
    }
    for kind, value in limits.items():
        resource.setrlimit(kind, (value, value))
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
