"""No site can put the portal into a frame and have people click on what they do not see."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.portal.server import served
from tests.services.servers.ports import free_port

PAGES = ["/sign-in/", "/no-such-page/", "/admin/"]


@pytest.mark.row("T-24", "A-3.4.6")
def test_a_framed_page_stays_empty(page: Page, tmp_path: Path) -> None:
    port = free_port()
    changes = {
        "DEBUG": "true",
        "PUBLIC_URL": f"http://localhost:{port}",
        "WEB_BIND": f"127.0.0.1:{port}",
        "EMAIL_URL": "inbox://",
        "SMS_GATEWAYS": "inbox",
    }
    with served(tmp_path, changes) as portal:
        address = f"http://localhost:{portal.port}"
        page.goto(f"{address}/sign-in/")
        assert page.get_by_role("heading").count() > 0
        for path in PAGES:
            page.goto("about:blank")
            page.set_content(f'<iframe src="{address}{path}" onload="this.dataset.loaded = 1"></iframe>')
            page.wait_for_selector("iframe[data-loaded]")
            assert page.frames[-1].url.startswith("chrome-error:")
            assert page.frames[-1].get_by_role("heading").count() == 0
