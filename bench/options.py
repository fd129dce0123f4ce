"""Options that several measurements share."""

from __future__ import annotations

import argparse


def at_least_one(text: str) -> int:
    """A count as an option: a whole number of 1 or more. Raises ValueError, which argparse words."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def add_count(parser: argparse.ArgumentParser, name: str, default: int, words: str) -> None:
    parser.add_argument(f"--{name}", type=at_least_one, default=default, metavar="N", help=f"{words} ({default})")
