"""One posternd of a test's own, and the administrator's `postern` beside it.

    with Postern(folder, certificates, delivery={'default': 'lmtp:127.0.0.1:2424'}) as postern:
        postern.cmdlets('New-Organization -Name Contoso', 'New-AcceptedDomain -Name contoso.com')
        with SmtpSession(postern.proxied, proxy='203.0.113.9') as session: …

Each daemon listens on a loopback address of its own (127.x.y.z), so tests that run at the
same time cannot meet. Leaving the block ends it with SIGTERM and insists on exit status 0
and on no word from a sanitizer; a build with sanitizers is chosen by POSTERN_BIN_DIR.
"""
import collections
import json
import os
import pathlib
import random
import re
import shlex
import signal
import socket
import subprocess
import urllib.error
import urllib.request

from waiting import wait_until

TOP = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get('POSTERN_BIN_DIR', TOP / 'build/bin')).resolve()

# What the world looks like to posternd. `ext` of the test table, 203.0.113.9, has no PTR.
ZONE = '''\
contoso.com.          MX    10 mx.contoso.test.
contoso.com.          TXT   "v=spf1 ip4:203.0.113.10 -all"
mx.contoso.test.      A     192.0.2.254
bank.test.            MX    10 mail.bank.test.
bank.test.            TXT   "v=spf1 ip4:203.0.113.9 ip6:2001:db8:25::/48 -all"
mail.bank.test.       A     203.0.113.9
phish.test.           TXT   "v=spf1 ip4:203.0.113.9 -all"
soft.test.            TXT   "v=spf1 ~all"
broken.test.          TXT   "v=spf1 ip4:999.1.2.3 -all"
5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.5.2.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mail.bank.test.
'''
IPV6_WITH_PTR = '2001:db8:25::25'
IPV6_WITHOUT_PTR = '2001:db8:66::9'


class CmdletError(Exception):
    """What `postern` wrote to standard error, with a non-zero exit status."""


class CrashError(AssertionError):
    pass


def own_address():
    """A loopback address that nobody else uses: one of sixteen million."""
    return f'127.{random.randint(16, 254)}.{random.randint(0, 254)}.{random.randint(1, 254)}'


def free_port(address):
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def to_toml(tables):
    """{'server': {…}, 'listener': [{…}, {…}]} as TOML; JSON's scalars and arrays are TOML's."""
    lines = []
    for name, content in tables.items():
        for table in content if isinstance(content, list) else [content]:
            lines.append(f'[[{name}]]' if isinstance(content, list) else f'[{name}]')
            lines += [f'{key} = {json.dumps(str(value) if isinstance(value, pathlib.Path) else value)}'
                      for key, value in table.items()]
    return '\n'.join(lines) + '\n'


