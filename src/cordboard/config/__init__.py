"""Settings: a dataclass per section of cordboard.toml, read and checked as data; files are read in `cli`."""
