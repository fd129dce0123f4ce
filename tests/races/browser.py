"""A browser for races: its cookies, CSRF tokens, one connection. Knows nothing of Django, so it starts at once."""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

HOST = "portal.test"


@dataclass
class Answer:
    status: int
    location: str
    text: str

    @property
    def errors(self) -> list[str]:
        """What the page says is wrong with each field."""
        return re.findall(r'<ul class="field-error".*?<span>(.*?)</span>', self.text, re.DOTALL)


@dataclass
class Browser:
    """Speaks to the portal's port as a proxy that ended TLS would; with `keep` the connection stays open."""

    port: int
    address: str = "198.51.100.7"
    cookies: dict[str, str] = field(default_factory=dict)
    keep: bool = False

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None)

    def post(self, path: str, **typed: str) -> Answer:
        token = next((value for name, value in self.cookies.items() if name.endswith("csrf")), "")
        return self._ask("POST", path, urlencode({"csrfmiddlewaretoken": token} | typed))

    def warm(self) -> None:
        """Open the connection, so that the next request leaves without delay."""
        self.get("/health/live")

    def _ask(self, method: str, path: str, body: str | None) -> Answer:
        headers = {
            "Host": HOST,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": self.address,
            "Referer": f"https://{HOST}/",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        for header in response.headers.get_all("Set-Cookie", []):
            self.cookies.update({name: cookie.value for name, cookie in SimpleCookie(header).items()})
        answer = Answer(response.status, response.headers.get("Location", ""), response.read().decode())
        if not self.keep:
            self._connection.close()
        return answer
