# SPDX-License-Identifier: GPL-3.0-or-later
"""unittest, told as TAP: one line a case, what failed as comments below it."""
import argparse
import sys
import time
import unittest


class _Result(unittest.TestResult):
    """One line a case, however much of it went wrong."""

    def __init__(self):
        super().__init__()
        self.number = 0
        self.began = time.monotonic()
        self.wrong = None  # what went wrong in the case that runs; None while no case runs
        self.skip = ""

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        self.wrong, self.skip = [], ""

    def stopTest(self, test):
        self.tell(test, self.wrong)
        self.wrong = None
        super().stopTest(test)

    def tell(self, test, wrong):
        """The line, and what explains it."""
        self.number += 1
        doc = (test.shortDescription() or "").rstrip(".")
        title = f"{name_of(test)}{': ' + doc if doc else ''}".replace("#", "")
        skip = f" # SKIP {self.skip}" if self.skip and not wrong else ""
        print(f"{'not ok' if wrong else 'ok'} {self.number} {title}{skip}")
        for text in [f"{time.monotonic() - self.began:.1f} s", *wrong]:
            for line in text.splitlines():
                print(f"# {line}")
        sys.stdout.flush()

    def add(self, test, text):
        """Something went wrong: in the case that runs, or in what its class sets up."""
        if self.wrong is None:
            self.tell(test, [text])
        else:
            self.wrong.append(text)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.skip = reason
        if self.wrong is None:
            self.tell(test, [])

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.add(test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.add(test, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            part = (self.failures if issubclass(err[0], test.failureException) else self.errors)[-1]
            self.add(test, f"{part[0]}\n{part[1]}")


def name_of(test):
    """A case's short name."""
    return test.id().split(".")[-1].removeprefix("test_")


def _cases(suite):
    for entry in suite:
        if isinstance(entry, unittest.TestSuite):
            yield from _cases(entry)
        else:
            yield entry


class _InOrder(unittest.TestLoader):
    """Cases in the order in which they are written."""

    def getTestCaseNames(self, testCaseClass):
        return [name for name in vars(testCaseClass) if name.startswith("test_")]


def main(prepare):
    """PROGRAM --build FOLDER [CASE…]: calls prepare(FOLDER), then runs the calling program's cases, all or the named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, help="the folder that meson built in")
    parser.add_argument("cases", metavar="CASE", nargs="*", help="a case's name; without any, all are run")
    arguments = parser.parse_args()
    prepare(arguments.build)
    # By class, for the sake of what a class sets up once.
    whole = _InOrder().loadTestsFromModule(sys.modules["__main__"])
    known = {name_of(case) for case in _cases(whole)}
    if unknown := set(arguments.cases) - known:
        parser.error(f"no case {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    chosen = [case for case in _cases(whole) if not arguments.cases or name_of(case) in arguments.cases]
    print(f"1..{len(chosen)}", flush=True)
    result = _Result()
    unittest.TestSuite(chosen).run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
