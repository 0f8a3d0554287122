#!/usr/bin/env python3
"""Runs the end-to-end tests: run.py [--xunit FILE] [NAME...], a NAME being part of a test's id."""

import argparse
import pathlib
import sys
import time
import unittest
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).parent))


class Result(unittest.TextTestResult):
    """Also keeps each test's time and outcome, for the xUnit file."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.cases: list[tuple[str, float, str | None, str]] = []
        self._began = time.monotonic()

    def startTest(self, test):
        self._began = time.monotonic()
        super().startTest(test)

    def _keep(self, test, kind: str | None = None, text: str = "") -> None:
        self.cases.append((test.id(), time.monotonic() - self._began, kind, text))

    def addSuccess(self, test):
        super().addSuccess(test)
        self._keep(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._keep(test, "failure", self._exc_info_to_string(err, test))

    def addError(self, test, err):
        super().addError(test, err)
        self._keep(test, "error", self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._keep(test, "skipped", reason)


def write_xunit(path: str, cases) -> None:
    suite = ElementTree.Element("testsuite", name="EndToEnd", tests=str(len(cases)))
    for name, seconds, kind, text in cases:
        class_name, _, method = name.rpartition(".")
        case = ElementTree.SubElement(
            suite, "testcase", classname=class_name, name=method, time=f"{seconds:.3f}")
        if kind:
            ElementTree.SubElement(case, kind).text = text
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def tests_of(suite):
    for entry in suite:
        if isinstance(entry, unittest.TestSuite):
            yield from tests_of(entry)
        else:
            yield entry


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--xunit", help="write the results to this file")
    options.add_argument("names", nargs="*", help="run only tests whose id contains one of these")
    chosen = options.parse_args()

    everything = unittest.defaultTestLoader.discover(str(pathlib.Path(__file__).parent))
    suite = unittest.TestSuite(
        test for test in tests_of(everything)
        if not chosen.names or any(name in test.id() for name in chosen.names))
    runner = unittest.TextTestRunner(verbosity=2, resultclass=Result)
    result = runner.run(suite)
    if chosen.xunit:
        write_xunit(chosen.xunit, result.cases)
    if not result.testsRun and not result.errors:
        print("no test ran", file=sys.stderr)
        return 1
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
