"""Own servers send to other domains: through a Postfix as smart host, with swaks as the printer and
as the service with a certificate; and what is passed on to a relay or refused (DSN, SIZE,
SMTPUTF8, REQUIRETLS). Who may relay at all is in test_relay_matrix.py.
"""
import subprocess

import pytest

from conftest import CONTOSO, temporary_folder
from hop_server import HopServer
from postern import CmdletError, Postern
from postfix import Postfix, needs_root
from replies import RELAY
from smtp_session import SmtpSession, message, tls_session
from waiting import wait_until

PRINTER = '127.0.0.40'
CONNECTORS = [
    f'New-InboundConnector Printers -ConnectorType OnPremises -SenderDomains * -SenderIPAddresses {PRINTER}',
    'New-InboundConnector Servers -ConnectorType OnPremises -SenderDomains * -TlsSenderCertificateName mail.contoso.com',
]
NO_RELAY = RELAY + ', since this server has no relay for mail to other domains'


@pytest.fixture(scope='module')
def smart_host(certificates):
    with temporary_folder() as folder, \
            Postfix(folder, mailboxes=['user@gmail.test', 'printer@contoso.com', 'app@contoso.com'], message_size_limit=20000,
                    smtpd_tls_security_level='may', smtpd_tls_cert_file=certificates.server.certificate,
                    smtpd_tls_key_file=certificates.server.key, smtputf8_enable='no') as postfix:
        yield postfix


@pytest.fixture(scope='module')
def verified(smart_host):
    return 'smtp:%s:%d?tls=verify&name=mx.contoso.test' % smart_host.smtp


@pytest.fixture(scope='module')
def postern(certificates, verified):
    with temporary_folder() as folder, \
            Postern(folder, certificates, delivery={'relay': verified, 'tls_ca': certificates.trust_anchors}) as postern:
        postern.cmdlets(*CONTOSO, *CONNECTORS)
        yield postern


@pytest.fixture
def through(postern):
    """Contoso's own relay for the time of the test."""
    def use(hop):
        postern.cmdlet(f"Set-OrganizationConfig -RelayNextHop '{hop if isinstance(hop, str) else hop.url}'")
        return postern

    yield use
    postern.cmdlet('Set-OrganizationConfig -RelayNextHop $null')


def swaks(postern, *arguments):
    return subprocess.run(['swaks', '--server', postern.smtp[0], '--port', str(postern.smtp[1]), '--helo', 'printer.contoso.com',
                           '--timeout', '20', *map(str, arguments)], capture_output=True, text=True, timeout=60)


def printer(postern):
    session = SmtpSession(postern.smtp, source=PRINTER)
    session.greeting = session.ehlo()
    return session


def with_certificate(postern, pair):
    return tls_session(postern.smtp, pair)


def arrived(files, subject):
    return [path for path in files if f'\nSubject: {subject}\n'.encode() in path.read_bytes().replace(b'\r\n', b'\n')]


@needs_root
def test_a_printer_by_address_writes_inside_and_outside_at_once(postern, smart_host):
    done = swaks(postern, '--local-interface', PRINTER, '--from', 'printer@contoso.com',
                 '--to', 'ann@contoso.com,user@gmail.test', '--h-Subject', 'a scan')
    assert done.returncode == 0, done.stdout
    assert len(arrived(postern.mailbox('ann@contoso.com'), 'a scan')) == 1
    (file,) = wait_until(lambda: arrived(smart_host.mailbox('user@gmail.test'), 'a scan'), smart_host.log)
    # By TLS, as tls=verify wants it.
    assert ' with ESMTPS ' in file.read_text()
    rows = postern.trace('-Subject "a scan"', 2)
    assert {row['RecipientAddress']: (row['Direction'], row['Status'], row['Connector']) for row in rows} == {
        'ann@contoso.com': ('Originating', 'Delivered', 'Printers'),
        'user@gmail.test': ('Originating', 'Delivered', 'Printers')}
    assert postern.metric('postern_relayed_recipients_total') >= 1


