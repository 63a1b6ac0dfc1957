"""Check every bundled student file, and show what a user sees.

A file's folder says what its verdict should be: right, wrong or broken. The first of
each is shown whole, the others in one line. Exit code 1 if a verdict is another.
"""

import sys
from pathlib import Path

from gradcheck import check_submission
from gradcheck.rendering.terminal import one_line, print_report

HERE = Path(__file__).parent
SUFFIXES = (".py", ".ipynb")
EXPECTED = {"wrong": "wrong", "right": "correct", "broken": "broken"}


def main() -> int:
    """Check the examples folder by folder; return the exit code."""
    surprises = 0
    for folder, expected in EXPECTED.items():
        print(f"\n=== examples/{folder}: every verdict should be {expected}\n")
        files = [p for p in sorted((HERE / folder).iterdir()) if p.suffix in SUFFIXES]
        for number, path in enumerate(files):
            report = check_submission(path)
            surprise = report.verdict.value != expected
            surprises += surprise
            if number == 0:
                print(f"$ gradcheck check examples/{folder}/{path.name}\n")
            if number == 0 or surprise:
                print_report(report, file=sys.stdout)
                print()
            else:
                print(one_line(report))
    print(f"\n{surprises} verdicts are not the expected ones")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
