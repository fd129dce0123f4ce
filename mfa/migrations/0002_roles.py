from django.db import migrations

from mfa import roles


def make(apps, schema_editor):
    roles.make(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("mfa", "0001_initial"),
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(make, migrations.RunPython.noop, elidable=False)]