@needs_root
def test_a_service_by_certificate(postern, smart_host, certificates):
    certificate, key = certificates.of_contoso
    done = swaks(postern, '--from', 'app@contoso.com', '--to', 'user@gmail.test', '--tls', '--tls-cert', certificate,
                 '--tls-key', key, '--h-Subject', 'an invoice')
    assert done.returncode == 0, done.stdout
    assert wait_until(lambda: arrived(smart_host.mailbox('user@gmail.test'), 'an invoice'), smart_host.log)


@needs_root
def test_row_34_without_the_intermediate_it_is_nobody(postern, certificates):
    pair = certificates.issue('contoso-chained', '/CN=mail.contoso.com', certificates.intermediate)
    done = swaks(postern, '--from', 'app@contoso.com', '--to', 'user@gmail.test', '--tls', '--tls-cert', pair.certificate,
                 '--tls-key', pair.key)
    assert done.returncode == 24 and f'<~* {RELAY} [mx.contoso.test ' in done.stdout, done.stdout


@needs_root
def test_the_smart_host_refuses_at_our_rcpt(postern):
    with printer(postern) as session:
        session.mail('printer@contoso.com')
        assert session.rcpt('nobody@gmail.test').line.startswith('550 5.1.1 <nobody@gmail.test>')


def test_another_organization_here_is_not_outside(through):
    """Its mail comes in there like any other, in a transaction of its own, and never by the relay."""
    with HopServer('smtp') as hop:
        postern = through(hop)
        postern.cmdlets('New-Organization Fabrikam', 'New-AcceptedDomain fabrikam.com -Organization Fabrikam',
                        'New-Recipient kim@fabrikam.com -Organization Fabrikam')
        try:
            with printer(postern) as session:
                session.mail('printer@contoso.com')
                assert session.rcpt('user@gmail.test').code == 250
                assert session.rcpt('kim@fabrikam.com').line.startswith('452 4.5.3 ')
                assert session.rcpt('ann@contoso.com').code == 250
                assert session.data(message(subject='two worlds')).code == 250
                session.mail('printer@contoso.com')
                assert session.rcpt('kim@fabrikam.com').code == 250
                assert session.rcpt('user@gmail.test').line.startswith('452 4.5.3 ')
                assert session.data(message(subject='next door')).code == 250
            assert [path for path, _ in hop.delivered] == ['user@gmail.test']
            assert len(arrived(postern.mailbox('kim@fabrikam.com'), 'next door')) == 1
        finally:
            postern.cmdlet('Remove-Organization Fabrikam')


def test_without_a_relay_it_is_refused_and_says_so(new_postern):
    postern = new_postern()
    postern.cmdlets(*CONNECTORS)
    with printer(postern) as session:
        assert 'DSN' not in session.greeting.lines
        session.mail('printer@contoso.com')
        assert session.rcpt('user@gmail.test').sentence == NO_RELAY
        assert session.rcpt('ann@contoso.com').code == 250
    (row,) = postern.trace('-RecipientAddress user@gmail.test')
    assert row['Reason'] == ['NoRelay'] and row['Connector'] == 'Printers'
    with HopServer('smtp') as hop:
        postern.cmdlet(f'Set-OrganizationConfig -RelayNextHop {hop.url}')
        (config,) = postern.objects('Get-OrganizationConfig')
        assert config['RelayNextHop'] == hop.url
        with printer(postern) as session:
            session.mail('printer@contoso.com')
            assert session.rcpt('user@gmail.test').code == 250
            assert session.data(message(subject='own relay')).code == 250
        assert hop.copies('user@gmail.test') == 1


@pytest.mark.parametrize('hop', ['maildir:mail/%u', 'smtp:', 'smtp:a.test:25?tls=yes', 'a.test'])
def test_a_relay_that_is_none_is_refused(postern, hop):
    with pytest.raises(CmdletError) as error:
        postern.cmdlet(f"Set-OrganizationConfig -RelayNextHop '{hop}'")
    assert 'RelayNextHop: ' in str(error.value)
    assert postern.objects('Get-OrganizationConfig')[0]['RelayNextHop'] == ''


