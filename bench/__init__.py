"""Measurements of the portal, each a ratio beside something else in the same run: `python -m bench NAME [--json]`.

This side starts servers and measures; `bench.inside` runs in child processes that have Django set up.
"""
