"""`python -m bench` lists the measurements; `python -m bench NAME [--json]` makes one. Ends with 1 where it failed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bench import dashboard, gateway, plan, queries, rows, soak, sync, verification
from bench.failures import BenchFailed
from tests.services.servers.processes import MissingProgram, ServerFailed

MEASUREMENTS = {
    "sync": sync,
    "plan": plan,
    "dashboard": dashboard,
    "queries": queries,
    "soak": soak,
    "gateway": gateway,
    "verification": verification,
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if options.name is None:
        print("\n".join(f"{name:<10} {module.WORDS}" for name, module in MEASUREMENTS.items()))
        return 0
    try:
        found = MEASUREMENTS[options.name].measure(options)
    except (BenchFailed, MissingProgram, ServerFailed) as failure:
        print(failure, file=sys.stderr)
        return 1
    print(rows.as_json(found) if options.json else rows.as_table(found))
    return 0


def parser() -> argparse.ArgumentParser:
    """Each measurement adds its own sizes; `--json` is everybody's."""
    top = argparse.ArgumentParser(prog="python -m bench", description="Measurements; without a name, a list of them.")
    names = top.add_subparsers(dest="name", metavar="NAME")
    for name, module in MEASUREMENTS.items():
        one = names.add_parser(name, help=module.WORDS.replace("%", "%%"), description=module.WORDS)
        one.add_argument("--json", action="store_true", help="print JSON instead of a table")
        module.add_options(one)
    return top


if __name__ == "__main__":
    sys.exit(main())
