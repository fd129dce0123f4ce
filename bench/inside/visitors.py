"""Fills the database with people and prints the session keys of those who will visit."""

from __future__ import annotations

import argparse
import json

from django.utils import timezone

from bench.inside import people


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("people", "events", "visitors"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    now = timezone.now()
    everybody = people.add_people(0, max(options.people, options.visitors))
    people.add_factors(everybody, 1, now=now)
    visitors = everybody[: options.visitors]
    people.add_history(visitors, options.events, now=now)
    print(json.dumps([people.signed_in(visitor, now=now) for visitor in visitors]))


if __name__ == "__main__":
    main()
