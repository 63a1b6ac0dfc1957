"""``python -m gradcheck``."""

from gradcheck.cli import run

if __name__ == "__main__":
    run()
