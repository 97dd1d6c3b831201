"""The world that is measured: posternd with Contoso and a zone, and Postfix's smtp-sink beside it."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.request

TOP = pathlib.Path(__file__).resolve().parent.parent
BIN = TOP / os.environ.get('POSTERN_BIN_DIR', 'build/bench/bin')
TICKS = os.sysconf('SC_CLK_TCK')

# 24 senders whose SPF needs mx and two nested includes; clients are 192.0.2.1 to .200.
ZONE = '\n'.join([
    'contoso.test.     MX   10 mx.contoso.test.',
    'contoso.test.     TXT  "v=spf1 ip4:203.0.113.0/28 -all"',
    '_spf.esp.test.    TXT  "v=spf1 include:_spf1.esp.test ip4:198.51.100.0/24 ~all"',
    '_spf1.esp.test.   TXT  "v=spf1 ip4:203.0.113.64/26 ip4:192.0.2.0/24 ~all"',
    *[line.format(n) for n in range(24) for line in (
        'sender{0:02}.test.     MX   10 mx.sender{0:02}.test.',
        'mx.sender{0:02}.test.  A    203.0.113.10',
        'sender{0:02}.test.     TXT  "v=spf1 mx include:_spf.esp.test -all"')],
]) + '\n'

CONFIG = '''\
[server]
hostname = "mx.contoso.test"
data_directory = "{data}"
[[listener]]
address = "127.0.0.1:{plain}"
[[listener]]
address = "127.0.0.1:{proxied}"
proxy_protocol_from = ["127.0.0.0/8"]
[dns]
zone = "zone"
[admin]
address = "127.0.0.1:{admin}"
[log]
level = "warning"
[delivery]
default = "lmtp:127.0.0.1:{lmtp}"
[limits]
idle_time = 600
'''


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def process_table():
    """Process id: (its parent, its ticks of user and system time and those of its children that have
    ended), from /proc/PID/stat; the name of a process may hold blanks."""
    table = {}
    for stat in pathlib.Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = stat.read_text().rpartition(')')[2].split()
        except OSError:
            continue  # It has ended meanwhile.
        table[int(stat.parent.name)] = (int(fields[1]), sum(map(int, fields[11:15])))
    return table


def cpu_seconds(*pids):
    """What each of these processes has used, with all that descend from it."""
    table = process_table()
    used = dict.fromkeys(pids, 0)
    for pid, (_, ticks) in table.items():
        ancestor = pid
        while ancestor in table and ancestor not in used:
            ancestor = table[ancestor][0]
        if ancestor in used:
            used[ancestor] += ticks / TICKS
    return used


def pss_kilobytes(pid):
    """The process's share of memory (proportional set size)."""
    for line in pathlib.Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines():
        if line.startswith('Pss:'):
            return int(line.split()[1])
    raise RuntimeError(f'no Pss for {pid}')


class World:
    """Processes on ports of their own, which end with the `with` block."""
    port_names = ('plain', 'proxied', 'admin', 'lmtp', 'sink')

    def __init__(self, folder):
        self.folder = folder
        self.ports = {name: free_port() for name in self.port_names}
        self.processes = {}

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def build(self):
        (self.folder / 'zone').write_text(ZONE)
        self.start('sink', self.smtp_sink('sink'))
        self.start('lmtp', self.smtp_sink('lmtp', '-L'))
        self.start_postern(CONFIG)
        for line in ('New-Organization -Name Contoso', 'New-AcceptedDomain -Name contoso.test',
                     'New-Recipient ann@contoso.test', 'Set-OrganizationConfig -RejectDirectSend $true'):
            self.cmdlet(line)

    def __exit__(self, *_):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(60)

    def smtp_sink(self, name, *options):
        as_root = ['-u', 'nobody'] if os.geteuid() == 0 else []
        program = shutil.which('smtp-sink', path='/usr/sbin:/usr/bin')
        return [program, *as_root, '-m', '1000', *options, f'127.0.0.1:{self.ports[name]}', '1000']

    def start(self, name, command):
        log = open(self.folder / f'{name}.log', 'wb')
        self.processes[name] = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log)

    def start_postern(self, config):
        (self.folder / 'postern.toml').write_text(config.format(data=self.folder / 'data', **self.ports))
        self.start('posternd', [BIN / 'posternd', '--config', self.folder / 'postern.toml'])
        self.wait_until_healthy()

    def wait_until_healthy(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.processes['posternd'].poll() is None:
            try:
                return urllib.request.urlopen(f'http://127.0.0.1:{self.ports["admin"]}/healthz', timeout=2)
            except OSError:
                time.sleep(0.05)
        raise RuntimeError('posternd did not start:\n' + (self.folder / 'posternd.log').read_text())

    def cmdlet(self, line):
        subprocess.run([BIN / 'postern', '--socket', self.folder / 'data/admin.sock', '-c', line],
                       stdout=subprocess.DEVNULL, check=True)

    def pid(self, name):
        return self.processes[name].pid

    def cpu(self):
        """Name -> seconds that each process has used."""
        used = cpu_seconds(*[process.pid for process in self.processes.values()])
        return {name: used[process.pid] for name, process in self.processes.items()}

    def load(self, port, *options):
        """One run of the load generator: its JSON, and what each process used meanwhile, in cores."""
        before = self.cpu()
        done = subprocess.run([BIN / 'loadgen', '--port', str(self.ports[port]), *options], stdout=subprocess.PIPE, check=True)
        result = json.loads(done.stdout)
        used = {name: seconds - before[name] for name, seconds in self.cpu().items()}
        result['cores'] = {'generator': result['cpu'] / result['wall'],
                           **{name: seconds / result['wall'] for name, seconds in used.items()}}
        result['cpu_per_1000'] = used['posternd'] / max(1, result['count']) * 1000
        return result
