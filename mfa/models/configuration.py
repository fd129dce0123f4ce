"""Whether what admins configured is still what a process read last."""

from __future__ import annotations

from django.db import models


class Revision(models.Model):
    """One row, whose random number changes with every change of the tables that `mfa.configured` reads: by triggers
    in the database, so that no way of writing to them is forgotten."""

    number = models.BigIntegerField()

    class Meta:
        verbose_name = "revision"

    def __str__(self) -> str:
        return str(self.number)
