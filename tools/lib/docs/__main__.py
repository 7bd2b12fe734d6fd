"""Write the pages of docs/ that are made from the program, or check that they are fresh."""

from __future__ import annotations

import argparse
import sys

from docs import ROOT
from docs.passes_page import passes_page
from docs.pictures import picture
from docs.report_page import report_page
from models.operators.page import page as operators_page

PAGES = {
    "docs/operators.md": operators_page,
    "docs/passes.md": passes_page,
    "docs/report.md": report_page,
    "docs/images/memory-map.svg": picture,
}


def main() -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="tools/docs", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if any is stale"
    )
    options = parser.parse_args()
    stale = 0
    for name, make in PAGES.items():
        path, text = ROOT / name, make()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        print(f"{name}: {'stale' if options.check else 'written'}")
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
