"""A private Sendmail whose mail filter posternd is: Debian's program, with a sendmail.cf of its own made by m4.

    with Sendmail(folder, filter_at=(postern.address, port), relay=hop) as sendmail:
        SmtpSession(sendmail.smtp)…          # every accepted message goes on to the hop
        sendmail.quarantined()               # [(queue id, reason)]; sendmail.release(queue_id)

Everything is in `folder`. Debian's packages of Sendmail and Postfix exclude each other, so Sendmail is not
installed but unpacked (scripts/install-dependencies test, into build/peers). Needs root, as a Sendmail
without its own users does.
"""
import os
import re
import shutil
import socket
import subprocess

import pytest

from postern import TOP, free_port, own_address
from waiting import wait_until

TREE = TOP / 'build/peers/sendmail'
PROGRAM = TREE / 'usr/libexec/sendmail/sendmail'
CF = TREE / 'usr/share/sendmail/cf'

# In namespaces of its own the machine has a name with a dot, without which Sendmail sleeps for a minute, and the
# test's folder is /mnt: it takes no certificate from below /tmp, where anybody can write.
UNSHARE = ['unshare', '--uts', '--mount']
ENTER = [*UNSHARE, 'sh', '-c', 'hostname mx.contoso.com && mount --bind "$0" /mnt && exec "$@"']


def can_run():
    return (os.geteuid() == 0 and PROGRAM.exists() and shutil.which('m4') is not None
            and subprocess.run([*UNSHARE, 'true'], stderr=subprocess.DEVNULL).returncode == 0)


needs_sendmail = pytest.mark.skipif(not can_run(), reason='needs Sendmail (scripts/install-dependencies test), m4, '
                                                          'and root that may make namespaces')

# What docs/milter.md tells an administrator is between the two blank lines. Above it is what keeps this Sendmail in
# its folder, away from the DNS and willing on a busy machine, below it where its mail goes.
SENDMAIL_MC = '''\
divert(0)dnl
OSTYPE(`linux')dnl
define(`QUEUE_DIR', `/mnt/queue')dnl
define(`confPID_FILE', `/mnt/pid')dnl
define(`STATUS_FILE', `/mnt/statistics')dnl
define(`HELP_FILE', `/mnt/help')dnl
define(`ALIAS_FILE', `')dnl
define(`confCR_FILE', `-o /mnt/relay-domains')dnl
define(`confSERVICE_SWITCH_FILE', `/mnt/service.switch')dnl
define(`confDOMAIN_NAME', `mx.contoso.com')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confDELIVERY_MODE', `interactive')dnl
define(`confTO_IDENT', `0')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confREFUSE_LA', `1000')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
DAEMON_OPTIONS(`Name=MTA, Family=inet, Addr={address}, Port={port}')dnl

define(`confSERVER_CERT', `/mnt/server.pem')dnl
define(`confSERVER_KEY', `/mnt/server.key')dnl
define(`confCACERT', `/mnt/trust-anchors.pem')dnl
define(`confCACERT_PATH', `/mnt/authorities')dnl
INPUT_MAIL_FILTER(`postern', `S=inet:{filter_port}@{filter_address}, F=T, T=S:60s;R:60s;E:5m')dnl
RELAY_DOMAIN(`contoso.com')dnl

define(`SMART_HOST', `relay:[{relay_address}]')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {relay_port}')dnl
{more}
MAILER(`smtp')dnl
'''


class Sendmail:
    def __init__(self, folder, certificates, filter_at, relay, more=''):
        """`filter_at`: (address, port) of the milter; `relay`: a HopServer; `more`: further lines of sendmail.mc."""
        self.folder, self.process = folder, None
        address = own_address()
        self.smtp = (address, free_port(address))
        self.mc = SENDMAIL_MC.format(
            address=address, port=self.smtp[1], filter_address=filter_at[0], filter_port=filter_at[1],
            relay_address=relay.address, relay_port=relay.port, more=more)
        self.certificates = certificates

    def __enter__(self):
        (self.folder / 'queue').mkdir(mode=0o700)
        (self.folder / 'authorities').mkdir()
        (self.folder / 'service.switch').write_text('hosts files\naliases files\n')
        (self.folder / 'sendmail.mc').write_text(self.mc)
        made = subprocess.run(['m4', f'-D_CF_DIR_={CF}/', CF / 'm4/cf.m4', self.folder / 'sendmail.mc'],
                              capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        (self.folder / 'sendmail.cf').write_text(made.stdout)
        for name, file in (('server.pem', self.certificates.server.certificate), ('server.key', self.certificates.server.key),
                           ('trust-anchors.pem', self.certificates.trust_anchors)):
            shutil.copy(file, self.folder / name)
        with open(self.folder / 'output', 'ab') as output:
            self.process = subprocess.Popen(self.command('-bD', '-X', '/mnt/transcript'),
                                            stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        wait_until(lambda: self.is_up() or self.process.poll() is not None, 'Sendmail to start')
        assert self.process.poll() is None, self.log()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def is_up(self):
        try:
            socket.create_connection(self.smtp, timeout=5).close()
            return True
        except OSError:
            return False

    def command(self, *arguments):
        return [*ENTER, self.folder, PROGRAM, '-C', '/mnt/sendmail.cf', *arguments]

    def run(self, *arguments):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        return done.stdout + done.stderr

    def log(self):
        """What it printed, and the SMTP of all its sessions in both directions."""
        return ''.join((self.folder / name).read_text(errors='replace') for name in ('output', 'transcript')
                       if (self.folder / name).exists())

    def quarantined(self):
        """As `mailq -qQ` shows it: [(queue id, reason)]."""
        text = self.run('-bp', '-qQ')
        return re.findall(r'^(\w{14})[^\n]*\n\s+QUARANTINE: ([^\n]*)', text, re.M)

    def release(self, queue_id):
        """What an administrator does with mail that was held by mistake."""
        self.run('-Q', '-qQ', f'-qI{queue_id}')
        return self.run('-q', '-v', f'-qI{queue_id}')
