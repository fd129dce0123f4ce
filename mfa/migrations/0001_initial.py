import django.db.models.deletion
import django.utils.timezone
import mfa.kinds
import mfa.models.browsers
import mfa.models.factors
import secrets
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('auth', '0012_alter_user_first_name_max_length'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Application',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(unique=True, verbose_name='short name')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('kinds', models.JSONField(blank=True, default=list, verbose_name='kinds of factors')),
                ('mode', models.CharField(choices=[('password-then-code', 'password, then a code at a second prompt'), ('password-and-code', 'password and code in one field'), ('code-only', 'code only; the application has checked the password itself')], default='password-then-code', max_length=20, verbose_name='what is typed')),
                ('separator', models.CharField(blank=True, max_length=1, verbose_name='between password and code')),
                ('code_length', models.PositiveSmallIntegerField(default=6, verbose_name='length of the code behind a password')),
                ('address_attribute', models.CharField(blank=True, choices=[('', 'none is believed'), ('address', 'the field “address” of the interface'), ('Calling-Station-Id', 'Calling-Station-Id'), ('Tunnel-Client-Endpoint', 'Tunnel-Client-Endpoint')], default='', max_length=30, verbose_name="person's address")),
                ('reply_attributes', models.JSONField(blank=True, default=dict, verbose_name='reply attributes')),
                ('active', models.BooleanField(default=True, verbose_name='in use')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
            ],
            options={
                'verbose_name': 'application',
                'verbose_name_plural': 'applications',
                'ordering': ('name', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='Budget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(max_length=100, unique=True)),
                ('spent', models.JSONField(default=list)),
                ('updated_at', models.DateTimeField(auto_now=True, db_index=True)),
            ],
            options={
                'verbose_name': 'budget',
            },
        ),
        migrations.CreateModel(
            name='GuessCounter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(max_length=255, unique=True)),
                ('failures', models.JSONField(default=dict)),
                ('updated_at', models.DateTimeField(auto_now=True, db_index=True)),
            ],
            options={
                'verbose_name': 'guess counter',
            },
        ),
        migrations.CreateModel(
            name='Policy',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='policy', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('required', models.BooleanField(default=False, verbose_name='two-factor sign-in required')),
                ('activation_only', models.BooleanField(default=False, help_text='The next factor is enrolled with an activation code only.', verbose_name='activation code needed')),
            ],
            options={
                'verbose_name': 'policy',
                'verbose_name_plural': 'policies',
            },
        ),
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='preference', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('kind', models.CharField(blank=True, max_length=20)),
                ('key', models.CharField(blank=True, max_length=255)),
                ('quiet_until', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'preference',
            },
        ),
        migrations.CreateModel(
            name='RadiusAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('request', models.CharField(max_length=64, unique=True)),
                ('status', models.PositiveSmallIntegerField()),
                ('body', models.JSONField(default=dict)),
                ('at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name': 'answer to a RADIUS request',
            },
        ),
        migrations.CreateModel(
            name='Revision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'revision',
            },
        ),
        migrations.CreateModel(
            name='ApplicationKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('prefix', models.CharField(editable=False, max_length=12, unique=True, verbose_name='key')),
                ('secret_hash', models.CharField(editable=False, max_length=64)),
                ('verbs', models.JSONField(default=list, verbose_name='may ask for')),
                ('networks', models.JSONField(default=list, verbose_name='networks')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('revoked_at', models.DateTimeField(editable=False, null=True, verbose_name='revoked')),
                ('last_used_at', models.DateTimeField(editable=False, null=True, verbose_name='last used')),
                ('last_used_from', models.CharField(blank=True, editable=False, max_length=45, verbose_name='last used from')),
                ('application', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='keys', to='mfa.application')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by')),
            ],
            options={
                'verbose_name': 'key of an application',
                'verbose_name_plural': 'keys of applications',
                'ordering': ('-created_at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='OpenSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.SlugField(default=mfa.models.browsers.new_token, max_length=24, unique=True)),
                ('auth_hash', models.CharField(max_length=64)),
                ('browser', models.CharField(max_length=30)),
                ('system', models.CharField(max_length=30)),
                ('address', models.CharField(max_length=45)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('seen_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='open_sessions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'open session',
            },
        ),
        migrations.CreateModel(
            name='Prompt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(default=secrets.token_urlsafe, editable=False, max_length=43, unique=True)),
                ('epoch', models.PositiveIntegerField()),
                ('kind', models.CharField(blank=True, max_length=20)),
                ('challenge', models.CharField(blank=True, max_length=43)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField(db_index=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('application', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='mfa.application')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'prompt',
            },
        ),
        migrations.CreateModel(
            name='RememberRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('scope', models.CharField(choices=[('user', 'the person, anywhere'), ('application', 'the person at the same application'), ('address', 'the person at the same application from the same address')], max_length=12, verbose_name='remembered for')),
                ('kind', models.CharField(blank=True, max_length=20, verbose_name='factor')),
                ('seconds', models.PositiveIntegerField(verbose_name='seconds')),
                ('active', models.BooleanField(default=True, verbose_name='in use')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('application', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='mfa.application', verbose_name='application')),
            ],
            options={
                'verbose_name': 'remember rule',
                'verbose_name_plural': 'remember rules',
                'ordering': ('name', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='Remembered',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(blank=True, max_length=45)),
                ('kind', models.CharField(max_length=20)),
                ('epoch', models.PositiveIntegerField()),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('until', models.DateTimeField(db_index=True)),
                ('application', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='mfa.application')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='remembered', to=settings.AUTH_USER_MODEL)),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='mfa.rememberrule')),
            ],
            options={
                'verbose_name': 'remembered verification',
                'verbose_name_plural': 'remembered verifications',
            },
        ),
        migrations.CreateModel(
            name='Rule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('starts_on', models.DateField(verbose_name='from')),
                ('grace_days', models.PositiveSmallIntegerField(default=14, verbose_name='days of grace')),
                ('factors', models.PositiveSmallIntegerField(default=1, verbose_name='second factors that one must have')),
                ('backup', models.BooleanField(default=False, verbose_name='recovery codes too')),
                ('kinds', models.JSONField(blank=True, default=list, verbose_name='kinds that count')),
                ('activation_only', models.BooleanField(default=False, verbose_name='first factor by activation code only')),
                ('ended_at', models.DateTimeField(editable=False, null=True, verbose_name='ended')),
                ('reminded_at', models.DateTimeField(editable=False, null=True, verbose_name='last reminded out of turn')),
                ('group', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='auth.group', verbose_name='group')),
            ],
            options={
                'verbose_name': 'rule',
                'verbose_name_plural': 'rules',
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', models.CharField(max_length=16)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reminders', to='mfa.rule')),
            ],
        ),
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act', models.CharField(max_length=40, verbose_name='act')),
                ('subject', models.CharField(editable=False, max_length=64)),
                ('words', models.TextField(verbose_name='what would be done')),
                ('page', models.CharField(editable=False, max_length=2000)),
                ('right', models.CharField(editable=False, max_length=100)),
                ('reason', models.CharField(max_length=500, verbose_name='reason')),
                ('asked_at', models.DateTimeField(verbose_name='asked')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('state', models.CharField(choices=[('open', 'waits for a second person'), ('approved', 'approved, not done yet'), ('used', 'approved and done'), ('declined', 'declined'), ('withdrawn', 'withdrawn'), ('expired', 'expired')], default='open', max_length=10, verbose_name='state')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided')),
                ('used_at', models.DateTimeField(null=True, verbose_name='done')),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'approval',
                'verbose_name_plural': 'approvals',
                'ordering': ('-asked_at', '-pk'),
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['open', 'approved'])), fields=('act', 'subject', 'asked_by'), name='mfa_one_live_approval'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['approved', 'used']), _negated=True), ('decided_by', None), models.Q(('decided_by', models.F('asked_by')), _negated=True), _connector='OR'), name='mfa_nobody_approves_alone')],
            },
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='time')),
                ('action', models.CharField(db_index=True, max_length=60, verbose_name='action')),
                ('username', models.CharField(blank=True, max_length=150, verbose_name='user name')),
                ('actor_name', models.CharField(blank=True, max_length=150, verbose_name='by')),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='reason')),
                ('details', models.JSONField(default=dict, verbose_name='details')),
                ('address', models.CharField(blank=True, max_length=45, verbose_name='address')),
                ('request_id', models.CharField(blank=True, max_length=64, verbose_name='request')),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='audit_events', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'audit event',
                'verbose_name_plural': 'audit trail',
                'ordering': ('-at', '-pk'),
                'indexes': [models.Index(fields=['user', '-at'], name='mfa_audit_user_at')],
            },
        ),
        migrations.CreateModel(
            name='AuthenticationRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='time')),
                ('username', models.CharField(blank=True, max_length=150, verbose_name='user name')),
                ('application', models.CharField(max_length=100, verbose_name='application')),
                ('address', models.CharField(blank=True, max_length=45, verbose_name='address')),
                ('kind', models.CharField(blank=True, max_length=20, verbose_name='factor')),
                ('purpose', models.CharField(choices=[('sign-in', 'sign-in'), ('proof', 'proof'), ('confirm-phone', 'confirm-phone'), ('confirm-email', 'confirm-email'), ('test', 'test'), ('undo-phone', 'undo-phone'), ('refuse-phone', 'refuse-phone'), ('activate', 'activate'), ('application', 'application'), ('alone', 'alone'), ('enrol', 'enrol')], default=mfa.kinds.Purpose['SIGN_IN'], max_length=20, verbose_name='purpose')),
                ('accepted', models.BooleanField(verbose_name='accepted')),
                ('code', models.SmallIntegerField(verbose_name='result')),
                ('cause', models.CharField(blank=True, max_length=200, verbose_name='cause')),
                ('duration_ms', models.PositiveIntegerField(default=0, verbose_name='milliseconds')),
                ('gateway', models.CharField(blank=True, max_length=100, verbose_name='gateway')),
                ('rule', models.CharField(blank=True, max_length=100, verbose_name='remember rule')),
                ('request_id', models.CharField(blank=True, max_length=64, verbose_name='request')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='authentication_records', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'authentication record',
                'verbose_name_plural': 'authentication log',
                'ordering': ('-at', '-pk'),
                'indexes': [models.Index(fields=['user', '-at'], name='mfa_authentication_user_at')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('sms', 'SMS'), ('mail', 'mail')], max_length=4, verbose_name='channel')),
                ('template', models.CharField(max_length=40, verbose_name='message')),
                ('recipient', models.CharField(max_length=254, verbose_name='recipient')),
                ('subject', models.CharField(blank=True, max_length=200, verbose_name='subject')),
                ('body', models.TextField(blank=True, editable=False)),
                ('key', models.CharField(default=mfa.models.factors.new_key, editable=False, max_length=32, unique=True)),
                ('state', models.CharField(choices=[('queued', 'waiting to be sent'), ('sending', 'being handed over'), ('sent', 'handed over'), ('delivered', 'delivered'), ('failed', 'not delivered'), ('expired', 'not sent: too late'), ('uncertain', 'may have been sent')], default='queued', max_length=10, verbose_name='state')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='queued')),
                ('expires_at', models.DateTimeField(null=True, verbose_name='worth sending until')),
                ('next_try_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('claimed_at', models.DateTimeField(null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='tries')),
                ('handed_over_at', models.DateTimeField(null=True, verbose_name='handed over')),
                ('gateway', models.CharField(blank=True, max_length=40, verbose_name='gateway')),
                ('reference', models.CharField(blank=True, max_length=200, verbose_name="gateway's reference")),
                ('error', models.CharField(blank=True, max_length=300, verbose_name='error')),
                ('trace', models.JSONField(default=list, editable=False)),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deliveries', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'delivery',
                'verbose_name_plural': 'deliveries',
                'ordering': ('-created_at', '-pk'),
                'indexes': [models.Index(fields=['created_at'], name='mfa_delivery_created'), models.Index(condition=models.Q(('state__in', ['queued', 'sending'])), fields=['next_try_at'], name='mfa_delivery_due')],
            },
        ),
        migrations.CreateModel(
            name='Exemption',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('until', models.DateTimeField(verbose_name='until')),
                ('reason', models.CharField(max_length=500, verbose_name='reason')),
                ('created_at', models.DateTimeField(verbose_name='since')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended early')),
                ('reminded_at', models.DateTimeField(null=True, verbose_name='owner reminded')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exemptions', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'exemption',
                'verbose_name_plural': 'exemptions',
                'ordering': ('-until', '-pk'),
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('user',), name='mfa_one_exemption_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='Factor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The human-readable name of this device.', max_length=64)),
                ('confirmed', models.BooleanField(default=True, help_text='Is this device ready for use?')),
                ('kind', models.CharField(max_length=20, verbose_name='kind')),
                ('key', models.CharField(default=mfa.models.factors.new_key, editable=False, max_length=1400)),
                ('secret', models.TextField(blank=True, editable=False)),
                ('state', models.JSONField(default=dict, editable=False)),
                ('failures', models.PositiveSmallIntegerField(default=0, editable=False, verbose_name='wrong codes in a row')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('last_used_at', models.DateTimeField(editable=False, null=True, verbose_name='last used')),
                ('last_used_for', models.CharField(blank=True, editable=False, max_length=100, verbose_name='last used for')),
                ('expires_at', models.DateTimeField(editable=False, null=True, verbose_name='expires')),
                ('disabled_at', models.DateTimeField(editable=False, null=True, verbose_name='disabled')),
                ('suspended_at', models.DateTimeField(editable=False, null=True, verbose_name='suspended')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='factors', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'factor',
                'verbose_name_plural': 'factors',
                'ordering': ('pk',),
                'indexes': [models.Index(fields=['user', 'kind'], name='mfa_factor_user_kind')],
                'constraints': [models.UniqueConstraint(fields=('kind', 'key'), name='mfa_factor_key')],
            },
        ),
        migrations.CreateModel(
            name='KnownBrowser',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mark', models.CharField(max_length=64)),
                ('first_seen_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('seen_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='known_browsers', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'known browser',
                'constraints': [models.UniqueConstraint(fields=('user', 'mark'), name='mfa_browser_known_once')],
            },
        ),
        migrations.CreateModel(
            name='OneTimeCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(default=secrets.token_urlsafe, editable=False, max_length=43, unique=True)),
                ('purpose', models.CharField(choices=[('sign-in', 'sign-in'), ('proof', 'proof'), ('confirm-phone', 'confirm-phone'), ('confirm-email', 'confirm-email'), ('test', 'test'), ('undo-phone', 'undo-phone'), ('refuse-phone', 'refuse-phone'), ('activate', 'activate'), ('application', 'application'), ('alone', 'alone'), ('enrol', 'enrol')], max_length=20)),
                ('kind', models.CharField(blank=True, max_length=20)),
                ('code_hash', models.CharField(max_length=64)),
                ('target', models.CharField(blank=True, max_length=64)),
                ('failures', models.PositiveSmallIntegerField(default=0)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField()),
                ('ending', models.CharField(blank=True, choices=[('', 'live'), ('spent', 'used'), ('replaced', 'replaced by a newer one'), ('worn-out', 'too many wrong tries'), ('expired', 'expired')], default='', max_length=10)),
                ('ended_at', models.DateTimeField(null=True)),
                ('issued_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='one_time_codes', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'one-time code',
                'constraints': [models.UniqueConstraint(condition=models.Q(('ending', '')), fields=('user', 'purpose'), name='mfa_one_live_code_per_purpose')],
            },
        ),
        migrations.AddConstraint(
            model_name='rememberrule',
            constraint=models.CheckConstraint(condition=models.Q(('seconds__gte', 1), ('seconds__lte', 86400)), name='mfa_remember_rule_a_day_at_most'),
        ),
        migrations.AddIndex(
            model_name='remembered',
            index=models.Index(fields=['user', 'rule'], name='mfa_remembered_user_rule'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.UniqueConstraint(fields=('rule', 'user', 'stage'), name='mfa_reminded_once'),
        ),
    ]
