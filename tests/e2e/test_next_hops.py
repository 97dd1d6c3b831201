"""Next hops: several servers with failover, MX records, TLS policies up to DANE, the breaker, and
telling the hop whom we speak for, with real Postfix as the hop where it matters."""
import re
import socket
import threading

import pytest

from certificates import spki_digest
from conftest import temporary_folder
from hop_server import HopServer
from postern import ZONE, CmdletError, own_address
from postfix import Postfix, needs_root
from smtp_session import SmtpSession, message
from waiting import wait_until

EXT = '203.0.113.9'
ANN = 'ann@contoso.com'


class Silent:
    """Takes connections and never speaks."""

    def __init__(self):
        self.listener = socket.create_server((own_address(), 0))
        self.url = 'smtp:%s:%d' % self.listener.getsockname()
        self.connections = []

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        for closing in [self.listener, *self.connections]:
            closing.close()

    def _accept(self):
        while True:
            try:
                self.connections.append(self.listener.accept()[0])
            except OSError:
                return


@pytest.fixture
def smtp():
    with HopServer('smtp') as hop:
        yield hop


def use(postern, hop, domain='contoso.com'):
    postern.cmdlet(f'Set-AcceptedDomain {domain} -NextHop "{hop}"')


def send(postern, recipient=ANN, subject='hello', client=EXT):
    """The reply to RCPT if it is a refusal, else that to the final dot."""
    with SmtpSession(postern.proxied, proxy=client) as session:
        session.ehlo()
        session.mail('bob@bank.test')
        reply = session.rcpt(recipient)
        return session.data(message('bob@bank.test', subject)) if reply.code == 250 else reply


def errors(postern, event='hop_failed'):
    return ' '.join(line['error'] for line in postern.log(event))


def expect_error(postern, *whys):
    """The log is written beside the mail: it may come a moment after the reply."""
    for why in whys:
        wait_until(lambda: why in errors(postern), lambda: f'{why!r} in the log: {errors(postern)}')


# ---------------------------------------------------------------------- several servers


def test_the_second_server_takes_the_mail_when_the_first_is_down(new_postern, smtp):
    postern = new_postern()
    with HopServer('smtp') as first:
        use(postern, f'{first.url},{smtp.url}')
        assert send(postern).code == 250
        assert (first.copies(ANN), smtp.copies(ANN)) == (1, 0)
    # Gone with all its connections.
    wait_until(lambda: send(postern).code == 250 and smtp.copies(ANN), 'the second server to get mail')
    assert postern.metric('postern_hop_failovers_total') >= 1
    (line, *_) = postern.logged('hop_failover')
    assert first.address in line['error'] and smtp.address in line['instead']
    (row, *_) = postern.trace(f'-RecipientAddress {ANN}', rows=2)
    assert row['NextHop'] == f'{first.url},{smtp.url}'


def test_a_wrong_next_hop_is_refused_with_what_is_wrong(postern):
    for hop, sentence in (('smtp:a.test:25?tls=yes', 'tls is none, opportunistic, required, verify or dane'),
                          ('smtp:a.test:25,maildir:x', 'another smtp:host:port'),
                          ('smtp:mx:', 'no domain whose MX'),
                          ('smtp:a.test:25?xclient=yes&proxy=v2', 'choose one of them')):
        with pytest.raises(CmdletError, match=re.escape(sentence)):
            use(postern, hop)


def test_mx_records(new_postern, smtp):
    away, port = own_address(), smtp.port
    zone = ZONE + (f'inside.test. MX 10 away.inside.test.\ninside.test. MX 20 here.inside.test.\n'
                   f'away.inside.test. A {away}\nhere.inside.test. A {smtp.address}\n'
                   f'nomx.test. A {smtp.address}\nnull.test. MX 0 .\n'
                   f'circle.test. MX 10 mx.contoso.test.\n')
    postern = new_postern(zone=zone)
    for domain in ('inside.test', 'nomx.test'):
        use(postern, f'smtp:mx:{domain}:{port}')
        assert send(postern).code == 250
    assert smtp.copies(ANN) == 2
    for domain, why in (('null.test', 'takes no mail'), ('circle.test', 'mail would go in a circle'),
                        ('nowhere.test', 'does not exist')):
        use(postern, f'smtp:mx:{domain}:{port}')
        reply = send(postern)
        assert reply.line.startswith('451 4.4.1 '), reply
        expect_error(postern, why)


# ---------------------------------------------------------------------- the breaker


