"""Figures for Prometheus, counted in the database at each question: any number of web processes tells the same.

Labels name applications, results, channels and states; nothing in them is about a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from accounts.models import SyncRun
from mfa.health import clocks
from mfa.models import AuthenticationRecord, Delivery, Finding

WINDOW = timedelta(minutes=5)
WAITING = (Delivery.State.QUEUED, Delivery.State.SENDING)


def text(*, now: datetime) -> bytes:
    """All figures in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Portal(now))
    return generate_latest(registry)


class _Portal(Collector):
    def __init__(self, now: datetime) -> None:
        self.now = now

    def describe(self) -> list[GaugeMetricFamily]:
        """None beforehand: nothing is counted before it is asked for."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Each figure with its labels."""
        yield self._verifications()
        yield self._deliveries()
        yield from self._outbox()
        yield from self._ages()
        off, _took = clocks.against_database()
        yield GaugeMetricFamily("portal_clock_offset_seconds", "Clock ahead of the database's", value=off)

    def _verifications(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "portal_verifications_5m", "Attempts of the last five minutes", labels=["application", "result"]
        )
        recent = AuthenticationRecord.objects.filter(at__gt=self.now - WINDOW).order_by()
        for application, code, count in recent.values_list("application", "code").annotate(count=Count("pk")):
            family.add_metric([application, str(code)], count)
        return family

    def _deliveries(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily("portal_deliveries_5m", "Messages queued in the last five minutes, by state",
                                   labels=["channel", "state"])  # fmt: skip
        recent = Delivery.objects.filter(created_at__gt=self.now - WINDOW).order_by()
        for channel, state, count in recent.values_list("channel", "state").annotate(count=Count("pk")):
            family.add_metric([channel, state], count)
        return family

    def _outbox(self) -> Iterator[GaugeMetricFamily]:
        queue = Delivery.objects.filter(state__in=WAITING).aggregate(depth=Count("pk"), oldest=Min("created_at"))
        age = (self.now - queue["oldest"]).total_seconds() if queue["oldest"] else 0.0
        yield GaugeMetricFamily("portal_outbox_messages", "Messages that wait", value=queue["depth"])
        yield GaugeMetricFamily("portal_outbox_oldest_seconds", "Age of the oldest message that waits", value=age)

    def _ages(self) -> Iterator[GaugeMetricFamily]:
        """Only of what has happened once: an age that is missing is no age of nought."""
        good = SyncRun.objects.filter(state=SyncRun.State.DONE, dry_run=False).aggregate(at=Max("finished_at"))["at"]
        heart = Finding.objects.filter(part="worker").aggregate(at=Max("at"))["at"]
        for name, meaning, at in (
            ("portal_sync_age_seconds", "Since the last good directory run", good),
            ("portal_worker_age_seconds", "Since a job last got through", heart),
        ):
            if at:
                yield GaugeMetricFamily(name, meaning, value=(self.now - at).total_seconds())
