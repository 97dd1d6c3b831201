"""A private Dovecot that takes mail by LMTP, over TCP (`tcp`) and a Unix socket (`unix`).

    with Dovecot(folder, ['ann@contoso.com']) as dovecot:
        … -NextHop {dovecot.tcp} …; dovecot.mailbox('ann@contoso.com')

Everything is in `folder`. Needs root, as Dovecot's master process does.
"""
import os
import shutil
import subprocess

import pytest

from postern import free_port, own_address
from waiting import wait_until

CONFIG = '''\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = lmtp
ssl = no
auth_mechanisms = plain
mail_location = maildir:{folder}/mail/%d/%n
first_valid_uid = 1
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
passdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
service lmtp {{
  inet_listener lmtp {{
    address = {address}
    port = {port}
  }}
  unix_listener lmtp {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
'''

needs_root = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which('dovecot', path='/usr/sbin'),
                                reason='needs Dovecot, and root to run it')


class Dovecot:
    def __init__(self, folder, mailboxes, more=''):
        """`more` is added to the configuration, where it has the last word."""
        self.folder, self.mailboxes, self.more, self.process = folder, mailboxes, more, None
        self.address = own_address()
        self.port = free_port(self.address)
        self.tcp = f'lmtp:{self.address}:{self.port}'
        self.unix = f'lmtp:unix:{folder}/run/lmtp'

    def __enter__(self):
        (self.folder / 'mail').mkdir()
        shutil.chown(self.folder / 'mail', 'nobody', 'nogroup')
        (self.folder / 'users').write_text(''.join(
            f'{mailbox}:{{PLAIN}}x:65534:65534::{self.folder}/mail::\n' for mailbox in self.mailboxes))
        (self.folder / 'dovecot.conf').write_text(
            CONFIG.format(folder=self.folder, address=self.address, port=self.port) + self.more)
        self.process = subprocess.Popen(['/usr/sbin/dovecot', '-F', '-c', self.folder / 'dovecot.conf'])
        wait_until(lambda: (self.folder / 'run/lmtp').exists() or self.process.poll() is not None, 'Dovecot to start')
        assert self.process.poll() is None, self.log()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def log(self):
        file = self.folder / 'log'
        return file.read_text() if file.exists() else ''

    def mailbox(self, address):
        local_part, domain = address.split('@')
        return sorted((self.folder / 'mail' / domain / local_part / 'new').glob('*'))