class Postern:
    def __init__(self, folder, certificates, zone=ZONE, **tables):
        """`tables` are merged into the configuration: a table of the same name is updated, a
        list of tables (`listener`, `tls.sni`) replaced."""
        self.folder, self.process, self.starts, self.options = folder, None, 0, []
        self.data, self.file, self.log_file = folder / 'data', folder / 'postern.toml', folder / 'posternd.log'
        self.address = own_address()
        self.smtp = (self.address, free_port(self.address))
        self.proxied = (self.address, free_port(self.address))
        self.admin = (self.address, free_port(self.address))
        (folder / 'zone').write_text(zone)
        self.tables = {
            'server': {'hostname': 'mx.contoso.test', 'data_directory': self.data, 'threads': 2},
            'listener': [{'address': '%s:%d' % self.smtp},
                         {'address': '%s:%d' % self.proxied, 'proxy_protocol_from': ['127.0.0.0/8']}],
            'tls': {'certificate': certificates.server.certificate, 'private_key': certificates.server.key,
                    'client_ca': certificates.trust_anchors},
            'dns': {'zone': folder / 'zone'},
            'admin': {'address': '%s:%d' % self.admin},
        }
        for name, table in tables.items():
            if isinstance(table, dict) and name in self.tables:
                self.tables[name].update(table)
            else:
                self.tables[name] = table
        self.write_config()

    def write_config(self, text=None):
        self.file.write_text(to_toml(self.tables) if text is None else text)

    # ------------------------------------------------------------------ starting and ending

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        self.stop(in_order=kind is None)

    def start(self):
        self.launch()
        wait_until(lambda: self.is_healthy() or self.has_ended(), lambda: f'/healthz\n{self.log_text()}', seconds=60)
        if self.has_ended():
            raise CrashError(f'posternd did not start:\n{self.log_text()}')

    def launch(self):
        self.starts += 1
        with open(self.log_file, 'ab') as log:
            self.process = subprocess.Popen([BIN / 'posternd', '--config', self.file, *self.options], stdout=log, stderr=log)

    def is_healthy(self):
        try:
            return self.http('/healthz').status == 200
        except OSError:
            return False

    def has_ended(self):
        return self.process.poll() is not None

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def kill(self):
        """As a power cut would, as far as the process is concerned."""
        self.process.kill()
        self.process.wait(20)

    def stop(self, in_order=True):
        """`in_order` false: a test has failed already, and its message is the one to see."""
        if self.process is None:
            return
        if not self.has_ended():
            self.terminate()
        try:
            status = self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.kill()
            status = 'none: it did not end within 40 s of SIGTERM'
        self.process = None
        text = self.log_text()
        assert not re.search(r'(Address|Leak|Thread|UndefinedBehavior)Sanitizer|runtime error:', text), text[-5000:]
        if in_order:
            assert status == 0, f'posternd ended with status {status}:\n{text[-5000:]}'

    # ------------------------------------------------------------------ administration

    def run_postern(self, *arguments, **options):
        return subprocess.run([BIN / 'postern', '--socket', self.data / 'admin.sock', *map(str, arguments)],
                              capture_output=True, text=True, timeout=60, **options)

    def cmdlets(self, *lines):
        """Runs the lines as one script and returns what it printed."""
        script = self.folder / 'script.ps1'
        script.write_text('\n'.join(lines) + '\n')
        return self._printed(self.run_postern('-f', script))

    def cmdlet(self, line):
        return self._printed(self.run_postern('-c', line))

    def objects(self, line):
        """What a cmdlet line returns, as a list of dictionaries."""
        text = self.cmdlet(f'{line} | ConvertTo-Json').strip()
        values = json.loads(text) if text else []
        return values if isinstance(values, list) else [values]

    def _printed(self, done):
        if done.returncode != 0:
            raise CmdletError(done.stderr)
        return done.stdout

    def trace(self, filters='', rows=1):
        """The rows of Get-MessageTraceV2, which are written in batches: waits for so many."""
        return wait_until(lambda: (found := self.objects(f'Get-MessageTraceV2 {filters}')) and len(found) >= rows and found,
                          lambda: f'{rows} trace rows with {filters!r}; there are {self.objects("Get-MessageTraceV2")}')

    def http(self, path, headers=None, body=None):
        """Like urlopen, but an answer of 400 and above is an answer too."""
        request = urllib.request.Request('http://%s:%d%s' % (*self.admin, path), headers=headers or {}, data=body)
        try:
            return urllib.request.urlopen(request, timeout=20)
        except urllib.error.HTTPError as answer:
            return answer

    def token(self):
        return (self.data / 'admin.token').read_text().strip()

    def metrics(self):
        """{'postern_replies_total{code="550"}': 3.0, …}"""
        text = self.http('/metrics', {'Authorization': f'Bearer {self.token()}'}).read().decode()
        return {name: float(value) for name, value in re.findall(r'^([^#\s][^\n]*?) (\S+)$', text, re.M)}

    def metric(self, name, **labels):
        """The sum over all series of a metric that have these labels."""
        total = 0.0
        for series, value in self.metrics().items():
            if series.split('{')[0] == name and all(f'{key}="{word}"' in series for key, word in labels.items()):
                total += value
        return total

    # ------------------------------------------------------------------ what became of it

    def mailbox(self, address, sub='new'):
        local_part, domain = address.split('@')
        folder = self.data / 'mail' / domain / local_part / sub
        return sorted(folder.glob('*')) if folder.exists() else []

    def log_text(self):
        return self.log_file.read_text(errors='replace') if self.log_file.exists() else ''

    def log(self, event=None):
        """The logfmt lines as dictionaries, of one event if given."""
        lines = []
        complete, _, _ = self.log_text().rpartition('\n')
        for line in complete.splitlines():
            fields = collections.OrderedDict(word.split('=', 1) for word in shlex.split(line) if '=' in word)
            if event is None or fields.get('event') == event:
                lines.append(fields)
        return lines

    def logged(self, event, count=1, **fields):
        """The lines of an event with these fields, once there are `count`: posternd writes its log
        beside the mail, so a line may come a moment after the reply."""
        def found():
            lines = [line for line in self.log(event) if fields.items() <= line.items()]
            return lines if len(lines) >= count else None
        return wait_until(found, lambda: f'{count} lines of {event} {fields} in the log\n{self.log_text()}')
