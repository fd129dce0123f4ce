"""Triggers that move the revision whenever an application, a key or a rule changes, whoever writes it."""

from django.db import migrations

TABLES = {
    "mfa_application": "",
    "mfa_applicationkey": "OF application_id, prefix, secret_hash, verbs, networks, expires_at, revoked_at",
    "mfa_rule": "",
    "mfa_rememberrule": "",
}
"""Each with the columns whose change counts, where not all do: a key notes its use once a minute."""
MOVE = (
    "INSERT INTO mfa_revision (id, number) VALUES (1, {random})"
    " ON CONFLICT (id) DO UPDATE SET number = excluded.number"
)
POSTGRESQL = "(random() * 9007199254740991)::bigint"
SQLITE = "random() / 2"


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE FUNCTION mfa_move_revision() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {MOVE.format(random=POSTGRESQL)}; RETURN NULL; END $$"
        )
        for table, columns in TABLES.items():
            schema_editor.execute(
                f"CREATE TRIGGER {table}_revision AFTER INSERT OR DELETE OR UPDATE {columns} ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION mfa_move_revision()"
            )
        return
    for table, columns in TABLES.items():
        for act in ("INSERT", "DELETE", f"UPDATE {columns}"):
            name = f"{table}_revision_{act.split()[0].lower()}"
            schema_editor.execute(
                f"CREATE TRIGGER {name} AFTER {act} ON {table} BEGIN {MOVE.format(random=SQLITE)}; END"
            )


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION mfa_move_revision() CASCADE")
        return
    for table in TABLES:
        for act in ("insert", "delete", "update"):
            schema_editor.execute(f"DROP TRIGGER {table}_revision_{act}")


class Migration(migrations.Migration):
    dependencies = [("mfa", "0003_schedules")]
    operations = [migrations.RunPython(add, remove, elidable=False)]
