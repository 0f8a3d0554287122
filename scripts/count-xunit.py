#!/usr/bin/env python3
"""Prints `PASSED FAILED` of an xUnit file. Skipped tests count as neither."""

import sys
import xml.etree.ElementTree as ElementTree


def main() -> int:
    try:
        root = ElementTree.parse(sys.argv[1]).getroot()
    except (OSError, ElementTree.ParseError) as error:
        print(f"count-xunit: {sys.argv[1]}: {error}", file=sys.stderr)
        return 1
    passed = failed = 0
    for case in root.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is None:
            passed += 1
    print(passed, failed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
