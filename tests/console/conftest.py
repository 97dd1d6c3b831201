"""The console's tests: a posternd with traffic of its own, made in Python as for tests/e2e, and a headless
Chromium that Node.js drives (*.test.mjs). Each test file has a daemon for itself, so that it may change
what it likes."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'e2e'))

from certificates import Certificates  # noqa: E402
from postern import BIN, ZONE, Postern  # noqa: E402
from smtp_session import SmtpSession, message  # noqa: E402

CHROMIUM = os.environ.get('CHROMIUM', '/usr/bin/chromium')
RECORDS = '''\
_dmarc.quar.test.          TXT "v=DMARC1; p=quarantine"
7.100.51.198.in-addr.arpa. PTR printer.contoso.com.
printer.contoso.com.       A   198.51.100.7
'''
# The printer is in the SPF record, the scanner was forgotten.
WORLD = ZONE.replace('ip4:203.0.113.10 -all', 'ip4:203.0.113.10 ip4:198.51.100.7 -all') + RECORDS
PRINTER, SCANNER, ATTACKER, BANK = '198.51.100.7', '198.51.100.20', '192.0.2.66', '203.0.113.9'


def pytest_sessionstart():
    missing = [str(path) for path in (BIN / 'posternd', BIN / 'postern', HERE / 'node_modules/playwright-core',
                                      pathlib.Path(CHROMIUM)) if not path.exists()]
    if missing:
        pytest.exit(f'missing: {", ".join(missing)}. `make console` builds and installs what is needed.', returncode=2)


@pytest.fixture(scope='session')
def certificates():
    folder = pathlib.Path(tempfile.mkdtemp(prefix='postern-'))
    yield Certificates(folder)
    shutil.rmtree(folder, ignore_errors=True)


def send(postern, client, reverse_path, recipient='ann@contoso.com', author=None, subject='Scan', body='Hello.\n'):
    with SmtpSession(postern.proxied, proxy=client) as session:
        session.ehlo('client.example')
        session.mail(reverse_path)
        if session.rcpt(recipient).code == 250:
            session.data(message(author or reverse_path, subject, body=body))


def make_world(postern):
    postern.cmdlets('New-Organization -Name Contoso', 'New-AcceptedDomain -Name contoso.com',
                    'New-Recipient ann@contoso.com', 'New-Recipient bob@contoso.com',
                    'New-InboundConnector -Name Payroll -ConnectorType Partner -SenderDomains * '
                    '-SenderIPAddresses 192.0.2.16/28 -RequireTls $false',
                    'New-InboundConnector -Name Wide -ConnectorType Partner -SenderDomains * '
                    '-SenderIPAddresses 100.64.0.0/16 -RequireTls $false -Force')
    for number in range(4):
        send(postern, PRINTER, 'printer@contoso.com', subject=f'Scan {number}')
        send(postern, SCANNER, 'scanner@contoso.com', 'bob@contoso.com', subject=f'Page {number}')
    for name in ('ann', 'bob'):
        send(postern, ATTACKER, f'{name}@contoso.com', f'{name}@contoso.com', subject='Missed call <script>alert(1)</script>')
    send(postern, '192.0.2.17', 'payroll@contoso.com', subject='Payslip')
    send(postern, BANK, 'bob@bank.test', subject='Your account')
    send(postern, BANK, 'bob@bank.test', author='Chief <ceo@quar.test>', subject='Invoice 4711',
         body='<b>Pay now</b> & quickly: http://pay.example/<script>alert(1)</script>\n')
    send(postern, BANK, 'bob@bank.test', author='Chief <ceo@quar.test>', subject='Invoice 4712', body='Pay again.\n')
    postern.trace('', rows=12)


@pytest.fixture
def postern(certificates):
    """A daemon with traffic."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix='postern-'))
    folder.chmod(0o755)
    try:
        with Postern(folder, certificates, zone=WORLD) as postern:
            make_world(postern)
            yield postern
    finally:
        if not os.environ.get('POSTERN_KEEP'):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def run_node(postern):
    """Runs one *.test.mjs against the daemon; what it prints is the message of a failure."""

    def token(name, role, more=''):
        return postern.objects(f'New-ApiToken {name} -Role {role} {more}')[0]['Token']

    def run(name):
        world = {
            'url': 'http://%s:%d' % postern.admin,
            'smtp': {'host': postern.proxied[0], 'port': postern.proxied[1]},
            'data': str(postern.data),
            'chromium': CHROMIUM,
            'tokens': {'administrator': postern.token(), 'operator': token('Olga', 'operator'),
                       'viewer': token('Viktor', 'viewer'),
                       'one': token('Una', 'administrator', '-Organization Contoso')},
        }
        done = subprocess.run(['node', '--test', HERE / name], env={**os.environ, 'POSTERN_WORLD': json.dumps(world)},
                              capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f'{done.stdout[-12000:]}\n{done.stderr[-3000:]}'

    return run
