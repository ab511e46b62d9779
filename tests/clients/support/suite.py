"""What every Python suite of tests/clients shares: cases, their count, and the evidence file."""

import json
import os
import sys
import traceback


class Suite:
    """Runs cases in order and remembers how they went. `calls` gathers the names of API calls that were made."""

    def __init__(self, system, evidence, version):
        self.system, self.evidence, self.version = system, evidence, version
        self.passed, self.failed, self.calls, self.differs = 0, 0, set(), []

    def case(self, name):
        """Run the function below as a case."""

        def run(work):
            number = self.passed + self.failed + 1
            try:
                work()
            except Exception:
                self.failed += 1
                print(f"not ok {number} {name}")
                print("    " + traceback.format_exc().replace("\n", "\n    "))
            else:
                self.passed += 1
                print(f"ok {number} {name}")
            return work

        return run

    def finish(self):
        """Write the evidence, print the count, and leave with what it means."""
        folder = os.environ.get("EVIDENCE_DIR")
        if folder:
            report = {
                "system": self.system,
                "kind": "client",
                "evidence": self.evidence,
                "version": self.version,
                "cases": self.passed + self.failed,
                "passed": self.passed,
                "calls": sorted(self.calls),
                "differs": self.differs,
            }
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, f"{self.evidence}.json"), "w", encoding="utf-8") as file:
                json.dump(report, file, indent=2)
                file.write("\n")
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)


def lab():
    """Addresses and credentials of the running lab."""
    return json.loads(os.environ["LAB"])


def equal(found, expected):
    """Fail unless both are the same."""
    assert found == expected, f"\n  found    {found!r}\n  expected {expected!r}"
