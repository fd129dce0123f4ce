"""Each measurement in a tiny size, with its real servers: it runs and yields its rows; no time is asserted."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import pytest

from bench.__main__ import MEASUREMENTS, main, parser
from bench.rows import Row
from tests.services.started import started


@contextlib.contextmanager
def measured(name: str, *sizes: str) -> Iterator[list[Row]]:
    yield MEASUREMENTS[name].measure(parser().parse_args([name, *sizes]))


def test_without_a_name_the_measurements_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    listed = capsys.readouterr().out
    assert [line.split()[0] for line in listed.splitlines()] == list(MEASUREMENTS)


def test_help_names_the_measurements(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert all(name in told for name in MEASUREMENTS)


@pytest.mark.parametrize("arguments", [["elsewhere"], ["sync", "--entries", "0"], ["queries", "--people", "many"]])
def test_a_wrong_name_or_size_is_refused_with_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.service("slapd and postgres")
def test_sync_yields_speed_and_memory_of_each_work() -> None:
    with started(measured("sync", "--entries=200", "--repeat=1")) as rows:
        speeds = [row for row in rows if row.target and row.unit != "MiB"]
        assert [str(row.target) for row in speeds] == ["<= 8", "<= 2", "<= 0.15", "<= 2.3", "<= 2.3", "<= 1.3"]
        assert all(row.holds is not None for row in speeds)
        memory = [row for row in rows if row.unit == "MiB"]
        assert len(memory) == len(speeds)
        assert all(row.value > 10 and str(row.target) == "<= 1" for row in memory)


@pytest.mark.service("postgres")
def test_plan_yields_times_of_three_pages_beside_one() -> None:
    with started(measured("plan", "--rows=120", "--requests=2", "--repeat=1")) as rows:
        assert [row.name.split()[0] for row in rows] == ["first", "middle", "last"]
        assert all(row.ratio and row.target for row in rows)


@pytest.mark.service("postgres")
def test_dashboard_yields_rates_and_times_of_the_three_pages() -> None:
    sizes = ("--people=4", "--events=3", "--requests=20", "--at-a-time=2", "--repeat=1")
    with started(measured("dashboard", *sizes)) as rows:
        assert [row.unit for row in rows] == ["/s", "/s", "ms", "ms", "ms", "ms"]
        assert all(row.ratio for row in rows)


@pytest.mark.service("postgres and freeradius")
def test_verification_yields_rates_beside_a_bare_view_and_through_freeradius() -> None:
    with started(measured("verification", "--requests=16", "--at-a-time=2", "--repeat=1")) as rows:
        assert [str(row.target) for row in rows if row.target] == [">= 1", ">= 1", ">= 0.6", "<= 4", "<= 4", "<= 4"]
        assert all(row.value for row in rows)


@pytest.mark.service("postgres, redis, kannel and freeradius")
def test_a_gateway_is_answered_and_logged_one_to_one_beside_resets_syncs_and_messages() -> None:
    with started(measured("gateway", "--seconds=5", "--people=60", "--at-a-time=4")) as rows:
        logged, fulfilled, _, _, acts, messages, *memory = rows
        assert logged.holds
        assert logged.value > 30
        assert fulfilled.holds
        assert acts.value > 3
        assert messages.value > 3
        assert [str(row.target) for row in memory] == ["<= 1.05", "<= 1.05"]


def test_no_page_asks_the_database_more_often_because_there_is_more_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["queries", "--people=30", "--each=3", "--json"]) == 0
    found = {row["name"]: row for row in _json(capsys)}
    assert {"/", "/history/", "/admin/accounts/user/", "/admin/accounts/user/<path:object_id>/change/"} <= set(found)
    assert [name for name, row in found.items() if row["holds"] is False] == []


def _json(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return rows
