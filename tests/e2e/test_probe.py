"""`postern probe`: what it hears from posternd and from servers that answer as they are told."""
import json
import socket
import subprocess
import threading

import pytest

from hop_server import HopServer
from postern import BIN, own_address

FROM_US = ['--mail-from', 'printer@contoso.com', '--rcpt', 'ann@contoso.com']


def probe(server, *arguments, limit=60):
    return subprocess.run([BIN / 'postern', 'probe', '%s:%d' % server, '--helo', 'probe.example', *arguments],
                          capture_output=True, text=True, timeout=limit)


class ScriptedServer:
    """Sends `banner`, then for each line it hears the reply of the first key that begins it."""

    def __init__(self, replies, banner=b'220 mx ready\r\n'):
        self.replies, self.banner, self.heard = replies, banner, []
        self.listener = socket.create_server((own_address(), 0))
        self.server = self.listener.getsockname()
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.thread.join(30)

    def _serve(self):
        connection, self.client = self.listener.accept()
        connection.settimeout(30)
        with connection, connection.makefile('rb') as lines:
            try:
                connection.sendall(self.banner)
                for line in lines:
                    self.heard.append(line.decode().strip())
                    reply = next((text for begin, text in self.replies.items() if self.heard[-1].startswith(begin)),
                                 b'250 ok\r\n')
                    if reply is None:
                        continue
                    connection.sendall(reply)
            except OSError:
                pass


@pytest.fixture
def switch_off(postern):
    postern.cmdlet('Set-OrganizationConfig -RejectDirectSend $false')
    yield
    postern.cmdlet('Set-OrganizationConfig -RejectDirectSend $true')


def test_a_server_with_the_switch_on_refuses(postern):
    done = probe(postern.smtp, *FROM_US)
    assert done.returncode == 0, done.stderr
    assert 'refuses Direct Send: 550 5.7.68 TenantInboundAttribution' in done.stdout
    assert 'C: STARTTLS\n' in done.stdout and '   TLSv1.3 ' in done.stdout
    assert done.stdout.count('C: EHLO probe.example\n') == 2 and 'C: DATA' not in done.stdout
    assert 'your own domains only' in done.stderr


def test_a_server_with_the_switch_off_accepts_and_gets_no_message(postern, switch_off):
    before = postern.mailbox('ann@contoso.com')
    done = probe(postern.smtp, *FROM_US, '--rcpt', 'nobody@contoso.com', '--no-tls', '--json')
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert found['acceptsDirectSend'] and 'tls' not in found
    assert [one['outcome'] for one in found['recipients']] == ['accepts', 'unknownRecipient']
    assert [step['command'].partition(' ')[0] for step in found['steps']] == ['', 'EHLO', 'MAIL', 'RCPT', 'RCPT', 'RSET', 'QUIT']
    assert postern.mailbox('ann@contoso.com') == before


def test_an_address_that_a_connector_knows_is_let_in(postern):
    source = own_address()
    postern.cmdlet(f'New-InboundConnector -Name Probed -ConnectorType Partner -SenderDomains * -SenderIPAddresses {source} -RequireTls $false')
    try:
        assert probe(postern.smtp, *FROM_US).returncode == 0
        assert probe(postern.smtp, *FROM_US, '--source-address', source).returncode == 1
    finally:
        postern.cmdlet('Remove-InboundConnector Probed -Confirm:$false')


@pytest.mark.parametrize('reply, status, words', [
    ('550 5.7.51 TenantInboundAttribution; There is a partner connector', 0, 'is locked down: 550 5.7.51'),
    ('550 5.4.1 Recipient address rejected: Access denied', 2, 'knows no such recipient: 550 5.4.1'),
    ('450 4.2.0 Greylisted', 2, 'puts off (greylisted or temporary trouble): 450 4.2.0'),
    ('550 5.7.1 Blocked', 2, 'refuses for another reason: 550 5.7.1 Blocked'),
])
def test_each_reply_is_told_in_words(reply, status, words):
    with HopServer('smtp') as hop:
        hop.at_rcpt['ann@contoso.com'] = reply
        done = probe((hop.address, hop.port), *FROM_US)
        assert (done.returncode, hop.transactions, hop.delivered) == (status, 1, [])
        assert words in done.stdout


def test_a_server_that_says_nothing_ends_at_the_time_limit():
    with ScriptedServer({'EHLO': None}) as mx:
        done = probe(mx.server, *FROM_US, '--timeout', '1')
    assert done.returncode == 2 and 'The server did not answer in time.' in done.stdout
    assert mx.heard == ['EHLO probe.example']


def test_a_server_without_end_is_left():
    with ScriptedServer({'EHLO': b'250-x\r\n' * 100_000}) as mx:
        done = probe(mx.server, *FROM_US)
    assert done.returncode == 2 and 'no SMTP reply' in done.stdout


def test_no_connection_is_status_2():
    with socket.socket() as closed:
        closed.bind((own_address(), 0))
        done = probe(closed.getsockname(), *FROM_US)
    assert done.returncode == 2 and 'Cannot connect to ' in done.stdout


@pytest.mark.parametrize('arguments, words', [
    (['mx:99999', *FROM_US], 'mx:99999 is no server such as'),
    (['127.0.0.1', '--mail-from', 'nobody', '--rcpt', 'ann@contoso.com'], '--mail-from: nobody is no address'),
    (['127.0.0.1', '--mail-from', 'a@contoso.com', '--rcpt', 'x y'], '--rcpt: x y is no address'),
    (['127.0.0.1', *FROM_US, '--helo', 'a b'], '--helo: a b cannot stand in EHLO'),
    (['127.0.0.1', *FROM_US, '--source-address', 'here'], '--source-address: here is no IP address'),
    (['127.0.0.1', *FROM_US, '--timeout', '0'], '--timeout'),
    (['127.0.0.1', '--mail-from', 'a@contoso.com'], '--rcpt is required'),
])
def test_wrong_input_is_status_2_and_nobody_is_asked(arguments, words):
    done = subprocess.run([BIN / 'postern', 'probe', *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and words in done.stderr and done.stdout == ''
