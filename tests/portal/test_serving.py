"""What gunicorn really answers: headers, cookies, static files, error pages and probes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest

from tests.portal.commands import ROOT, environment
from tests.portal.server import GUNICORN, Portal, served

pytestmark = pytest.mark.service("processes")

NO_DATABASE = "postgres://nobody:nothing@127.0.0.1:1/none"
PAGES = [
    "/",
    "/sign-in/",
    "/admin/",
    "/admin/login/",
    "/health/live",
    "/health/ready",
    "/no-such-page/",
    "/static/none.css",
]
STATIC = "/static/portal.css"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with served(tmp_path_factory.mktemp("portal")) as running:
        yield running


@pytest.fixture(scope="module")
def portal_without_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with served(tmp_path_factory.mktemp("portal"), {"DATABASE_URL": NO_DATABASE}, prepared=False) as running:
        yield running


@pytest.mark.row("A-3.4.1")
@pytest.mark.parametrize("path", [*PAGES, STATIC])
def test_every_answer_demands_https_for_a_year(portal: Portal, path: str) -> None:
    found = re.match(r"max-age=(\d+)", portal.get(path).headers["Strict-Transport-Security"])
    assert found is not None
    assert int(found[1]) >= 365 * 24 * 3600


@pytest.mark.row("A-3.4.2")
@pytest.mark.parametrize("path", PAGES)
def test_no_answer_allows_another_origin(portal: Portal, path: str) -> None:
    answer = portal.get(path, headers={"Origin": "https://evil.test"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.row("A-3.4.3", "A-3.4.6")
@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_a_policy_without_inline_code_and_frames(portal: Portal, path: str) -> None:
    answer = portal.get(path)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    for directive in ("default-src", "object-src", "base-uri", "frame-ancestors"):
        assert policy[directive] == "'none'"
    for directive in ("script-src", "style-src", "form-action"):
        assert policy[directive] == "'self'"
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.row("A-3.4.4", "A-3.4.5")
@pytest.mark.parametrize("path", [*PAGES, STATIC])
def test_no_answer_is_sniffed_or_tells_where_people_came_from(portal: Portal, path: str) -> None:
    headers = portal.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_kept_by_a_cache(portal: Portal, path: str) -> None:
    assert re.search(r"no-store|private", portal.get(path).headers["Cache-Control"])


@pytest.mark.row("A-3.3.1", "A-3.3.2", "A-3.3.3", "A-3.3.4")
def test_cookies_belong_to_this_host_over_https_and_to_no_script(portal: Portal) -> None:
    page = portal.get("/sign-in/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token is not None
    refused = portal.request(
        "POST",
        "/sign-in/",
        data={"csrfmiddlewaretoken": token[1], "username": "nobody", "password": "wrong"},
        cookies=page.cookies.get_dict(),
        headers={"Referer": "https://portal.test/sign-in/"},
    )
    assert refused.status_code == 422
    set_cookies = [
        answer.headers[name] for answer in (page, refused) for name in answer.headers if name == "Set-Cookie"
    ]
    assert set_cookies
    for header in set_cookies:
        for name, cookie in SimpleCookie(header).items():
            assert name.startswith("__Host-")
            assert cookie["secure"]
            assert cookie["httponly"]
            assert cookie["path"] == "/"
            assert cookie["domain"] == ""
            assert cookie["samesite"] in ("Lax", "Strict")


@pytest.mark.row("A-13.4.1", "A-13.4.2", "A-13.4.3", "A-13.4.4", "A-13.4.5")
@pytest.mark.parametrize(
    "path",
    [
        "/.git/config",
        "/.env",
        "/static/",
        "/static/../.env",
        "/metrics",
        "/api/docs",
        "/api/v1/openapi.json",
        "/inbox/",
    ],
)
def test_nothing_of_the_inside_is_served(portal: Portal, path: str) -> None:
    answer = portal.get(path)
    assert answer.status_code in (302, 404)
    assert "SECRET_KEY" not in answer.text
    assert "DEBUG" not in answer.text


@pytest.mark.row("A-13.4.3")
def test_trace_is_not_answered(portal: Portal) -> None:
    answer = portal.request("TRACE", "/sign-in/", headers={"X-Canary": "echo-me"})
    assert answer.status_code == 405
    assert "echo-me" not in answer.text


def test_static_files_are_served_under_names_that_change_with_their_content(portal: Portal) -> None:
    page = portal.get("/sign-in/").text
    styled = re.search(r'href="(/static/portal\.[0-9a-f]+\.css)"', page)
    assert styled is not None
    answer = portal.get(styled[1])
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]


def test_portal_answers_to_its_own_name_only(portal: Portal) -> None:
    assert portal.get("/sign-in/", headers={"Host": "evil.test"}).status_code == 400


def test_probes_say_nothing_but_their_state(portal: Portal) -> None:
    assert portal.get("/health/live").json() == {"status": "ok"}
    assert portal.get("/health/ready").json() == {"status": "ok"}
    answer = portal.get("/health/jobs")  # no worker runs here
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})


def test_without_a_database_the_portal_lives_and_is_not_ready(portal_without_database: Portal) -> None:
    assert portal_without_database.get("/health/live").status_code == 200
    for probe in ("ready", "jobs"):
        answer = portal_without_database.get(f"/health/{probe}")
        assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})


@pytest.mark.row("A-16.5.1")
def test_error_page_tells_nothing_of_the_inside(portal_without_database: Portal) -> None:
    answer = portal_without_database.get("/", cookies={"__Host-session": "a" * 32})
    assert answer.status_code == 500
    for inside in ("Traceback", "psycopg", "OperationalError", "127.0.0.1", "nobody", "accounts_user", "DATABASE"):
        assert inside not in answer.text
    assert answer.headers["Content-Security-Policy"]
    assert answer.headers["Strict-Transport-Security"]
    assert answer.headers["X-Request-Id"]


@pytest.mark.row("A-16.2.1")
def test_failed_request_is_logged_under_the_id_it_was_answered_with(
    portal_without_database: Portal,
) -> None:
    answer = portal_without_database.get("/", cookies={"__Host-session": "b" * 32})
    mine = [r for r in portal_without_database.log_records() if r["request_id"] == answer.headers["X-Request-Id"]]
    assert {record["level"] for record in mine} == {"ERROR"}
    assert "OperationalError" in mine[0]["exc_info"]
    assert "nothing" not in mine[0]["exc_info"]


@pytest.mark.row("A-16.4.1")
@pytest.mark.parametrize(
    "path",
    [
        "/a%0d%0a2026-01-01%20verified%20user=admin/",
        "/%1b%5b31mred%1b%5b0m/",
        "/%e2%80%a8line%e2%80%a9paragraph%c2%85next/",
        "/%00nul/",
        "/%22,%22level%22:%22ERROR%22/",
    ],
)
def test_nothing_in_a_path_breaks_a_log_line(portal: Portal, path: str) -> None:
    answer = portal.get(path)
    assert answer.status_code == (400 if "%00" in path else 404)
    mine = [r for r in portal.log_records() if r["request_id"] == answer.headers["X-Request-Id"]]
    assert [(record["level"], record["logger"]) for record in mine] == [("WARNING", "django.request")]
    raw = portal.log.read_text(encoding="utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x85\u2028\u2029]", raw)


def test_every_request_has_an_id_of_its_own(portal: Portal) -> None:
    ids = {portal.get("/health/live").headers["X-Request-Id"] for _ in range(5)}
    assert len(ids) == 5


def test_portal_does_not_start_without_its_static_files(tmp_path: Path) -> None:
    settings = environment(tmp_path, {"WEB_BIND": "127.0.0.1:0"})
    done = subprocess.run(GUNICORN, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("DATA_DIR: holds no collected static files: run `manage.py collectstatic` first.\n")


def test_bad_setting_stops_the_server_with_one_sentence(tmp_path: Path) -> None:
    settings = environment(tmp_path, {"WEB_THREADS": "many"})
    done = subprocess.run(GUNICORN, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (1, "WEB_THREADS: must be a whole number of 1 or more.\n")


def test_what_the_system_checks_call_an_error_stops_the_server_with_its_sentence(tmp_path: Path) -> None:
    settings = environment(tmp_path, {"WEB_BIND": "127.0.0.1:0", "SMS_GATEWAYS": "inbox"})
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "staticfiles.json").write_text("{}", encoding="utf-8")
    done = subprocess.run(GUNICORN, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "SMS gateway inbox" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
