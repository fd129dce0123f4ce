"""The proxy's example: what it lets the public reach, and how much it takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

SITE = (Path(settings.BASE_DIR) / "deploy" / "nginx" / "portal.conf").read_text(encoding="utf-8")
LOCATIONS = dict(re.findall(r"^    location ([^{]+?) \{(.*?)^    \}", SITE, re.MULTILINE | re.DOTALL))


@pytest.mark.row("A-13.4.5")
@pytest.mark.parametrize(("place", "name"), [("/health/", "ready"), ("/health/", "jobs"), ("= /metrics", "metrics")])
def test_probes_and_figures_are_for_named_machines_alone(place: str, name: str) -> None:
    assert reverse(name).startswith(place.removeprefix("= "))
    allowed = re.findall(r"(allow|deny) (\S+);", LOCATIONS[place])
    assert allowed == [("allow", "127.0.0.1"), ("allow", "::1"), ("deny", "all")]


def test_pages_that_take_files_take_them_whole_and_in_memory() -> None:
    (pattern,) = [place.removeprefix("~ ") for place in LOCATIONS if place.startswith("~ ")]
    for page in ("mfa_hardwaretoken_import", "mfa_authenticationrecord_explain"):
        assert re.search(pattern, reverse(f"admin:{page}"))
    sizes = re.findall(r"client_(?:max_body|body_buffer)_size (\d)m;", LOCATIONS[f"~ {pattern}"])
    assert len(sizes) == 2
    assert all(int(size) * 2**20 > settings.FILE_UPLOAD_MAX_MEMORY_SIZE for size in sizes)


@pytest.mark.row("N-29")
def test_the_lines_that_ask_gateways_for_a_certificate_ask_nobody_else() -> None:
    lines = re.sub(r"^( *)#(?=[a-z ])(?! [A-Z])", r"\1", SITE, flags=re.MULTILINE)
    assert "    ssl_client_certificate /etc/ssl/certs/gateways-ca.pem;\n    ssl_verify_client optional;\n" in lines
    asked = re.findall(r"^    location ([^{]+?) \{(?=[^}]*ssl_client_verify)", lines, re.MULTILINE)
    assert asked == ["/api/"]
    assert reverse("api:verify").startswith("/api/")


@pytest.mark.row("F-16")
def test_requests_that_come_drop_by_drop_wait_at_the_proxy_and_not_in_the_portal() -> None:
    assert "proxy_request_buffering on;" in SITE
    for name in ("client_header_timeout", "client_body_timeout"):
        assert int(re.search(rf"^    {name} (\d+)s;", SITE, re.MULTILINE)[1]) <= 15  # type: ignore[index]


@pytest.mark.row("T-56")
def test_no_log_of_the_proxy_keeps_an_address_of_a_page_in_which_a_token_may_be() -> None:
    assert re.findall(r"^ *access_log (.+);", SITE, re.MULTILINE) == ["off"]
    assert re.findall(r"^ *error_log \S+ (\w+);", SITE, re.MULTILINE) == ["crit"]
