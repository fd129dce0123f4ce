"""Follows every link as a signed-in administrator and counts each page's queries, with few rows, then with many."""

from __future__ import annotations

import argparse
import html
import json
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.db import connection
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import timezone

from accounts.models import User
from bench.failures import BenchFailed
from bench.inside import people
from bench.product import HOST

LINK = re.compile(r'href="([^"#]+)"')
PER_ROUTE = 2
"""How many pages of one route are asked for: the second may be of another person or factor."""

MOST_PAGES = 500


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("people", "each"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    administrator, other = _fill(0, 2, each=1)
    User.objects.filter(pk=administrator.pk).update(is_staff=True, is_superuser=True)
    administrator.refresh_from_db()
    few = _crawl(_browser(administrator))
    everybody = [administrator, other, *_fill(2, options.people - 2, each=1)]
    _add(everybody, options.each - 1)
    print(json.dumps({"few": few, "many": _crawl(_browser(administrator))}))


def _fill(first: int, count: int, *, each: int) -> list[User]:
    added = people.add_people(first, count)
    _add(added, each)
    people.add_run(added, now=timezone.now())
    return added


def _add(everybody: list[User], each: int) -> None:
    now = timezone.now()
    people.add_factors(everybody, each, now=now)
    people.add_history(everybody, 4 * each, now=now)


def _browser(person: User) -> Client:
    browser = Client(headers={"host": HOST})
    browser.cookies[settings.SESSION_COOKIE_NAME] = people.signed_in(person, now=timezone.now())
    return browser


def _crawl(browser: Client) -> dict[str, int]:
    """The most queries that a page of each route needed, by route."""
    found: dict[str, int] = {}
    asked: Counter[str] = Counter()
    waiting, known = deque(["/"]), {"/"}
    while waiting and asked.total() < MOST_PAGES:
        path = waiting.popleft()
        route = _route(path)
        if route is None or asked[route] >= PER_ROUTE:
            continue
        asked[route] += 1
        answer, queries = _asked_twice(browser, path)
        if answer.status_code == HTTPStatus.OK:
            found[route] = max(queries, found.get(route, 0))
        onward = [link for link in _links(path, answer) if link not in known]
        known.update(onward)
        waiting.extend(onward)
    return found


def _asked_twice(browser: Client, path: str) -> tuple[HttpResponseBase, int]:
    """The second answer and its queries: the first fills what a process keeps (content types, the site map)."""
    browser.get(path)
    counter = _Counter()
    with connection.execute_wrapper(counter):
        answer = browser.get(path)
        # A streamed answer asks the database while it is read.
        answer.body = b"".join(answer)  # type: ignore[attr-defined]
    if answer.status_code not in (HTTPStatus.OK, HTTPStatus.FOUND):
        raise BenchFailed(f"{path} answered {answer.status_code}.")
    return answer, counter.queries


class _Counter:
    def __init__(self) -> None:
        self.queries = 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.queries += 1
        return execute(sql, params, many, context)


def _route(path: str) -> str | None:
    """The pattern of a page of ours; None for files and other places."""
    try:
        return str(resolve(path).route)
    except Resolver404:
        return None


def _links(path: str, answer: Any) -> Iterator[str]:
    targets = [answer["Location"]] if answer.has_header("Location") else []
    if answer.get("Content-Type", "").startswith("text/html"):
        targets += LINK.findall(answer.body.decode())
    for target in targets:
        parts = urlsplit(urljoin(path, html.unescape(target)))
        if not parts.netloc and parts.path.startswith("/"):
            yield parts.path


if __name__ == "__main__":
    main()