@needs_root
def test_tls_that_does_not_verify_sends_nothing(through, smart_host):
    postern = through('smtp:%s:%d?tls=verify&name=smarthost.bank.test' % smart_host.smtp)
    with printer(postern) as session:
        session.mail('printer@contoso.com')
        reply = session.rcpt('user@gmail.test')
        assert reply.line.startswith('451 4.4.1 '), reply.line


# ---------------------------------------------------------------------- recipients that end differently

def send(postern, content, recipients):
    with printer(postern) as session:
        session.mail('printer@contoso.com')
        for recipient in recipients:
            assert session.rcpt(recipient).code == 250
        return session.data(content)


def test_who_has_it_gets_it_once_while_the_relay_is_not_ready(through):
    with HopServer('smtp') as hop:
        postern = through(hop)
        content = message(subject='relay deferred')
        hop.after_dot['user@gmail.test'] = '451 4.3.0 not now'
        for _ in range(3):
            assert send(postern, content, ['ann@contoso.com', 'user@gmail.test']).code == 451
        hop.after_dot.clear()
        assert send(postern, content, ['ann@contoso.com', 'user@gmail.test']).code == 250
        assert hop.copies('user@gmail.test') == 1
        assert len(arrived(postern.mailbox('ann@contoso.com'), 'relay deferred')) == 1


@needs_root
def test_refused_inside_beside_delivered_outside(postern, smart_host):
    """The sender is told by a notification, which goes by the relay."""
    with HopServer('lmtp') as lmtp:
        postern.cmdlet(f'Set-AcceptedDomain contoso.com -NextHop {lmtp.url}')
        try:
            lmtp.after_dot['ann@contoso.com'] = '550 5.2.1 Mailbox disabled'
            reply = send(postern, message(subject='half way'), ['ann@contoso.com', 'user@gmail.test'])
            assert reply.code == 250, reply.line
            wait_until(lambda: arrived(smart_host.mailbox('user@gmail.test'), 'half way'), smart_host.log)
            subject = 'Undelivered mail: some recipients were refused'
            (dsn,) = wait_until(lambda: arrived(smart_host.mailbox('printer@contoso.com'), subject), smart_host.log)
            text = dsn.read_text()
            assert 'Final-Recipient: rfc822; ann@contoso.com\nAction: failed\nStatus: 5.2.1\n' in text
            assert text.startswith('Return-Path: <>\n')
        finally:
            postern.cmdlet('Set-AcceptedDomain contoso.com -NextHop $null')


def test_a_relay_that_is_away(through):
    with HopServer('smtp') as hop:
        postern = through(hop)
    with printer(postern) as session:
        session.mail('printer@contoso.com')
        assert session.rcpt('user@gmail.test').line.startswith('451 4.4.1 ')
        assert session.rcpt('ann@contoso.com').code == 250


# ---------------------------------------------------------------------- extensions

def test_dsn_is_offered_to_own_servers_only(postern, certificates):
    with SmtpSession(postern.smtp) as stranger:
        assert 'DSN' not in stranger.ehlo().lines
        assert stranger.mail('bob@bank.test', ' RET=HDRS').line.startswith('555 5.5.4 ')
        stranger.mail('bob@bank.test')
        assert stranger.rcpt('ann@contoso.com', ' NOTIFY=NEVER').line.startswith('555 5.5.4 ')
    with printer(postern) as session:
        assert 'DSN' in session.greeting.lines
        # It was no own server after all: by address a foreign sender is anybody.
        session.mail('bob@bank.test')
        assert session.rcpt('ann@contoso.com', ' NOTIFY=SUCCESS').line.startswith('555 5.5.4 ')
        assert session.rcpt('ann@contoso.com', ' NOTIFY=FAILURE ORCPT=rfc822;ann@contoso.com').code == 250
    with with_certificate(postern, certificates.of_contoso) as session:
        assert 'DSN' in session.greeting.lines
    with with_certificate(postern, certificates.of_stranger) as session:
        assert 'DSN' not in session.greeting.lines


