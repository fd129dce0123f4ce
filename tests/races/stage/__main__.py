"""Answers calls: a line of JSON in, `{"call": name, ...arguments}`, and one out, until standard input ends."""

from __future__ import annotations

import json
import sys

from tests.races.stage import applications, doing, holding, left, people

CALLS = {name: call for room in (people, applications, doing, holding, left) for name, call in vars(room).items()}

for line in sys.stdin:
    request = json.loads(line)
    answer = CALLS[request.pop("call")](**request)
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
