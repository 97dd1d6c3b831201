"""A private Postfix: a sending MTA in front of posternd, or a receiving one behind it.

    with Postfix(folder, relayhost=postern.smtp) as postfix:      # sends what it is given to posternd
        smtplib.SMTP(*postfix.smtp)…
    with Postfix(folder, mailboxes=['ann@contoso.com']) as postfix:  # takes their mail, into Maildirs
        …; postfix.mailbox('ann@contoso.com')

Everything is in `folder`; the machine's own Postfix is not touched. Needs root, as Postfix's
master process does.
"""
import os
import pwd
import re
import shutil
import subprocess

import pytest

from postern import free_port, own_address
from waiting import wait_until

MASTER_CF = '''\
{address}:{port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 1 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
'''

QUEUE_FOLDERS = [
    ('queue', 'root', 'root', 0o755), ('queue/pid', 'root', 'root', 0o755), ('data', 'postfix', 'root', 0o700),
    ('mail', 'nobody', 'nogroup', 0o755),
    *[(f'queue/{name}', 'postfix', 'root', 0o700) for name in (
        'active', 'bounce', 'corrupt', 'defer', 'deferred', 'flush', 'hold', 'incoming', 'private', 'saved', 'trace')],
    ('queue/public', 'postfix', 'postdrop', 0o710), ('queue/maildrop', 'postfix', 'postdrop', 0o730),
]

needs_root = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which('postfix', path='/usr/sbin'),
                                reason='needs Postfix, and root to run it')


class Postfix:
    def __init__(self, folder, relayhost=None, mailboxes=(), **settings):
        self.folder, self.mailboxes = folder, mailboxes
        address = own_address()
        self.smtp = (address, free_port(address))
        nobody = pwd.getpwnam('nobody')
        self.settings = {
            'compatibility_level': '3.6', 'queue_directory': folder / 'queue', 'data_directory': folder / 'data',
            'command_directory': '/usr/sbin', 'daemon_directory': '/usr/lib/postfix/sbin',
            'mail_owner': 'postfix', 'setgid_group': 'postdrop',
            'maillog_file': folder / 'log', 'maillog_file_prefixes': folder,
            'myhostname': 'mail.bank.test', 'mydestination': '', 'inet_interfaces': 'loopback-only', 'inet_protocols': 'ipv4',
            'mynetworks': '127.0.0.0/8', 'smtp_dns_support_level': 'disabled', 'alias_maps': '', 'local_recipient_maps': '',
            'smtp_bind_address': '127.0.0.30', 'smtp_tls_security_level': 'may', 'smtp_helo_name': 'mail.bank.test',
            'virtual_mailbox_domains': ' '.join({mailbox.split('@')[1] for mailbox in mailboxes}), 'virtual_mailbox_base': folder / 'mail',
            'virtual_mailbox_maps': f'texthash:{folder}/mailboxes', 'virtual_minimum_uid': '1',
            'virtual_uid_maps': f'static:{nobody.pw_uid}', 'virtual_gid_maps': f'static:{nobody.pw_gid}',
            'smtpd_recipient_restrictions': 'permit_mynetworks, reject_unauth_destination',
            **({'relayhost': '[%s]:%d' % relayhost} if relayhost else {}), **settings,
        }
        self.process = None

    def __enter__(self):
        # What `postfix check` would make, without its seconds of looking around.
        for name, owner, group, mode in QUEUE_FOLDERS:
            (self.folder / name).mkdir(parents=True)
            shutil.chown(self.folder / name, owner, group)
            (self.folder / name).chmod(mode)
        (self.folder / 'mailboxes').write_text(''.join(
            f'{mailbox} {mailbox.split("@")[1]}/{mailbox.split("@")[0]}/\n' for mailbox in self.mailboxes))
        (self.folder / 'main.cf').write_text(''.join(f'{key} = {value}\n' for key, value in self.settings.items()))
        (self.folder / 'master.cf').write_text(MASTER_CF.format(address=self.smtp[0], port=self.smtp[1]))
        environment = {**os.environ, 'MAIL_CONFIG': str(self.folder)}
        self.process = subprocess.Popen(['/usr/lib/postfix/sbin/master', '-c', self.folder, '-d'], env=environment)
        wait_until(lambda: 'daemon started' in self.log() or self.process.poll() is not None, 'Postfix to start')
        assert self.process.poll() is None, self.log()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def log(self):
        file = self.folder / 'log'
        return file.read_text() if file.exists() else ''

    def status_of(self, subject_or_recipient):
        """Postfix's own words on what became of mail to a recipient: `sent (250 …)`, `bounced (host …)`."""
        return re.findall(rf'to=<{re.escape(subject_or_recipient)}>.* status=(.*)', self.log())

    def held(self):
        """Messages that wait for the administrator."""
        return sorted((self.folder / 'queue/hold').glob('*'))

    def mailbox(self, address):
        local_part, domain = address.split('@')
        return sorted((self.folder / 'mail' / domain / local_part / 'new').glob('*'))