@needs_root
def test_success_is_told_by_the_smart_host_and_by_us(postern, smart_host):
    with printer(postern) as session:
        session.mail('app@contoso.com', ' RET=HDRS ENVID=QQ314+2B15')
        assert session.rcpt('user@gmail.test', ' NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;u+2Bser@gmail.test').code == 250
        assert session.rcpt('ann@contoso.com', ' NOTIFY=SUCCESS ORCPT=rfc822;a+2Bnn@contoso.com').code == 250
        assert session.rcpt('bob@contoso.com', ' NOTIFY=FAILURE').code == 250
        assert session.data(message(subject='tell me')).code == 250
    found = wait_until(lambda: len(files := smart_host.mailbox('app@contoso.com')) == 2 and files, smart_host.log)
    texts = [file.read_text() for file in found]
    (ours,) = [text for text in texts if 'Reporting-MTA: dns; mx.contoso.test' in text]
    (theirs,) = [text for text in texts if text != ours]
    assert 'Original-Envelope-Id: QQ314+15\n' in ours and 'Original-Envelope-Id: QQ314+15\n' in theirs
    assert 'Original-Recipient: rfc822; a+nn@contoso.com\nFinal-Recipient: rfc822; ann@contoso.com\nAction: delivered\n' in ours
    assert 'bob@contoso.com' not in ours and 'gmail' not in ours.split('message/delivery-status')[1].split('--=_')[0]
    assert 'Original-Recipient: rfc822;u+ser@gmail.test' in theirs and 'Action: delivered' in theirs


def test_parameters_go_to_a_relay_as_they_are(through):
    with HopServer('smtp') as hop:
        hop.extensions = [*hop.extensions, 'DSN']
        postern = through(hop)
        with printer(postern) as session:
            session.mail('printer@contoso.com', ' RET=FULL ENVID=e1')
            assert session.rcpt('user@gmail.test', ' NOTIFY=NEVER ORCPT=rfc822;u@gmail.test').code == 250
            assert session.data(message(subject='as they are')).code == 250
        (mail,) = [line for line in hop.commands if line.startswith('MAIL')]
        assert mail.endswith(' RET=FULL ENVID=e1')
        assert 'RCPT TO:<user@gmail.test> NOTIFY=NEVER ORCPT=rfc822;u@gmail.test' in hop.commands


def test_a_relay_without_dsn(through):
    """It is known after the first try: that one is deferred, and then DSN is not offered."""
    with HopServer('smtp') as hop:
        postern = through(hop)
        with printer(postern) as session:
            assert 'DSN' in session.greeting.lines
            session.mail('printer@contoso.com', ' RET=HDRS')
            assert session.rcpt('user@gmail.test', ' NOTIFY=NEVER').line.startswith('451 4.5.4 ')
            # What a relay does anyway may be asked for.
            assert session.rcpt('user@gmail.test', ' NOTIFY=FAILURE,DELAY').code == 250
            assert session.data(message(subject='without dsn')).code == 250
            assert 'DSN' not in session.ehlo().lines
        assert 'RCPT TO:<user@gmail.test>' in hop.commands


@needs_root
def test_size(postern, smart_host):
    large = message(subject='large', body='x' * 70 + '\n' + ('y' * 70 + '\n') * 400)
    with printer(postern) as session:
        session.mail('printer@contoso.com', f' SIZE={len(large)}')
        assert session.rcpt('user@gmail.test').line.startswith('552 5.3.4 ')
        assert session.rcpt('ann@contoso.com').code == 250
        session.command('RSET')
        session.mail('printer@contoso.com')
        assert session.rcpt('user@gmail.test').code == 250
        assert session.data(large).line.startswith('552 5.3.4 ')


@needs_root
def test_smtputf8_is_passed_on_or_refused(postern, through):
    with printer(postern) as session:
        session.mail('printer@contoso.com', ' SMTPUTF8')
        assert session.rcpt('user@gmail.test').line.startswith('553 5.6.7 ')
    with HopServer('smtp') as hop:
        through(hop)
        with printer(postern) as session:
            session.mail('jörg@contoso.com', ' SMTPUTF8')
            assert session.rcpt('üser@gmail.test').code == 250
            assert session.data(message(subject='utf8')).code == 250
        assert any(line.startswith('MAIL FROM:<jörg@contoso.com>') and line.endswith(' SMTPUTF8') for line in hop.commands)


