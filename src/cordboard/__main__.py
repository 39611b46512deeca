"""``python -m cordboard``."""


def main() -> None:
    """Run the command line."""
    from cordboard.cli import app

    app()


if __name__ == "__main__":
    main()
