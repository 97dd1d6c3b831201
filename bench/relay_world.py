"""The world in which Postern and rspamd do the same work beside Postfix: the same messages, one DNS
server for all, the same settings of Postfix, and a sink behind that throws away what it gets.

A Postfix of its own for each contestant, from tests/e2e/postfix.py; nothing of the machine's own
Postfix, rspamd or NSD is touched. Needs root, as Postfix does.
"""
import json
import os
import re
import shutil
import smtplib
import socket
import subprocess
import sys
import time

from corpus import make_corpus
from relay_config import NSD, POSTERN, RSPAMD, RSPAMD_RULES
from world import BIN, TOP, World

sys.path.append(str(TOP / 'tests/e2e'))
from postfix import Postfix  # noqa: E402
from waiting import wait_until  # noqa: E402

CLIENT = '192.0.2.'  # of the PROXY lines; SPF allows .1 to .200

# What a message of each kind must be found to be, by every judge.
EXPECTED = {'rsa': ('spf=pass', 'dkim=pass', 'dmarc=pass'), 'rsa and ed25519': ('spf=pass', 'dkim=pass', 'dmarc=pass'),
            'unsigned': ('spf=pass', 'dmarc=pass'), 'forwarded': ('spf=fail', 'dkim=pass', 'dmarc=pass')}


class ProxiedClient(smtplib.SMTP):
    """Says as whom it comes before SMTP begins."""

    def _get_socket(self, *arguments):
        connection = super()._get_socket(*arguments)
        connection.sendall(f'PROXY TCP4 {CLIENT}7 192.0.2.254 41000 25\r\n'.encode())
        return connection


