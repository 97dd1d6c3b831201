"""A small DNSSEC world: zones signed with ldnsutils, from the root down, and NSD that serves them.

    dns = SignedDns(folder)
    dns.zone('secure.test', 'www A 192.0.2.1\\n')               # signed; its DS is in the zone above
    dns.zone('plain.test', 'www A 192.0.2.2\\n', signed=False)  # and the zone above proves that it may be
    dns.zone('stripped.test', …, spoil=unsigned)               # as somebody on the way would have it
    with dns:
        … [dns] servers = [dns.endpoint], trust_anchor = dns.trust_anchor …

Children are told before their parents; leaving out `test` and the root is allowed, they are made at
the start. Everything is in `folder`, and no name outside of it is ever asked for.
"""
import re
import shutil
import socket
import subprocess

import pytest

from postern import ZONE, free_port, own_address
from waiting import wait_until

PATH = '/usr/sbin:/usr/bin'
needs_signed_dns = pytest.mark.skipif(not shutil.which('nsd', path=PATH) or not shutil.which('ldns-signzone', path=PATH),
                                      reason='needs the packages nsd and ldnsutils')

NSD_CONF = '''\
server:
  ip-address: {address}@{port}
  username: ""
  chroot: ""
  database: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/nsd.pid"
  zonelistfile: "{folder}/nsd.zonelist"
  xfrdfile: "{folder}/nsd.xfrd"
  logfile: "{folder}/nsd.log"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
'''
HEAD = '''\
$ORIGIN {origin}
$TTL 300
@ SOA ns.test. hostmaster.test. 1 3600 600 86400 60
@ NS ns.test.
'''


def unsigned(text):
    """The signed zone without anything of DNSSEC, although the zone above says that there is."""
    return '\n'.join(line for line in text.splitlines() if not re.search(r'\sIN\s+(RRSIG|NSEC|DNSKEY)\s', line)) + '\n'


class SignedDns:
    def __init__(self, folder):
        self.folder, self.zones, self.process = folder, {}, None
        self.above = {'test': '', '': ''}  # What belongs into the zones above, beside ZONE.
        self.address = own_address()
        self.port = free_port(self.address)
        self.endpoint = f'{self.address}:{self.port}'
        self.trust_anchor = folder / 'root.ds'

    def zone(self, name, records, signed=True, spoil=None, dates=None):
        """`spoil` changes the signed text; `dates`: inception and expiration, YYYYMMDD."""
        text = HEAD.format(origin=f'{name}.') + records
        ds = ''
        if signed:
            text, ds = self.sign(name, text, dates)
        self.zones[name] = spoil(text) if spoil else text
        if name:
            self.above['test' if name.endswith('.test') else ''] += f'{name}. NS ns.test.\n{ds}'
        return ds

    def sign(self, name, text, dates=None):
        """The signed text, and the DS record."""
        file = self.folder / f'{name or "root"}.unsigned'
        file.write_text(text)
        key = self.run('ldns-keygen', '-a', 'ECDSAP256SHA256', '-k', '-r', '/dev/urandom', f'{name}.').strip()
        between = ['-i', dates[0], '-e', dates[1]] if dates else []
        self.run('ldns-signzone', *between, '-o', f'{name}.', '-f', f'{file}.signed', file, key)
        return (self.folder / f'{file}.signed').read_text(), (self.folder / f'{key}.ds').read_text()

    def run(self, *command):
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def __enter__(self):
        names = [line for line in ZONE.splitlines() if line]
        under_test = [line for line in names if line.split()[0].endswith('.test.')]
        nameserver = f'ns.test. A {self.address}\n'
        self.zone('test', nameserver + '\n'.join(under_test) + '\n' + self.above['test'])
        others = [line for line in names if line not in under_test]
        self.trust_anchor.write_text(self.zone('', nameserver + '\n'.join(others) + '\n' + self.above['']))
        config = NSD_CONF.format(folder=self.folder, address=self.address, port=self.port)
        for name, text in self.zones.items():
            (self.folder / f'{name or "root"}.zone').write_text(text)
            config += f'zone:\n  name: "{name}."\n  zonefile: "{name or "root"}.zone"\n'
        (self.folder / 'nsd.conf').write_text(config)
        self.process = subprocess.Popen([shutil.which('nsd', path=PATH), '-d', '-c', self.folder / 'nsd.conf'],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: self.listens() or self.process.poll() is not None, 'NSD to start')
        assert self.process.poll() is None, self.log()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def listens(self):
        try:
            socket.create_connection((self.address, self.port), timeout=5).close()
            return True
        except OSError:
            return False

    def log(self):
        file = self.folder / 'nsd.log'
        return file.read_text() if file.exists() else 'no log'