def test_a_hop_that_never_speaks_costs_its_own_mail_a_moment_and_others_nothing(new_postern, smtp):
    postern = new_postern(limits={'hop_connect_time': 1, 'hop_failures': 3, 'hop_rest': 3600})
    postern.cmdlets('New-AcceptedDomain other.test', 'New-Recipient eve@other.test')
    use(postern, smtp.url, 'other.test')
    with Silent() as silent:
        use(postern, silent.url)
        for _ in range(3):
            assert send(postern).line.startswith('451 4.4.1 The next hop cannot be reached')
        (line,) = postern.logged('hop_open')
        assert line['next_hop'] == silent.url and 'did not answer in time' in line['error']
        connections = len(silent.connections)
        for _ in range(20):
            assert send(postern).line.startswith('451 4.4.1 The next hop has been out of order')
            assert send(postern, 'eve@other.test').code == 250
        assert len(silent.connections) == connections == 3
        assert postern.metric('postern_hop_left_alone_total') == 20
        assert postern.metric('postern_hop_state', hop=silent.url) == 2
        assert postern.metric('postern_hops_open') == 1
        expect_error(postern, 'is left alone for', '3 failures')


def test_others_do_not_wait_while_a_hop_is_silent(new_postern, smtp):
    postern = new_postern(limits={'hop_connect_time': 20, 'hop_failures': 100})
    postern.cmdlets('New-AcceptedDomain other.test', 'New-Recipient eve@other.test')
    use(postern, smtp.url, 'other.test')
    with Silent() as silent:
        use(postern, silent.url)
        sessions = []
        for _ in range(30):
            session = SmtpSession(postern.proxied, proxy=EXT)
            sessions.append(session)
            session.ehlo()
            session.mail('bob@bank.test')
            session.send(f'RCPT TO:<{ANN}>\r\n'.encode())
        wait_until(lambda: len(silent.connections) >= 25, 'the silent hop to have connections')
        assert send(postern, 'eve@other.test').code == 250
        for session in sessions:
            session.close()


def test_a_hop_that_comes_back_is_found_by_one_message(new_postern):
    postern = new_postern(limits={'hop_failures': 1, 'hop_rest': 1})
    with HopServer('smtp') as hop:
        use(postern, hop.url)
        hop.die_at = 'banner'
        assert send(postern).code == 451
        assert postern.metric('postern_hops_open') == 1
        wait_until(lambda: send(postern).code == 250, 'the hop to be tried again')
        assert postern.metric('postern_hops_open') == 0
        postern.logged('hop_closed')


# ---------------------------------------------------------------------- TLS


@pytest.fixture
def tls_postfix(certificates):
    """A Postfix as the hop, whose certificate is for mx.contoso.test."""
    with temporary_folder() as folder, \
            Postfix(folder, mailboxes=[ANN], smtpd_tls_security_level='may', smtpd_tls_loglevel='1',
                    smtpd_tls_received_header='yes', smtpd_tls_cert_file=certificates.server.certificate,
                    smtpd_tls_key_file=certificates.server.key) as postfix:
        yield postfix


def newest(postfix, count):
    wait_until(lambda: len(postfix.mailbox(ANN)) == count, postfix.log)
    return max(postfix.mailbox(ANN), key=lambda path: path.stat().st_mtime_ns).read_text()


@needs_root
def test_tls_policies_with_postfix(new_postern, certificates, tls_postfix):
    postern = new_postern(delivery={'tls_ca': certificates.trust_anchors})
    hop = 'smtp:%s:%d' % tls_postfix.smtp
    for count, (options, encrypted) in enumerate((
            ('', False), ('?tls=none', False), ('?tls=opportunistic', True), ('?tls=required', True),
            ('?tls=verify&name=mx.contoso.test', True)), 1):
        use(postern, hop + options)
        assert send(postern).code == 250, (options, postern.log_text())
        received = newest(tls_postfix, count).split('Received:')[1]
        assert ('with ESMTPS' in received) == encrypted, options
    for options, why in (('?tls=verify&name=mx.fabrikam.test', 'ostname mismatch'),
                         ('?tls=verify', 'IP address mismatch')):
        use(postern, hop + options)
        assert send(postern).line.startswith('451 4.4.1 ')
        expect_error(postern, why)
    assert len(tls_postfix.mailbox(ANN)) == 5


@needs_root
def test_an_authority_that_is_not_trusted(new_postern, tls_postfix):
    postern = new_postern()  # The system's authorities do not know the tests' root.
    use(postern, 'smtp:%s:%d?tls=verify&name=mx.contoso.test' % tls_postfix.smtp)
    assert send(postern).code == 451
    expect_error(postern, 'certificate verify failed')
    use(postern, 'smtp:%s:%d?tls=required' % tls_postfix.smtp)
    assert send(postern).code == 250