class RelayWorld(World):
    port_names = ('edge', 'milter', 'admin', 'sink', 'dns', 'rspamd')

    def build(self):
        self.folder.chmod(0o755)  # The servers run as users of their own.
        self.postfixes = {}
        (self.folder / 'corpus').mkdir()
        records, self.examples = make_corpus(self.folder / 'corpus')
        self.start_dns(records)
        self.start_sink(dump=True)
        self.wait_for('dns', 'sink')
        self.start_postern(POSTERN)
        for line in ('New-Organization -Name Contoso', 'New-AcceptedDomain -Name contoso.test', 'New-Recipient ann@contoso.test',
                     'Set-OrganizationConfig -RejectDirectSend $true'):
            self.cmdlet(line)
        # Name: where it listens, for whom mail is, whose CPU time counts, and which of these judges.
        self.contestants = self.start_contestants() | {'postern': (self.edge(), 'ann@contoso.test', ['posternd'], 'posternd')}
        self.expect_the_same_verdicts()
        self.processes['sink'].terminate()
        self.processes['sink'].wait(20)
        self.start_sink()
        self.wait_for('sink')

    def edge(self):
        return '127.0.0.1', self.ports['edge']

    def start_contestants(self):
        """The others: as `contestants`."""
        self.start_rspamd()
        self.wait_for('rspamd')
        self.start_postfix('postfix')
        self.start_postfix('postfix+postern', smtpd_milters=f'inet:127.0.0.1:{self.ports["milter"]}')
        self.start_postfix('postfix+rspamd', smtpd_milters=f'inet:127.0.0.1:{self.ports["rspamd"]}',
                           milter_mail_macros='i {mail_addr} {client_addr} {client_name} {auth_authen}')
        behind = self.start_postfix('behind', smtpd_upstream_proxy_protocol='')
        self.cmdlet(f'New-AcceptedDomain -Name fabrikam.test -Organization Contoso -NextHop smtp:{behind.smtp[0]}:{behind.smtp[1]}')
        self.cmdlet('New-Recipient ann@fabrikam.test')
        return {
            'postfix': (self.postfixes['postfix'].smtp, 'ann@contoso.test', ['postfix'], None),
            'postfix+postern': (self.postfixes['postfix+postern'].smtp, 'ann@contoso.test', ['postfix+postern', 'posternd'], 'posternd'),
            'postfix+rspamd': (self.postfixes['postfix+rspamd'].smtp, 'ann@contoso.test', ['postfix+rspamd', 'rspamd'], 'rspamd'),
            'postern>postfix': (self.edge(), 'ann@fabrikam.test', ['posternd', 'behind'], 'posternd'),
        }

    def __exit__(self, *_):
        super().__exit__()
        for postfix in self.postfixes.values():
            assert postfix.process.poll() is not None

    def wait_for(self, *names):
        for name in names:
            wait_until(lambda: self.answers(name), lambda: f'{name}:\n' + (self.folder / f'{name}.log').read_text())

    def answers(self, name):
        try:
            socket.create_connection(('127.0.0.1', self.ports[name]), 1).close()
            return True
        except OSError:
            return False

    def start_dns(self, records):
        lines = ['$TTL 3600', '. SOA ns.test. hostmaster.test. 1 3600 600 86400 300', '. NS ns.test.', 'ns.test. A 127.0.0.1', *records]
        (self.folder / 'zone').write_text('\n'.join(lines) + '\n')
        (self.folder / 'nsd.conf').write_text(NSD.format(folder=self.folder, **self.ports))
        self.start('dns', [shutil.which('nsd', path='/usr/sbin:/usr/bin'), '-d', '-c', self.folder / 'nsd.conf'])

    def start_rspamd(self):
        home = self.folder / 'rspamd'
        home.mkdir()
        shutil.chown(home, '_rspamd', '_rspamd')
        (home / 'rules.lua').write_text(RSPAMD_RULES)
        (home / 'rspamd.conf').write_text(RSPAMD.format(folder=home, cores=os.cpu_count(), **self.ports))
        self.start('rspamd', ['/usr/bin/rspamd', '-f', '-u', '_rspamd', '-g', '_rspamd', '-c', home / 'rspamd.conf'])

    def start_sink(self, dump=False):
        seen = self.folder / 'seen'
        if dump:
            seen.mkdir()
            if os.geteuid() == 0:
                shutil.chown(seen, 'nobody', 'nogroup')  # As whom smtp_sink() lets it run.
        self.start('sink', self.smtp_sink('sink', *(['-d', f'{seen}/message.'] if dump else [])))

    def start_postfix(self, name, **settings):
        folder = self.folder / name
        folder.mkdir()
        postfix = Postfix(folder, myhostname='mx.contoso.test', smtp_bind_address='', smtp_tls_security_level='none',
                          relay_domains='contoso.test fabrikam.test', relay_transport=f'smtp:[127.0.0.1]:{self.ports["sink"]}',
                          relay_recipient_maps='inline:{ann@contoso.test=ann, ann@fabrikam.test=ann}',
                          milter_default_action='tempfail',
                          # No names of clients from the system's resolver, no waiting for the queue.
                          **{'smtpd_upstream_proxy_protocol': 'haproxy', 'smtpd_peername_lookup': 'no', 'in_flow_delay': '0',
                             'smtpd_error_sleep_time': '0', 'smtpd_recipient_restrictions': 'reject_unauth_destination', **settings})
        self.postfixes[name] = postfix.__enter__()
        self.processes[name] = postfix.process
        return postfix

    def expect_the_same_verdicts(self):
        """A contestant that did less than the others would only seem to be quicker."""
        for name, (server, recipient, _, judge) in self.contestants.items():
            for kind, (reverse_path, message) in self.examples.items():
                before = set(self.folder.glob('seen/*'))
                client = ProxiedClient(*server, timeout=20)
                client.sendmail(reverse_path, recipient, message)
                client.quit()
                wait_until(lambda: len(set(self.folder.glob('seen/*')) - before) == 1 and not self.queued(), f'mail by {name}')
                text, = [file.read_text() for file in set(self.folder.glob('seen/*')) - before]
                results = ''.join(re.findall(r'^Authentication-Results:.*\n(?:[ \t].*\n)*', text, re.MULTILINE))
                missing = [word for word in EXPECTED[kind] if word not in results] if judge else []
                if missing:
                    raise SystemExit(f'{name} did not find {missing} in a message of kind "{kind}":\n{text}')

    def queued(self):
        """Has a Postfix something left to do?"""
        for postfix in self.postfixes.values():
            if any(file.is_file() for file in (postfix.folder / 'queue/deferred').rglob('*')):
                raise SystemExit('Postfix could not deliver:\n' + postfix.log()[-3000:])
        return any(any(os.scandir(postfix.folder / 'queue' / name)) for postfix in self.postfixes.values()
                   for name in ('maildrop', 'incoming', 'active'))

    def relay(self, name, seconds, count=0):
        """One run of so many seconds, or of `count` messages if they are sent sooner: what the load
        generator prints, and what was used until the last message had reached the sink."""
        (host, port), recipient, processes, judge = self.contestants[name]
        before, begin = self.cpu(), time.monotonic()
        done = subprocess.run([BIN / 'loadgen', '--host', host, '--port', str(port), '--mode', 'deliver', '--connections', '20',
                               '--per-connection', '5', '--seconds', str(seconds), '--count', str(count), '--proxy', CLIENT, '--recipient', recipient,
                               '--corpus', self.folder / 'corpus/messages.tsv'], stdout=subprocess.PIPE, check=True)
        wait_until(lambda: not self.queued(), f'the queue of {name}', 120)
        wall = time.monotonic() - begin
        result = json.loads(done.stdout)
        if list(result['replies']) != ['250'] or result['broken']:
            raise SystemExit(f'{name}: expected only replies 250, got {result["replies"]}, {result["broken"]} broken')
        per_1000 = {process: (seconds - before[process]) / result['count'] * 1000 for process, seconds in self.cpu().items()}
        return result | {'delivered_rate': result['count'] / wall, 'cpu_per_1000': sum(per_1000[process] for process in processes),
                         'cpu_per_1000_judge': per_1000[judge] if judge else 0, 'cpu_per_1000_dns': per_1000['dns']}
