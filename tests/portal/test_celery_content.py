"""What a message of the broker can be, whoever put it there, and how long what it asks for may take."""

from __future__ import annotations

from pathlib import Path

import pytest
from kombu.exceptions import ContentDisallowed
from kombu.serialization import dumps, loads, prepare_accept_content

from portal.celery import app
from tests.portal.commands import environment, manage


def read(kind: str, encoding: str, body: bytes | str) -> object:
    """What a worker does with the body of a message before anything else."""
    return loads(body, kind, encoding, accept=prepare_accept_content(app.conf.accept_content))


@pytest.mark.row("T-72")
@pytest.mark.parametrize("kind", ["application/x-python-serialize", "application/x-yaml", "application/x-msgpack"])
def test_a_message_that_is_not_json_is_not_read(kind: str) -> None:
    with pytest.raises(ContentDisallowed):
        read(kind, "binary", b"cos\nsystem\n(S'true'\ntR.")
    content, encoding, body = dumps({"id": 7}, app.conf.task_serializer)
    assert read(content, encoding, body) == {"id": 7}


@pytest.mark.row("T-72")
def test_workers_know_the_portals_own_tasks_alone_and_believe_no_result() -> None:
    app.loader.import_default_modules()
    assert {name.partition(".")[0] for name in app.tasks} == {"accounts", "celery", "mfa"}
    assert app.conf.task_ignore_result
    assert app.conf.task_serializer == app.conf.result_serializer == "json"


@pytest.mark.row("F-06", "F-16")
def test_every_task_is_cut_off_before_a_broker_gives_it_to_a_second_worker(tmp_path: Path) -> None:
    shown = "from django.conf import settings; print(settings.CELERY_BROKER_TRANSPORT_OPTIONS['visibility_timeout'])"
    asked = manage("shell", "-v", "0", "-c", shown, settings=environment(tmp_path, {"CELERY_BROKER_URL": "redis://"}))
    app.loader.import_default_modules()
    own = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    limits = {task.name: task.time_limit or app.conf.task_time_limit for task in own}
    assert max(limits.values()) < int(asked.stdout)
    longer = {name for name, limit in limits.items() if limit > 3600}
    assert longer == {f"accounts.tasks.{name}" for name in ("sync_directory", "undo_run", "resume_killed")}