def test_require_tls(postern, through, certificates):
    with printer(postern) as session:
        assert 'REQUIRETLS' not in session.greeting.lines
        assert session.mail('printer@contoso.com', ' REQUIRETLS').line.startswith('555 5.5.4 ')
    with HopServer('smtp') as hop:
        # It offers the word, and no TLS: that is worth nothing.
        hop.extensions = [*hop.extensions, 'REQUIRETLS']
        through(hop)
        with with_certificate(postern, certificates.of_contoso) as session:
            assert 'REQUIRETLS' in session.greeting.lines
            session.mail('printer@contoso.com', ' REQUIRETLS')
            assert session.rcpt('user@gmail.test').line.startswith('550 5.7.30 ')
            # A Maildir is the end of the way.
            assert session.rcpt('ann@contoso.com').code == 250


# ---------------------------------------------------------------------- limits

def test_a_connector_sends_no_more_than_its_limits(through):
    """Over all threads; other connectors are not concerned, and the refused try costs nothing."""
    with HopServer('smtp') as hop:
        postern = through(hop)
        limited = '127.0.0.41'
        postern.cmdlet(f'New-InboundConnector Limited -ConnectorType OnPremises -SenderDomains * -SenderIPAddresses {limited} '
                       '-MessageRateLimit 5 -RecipientRateLimit 7')
        codes = []
        for number in range(8):
            with SmtpSession(postern.smtp, source=limited) as session:
                session.ehlo()
                session.mail('printer@contoso.com')
                reply = session.rcpt('user@gmail.test')
                codes.append(reply.code)
                if reply.code == 250:
                    assert session.data(message(subject=f'limited {number}')).code == 250
        assert codes == [250] * 5 + [450] * 3
        assert reply.sentence == '450 4.7.1 Too many messages within a minute, the limit is 5; try again later'
        assert hop.copies('user@gmail.test') == 5
        (row, *_) = postern.trace(f'-FromIP {limited} -Status Pending', 3)
        assert row['Reason'][0] == 'MessageRateLimit: Limited'
        assert postern.metric('postern_connector_rate_limited_total', limit='messages') == 3

        postern.cmdlet('Set-InboundConnector Limited -MessageRateLimit 0')
        with SmtpSession(postern.smtp, source=limited) as session:
            session.ehlo()
            session.mail('printer@contoso.com')
            assert session.rcpt('ann@contoso.com').code == 250
            assert session.rcpt('user@gmail.test').code == 250
            assert session.rcpt('bob@contoso.com').sentence.startswith('450 4.7.1 Too many recipients within a minute')
            # Those that were accepted are not lost.
            assert session.data(message(subject='the rest')).code == 250
        with printer(postern) as session:
            session.mail('printer@contoso.com')
            assert session.rcpt('ann@contoso.com').code == 250


def test_the_limits_of_the_configuration_hold_for_connectors_without(new_postern):
    postern = new_postern(limits={'connector_recipient_rate': 1})
    postern.cmdlets(*CONNECTORS)
    with printer(postern) as session:
        session.mail('printer@contoso.com')
        assert session.rcpt('ann@contoso.com').code == 250
        assert session.rcpt('bob@contoso.com').code == 450
    with SmtpSession(postern.smtp) as stranger:  # attributed to none
        stranger.ehlo()
        stranger.mail('bob@bank.test')
        assert stranger.rcpt('ann@contoso.com').code == stranger.rcpt('bob@contoso.com').code == 250


@pytest.mark.parametrize('parameter', ['MessageRateLimit', 'RecipientRateLimit'])
def test_rate_limits_are_shown_and_checked(postern, parameter):
    for wrong in ('-1', '10000001', 'many'):
        with pytest.raises(CmdletError) as error:
            postern.cmdlet(f'Set-InboundConnector Printers -{parameter} {wrong}')
        assert parameter in str(error.value)
    assert postern.objects('Get-InboundConnector Printers')[0][parameter] == 0