def test_stripped_starttls_is_451_and_nothing_goes_in_clear(postern, smtp):
    for policy in ('required', 'verify'):
        for extensions in ([], ['STARTTLS']):  # Taken out on the way; answered with 500.
            smtp.extensions = ['PIPELINING', *extensions]
            use(postern, f'{smtp.url}?tls={policy}')
            assert send(postern).line.startswith('451 4.4.1 ')
    assert smtp.transactions == 0
    expect_error(postern, 'does not offer STARTTLS', 'answered STARTTLS with 500')
    postern.cmdlet('Set-AcceptedDomain contoso.com -NextHop $null')


@needs_root
def test_dane(new_postern, certificates, tls_postfix):
    address, port = tls_postfix.smtp
    right, wrong = spki_digest(certificates.server.certificate), spki_digest(certificates.other_server.certificate)
    zone = ZONE + ''.join(
        f'{name}.test. MX 10 host.{name}.test.\nhost.{name}.test. A {address}\n{secure}'
        f'_{port}._tcp.host.{name}.test. TLSA {usage} 1 1 {digest}\n'
        for name, secure, usage, digest in (
            ('right', 'right.test. SECURE\n', 3, right), ('wrong', 'wrong.test. SECURE\n', 3, wrong),
            ('unsigned', '', 3, right), ('pkix', 'pkix.test. SECURE\n', 1, right)))
    zone += f'none.test. SECURE\nhost.none.test. A {address}\n'
    postern = new_postern(zone=zone)
    for count, hop in enumerate((f'smtp:mx:right.test:{port}?tls=dane', f'smtp:host.right.test:{port}?tls=dane'), 1):
        use(postern, hop)
        assert send(postern).code == 250, postern.log_text()
        assert 'with ESMTPS' in newest(tls_postfix, count).split('Received:')[1]
    for name, why in (('wrong', 'no matching DANE TLSA records'), ('unsigned', 'not secured by DNSSEC'),
                      ('pkix', 'no TLSA record that could be used'), ('none', 'has no TLSA record')):
        use(postern, f'smtp:host.{name}.test:{port}?tls=dane')
        assert send(postern).line.startswith('451 4.4.1 '), name
        expect_error(postern, why)
    assert len(tls_postfix.mailbox(ANN)) == 2


# ---------------------------------------------------------------------- whom we speak for


@needs_root
def test_postfix_sees_the_true_client_by_xclient(postern):
    with temporary_folder() as folder, \
            Postfix(folder, mailboxes=[ANN], smtpd_authorized_xclient_hosts='127.0.0.0/8', inet_protocols='all') as postfix:
        use(postern, 'smtp:%s:%d?xclient=yes' % postfix.smtp)
        try:
            for count, client in enumerate((EXT, EXT, '2001:db8:25::25'), 1):
                assert send(postern, client=client).code == 250, errors(postern)
                received = newest(postfix, count).split('Received:')[1]
                shown = f'IPv6:{client}' if ':' in client else client
                assert f'[{shown}]' in received and 'from client.example (' in received, received
        finally:
            postern.cmdlet('Set-AcceptedDomain contoso.com -NextHop $null')


@needs_root
def test_postfix_that_does_not_let_us_say_xclient(postern):
    with temporary_folder() as folder, Postfix(folder, mailboxes=[ANN]) as postfix:
        use(postern, 'smtp:%s:%d?xclient=yes' % postfix.smtp)
        try:
            assert send(postern).line.startswith('451 4.4.1 ')
            expect_error(postern, 'does not offer XCLIENT')
        finally:
            postern.cmdlet('Set-AcceptedDomain contoso.com -NextHop $null')


@needs_root
@pytest.mark.parametrize('version', ['v1', 'v2'])
def test_postfix_sees_the_true_client_by_the_proxy_protocol(postern, version):
    with temporary_folder() as folder, \
            Postfix(folder, mailboxes=[ANN], smtpd_upstream_proxy_protocol='haproxy', inet_protocols='all') as postfix:
        use(postern, 'smtp:%s:%d?proxy=%s' % (*postfix.smtp, version))
        try:
            for count, client in enumerate((EXT, '203.0.113.77', '2001:db8:25::25'), 1):
                assert send(postern, client=client).code == 250, errors(postern)
                assert f'[{"IPv6:" if ":" in client else ""}{client}]' in newest(postfix, count).split('Received:')[1]
        finally:
            postern.cmdlet('Set-AcceptedDomain contoso.com -NextHop $null')
