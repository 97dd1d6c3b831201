"""Postfix as the sending MTA, with and without a client certificate, and as the next hop."""
import smtplib

import pytest

from conftest import temporary_folder
from hop_server import HopServer
from postfix import Postfix, needs_root
from replies import DIRECT_SEND
from smtp_session import SmtpSession, message
from waiting import wait_until

pytestmark = needs_root


def submit(postfix, reverse_path, content, recipients=('ann@contoso.com',)):
    with smtplib.SMTP(*postfix.smtp, local_hostname='desk.bank.test', timeout=20) as smtp:
        smtp.sendmail(reverse_path, recipients, content)


def delivered(postern, subject, address='ann@contoso.com'):
    return [path for path in postern.mailbox(address) if f'\nSubject: {subject}\n'.encode() in path.read_bytes()]


@pytest.fixture(scope='module')
def plain(postern):
    with temporary_folder() as folder, Postfix(folder, relayhost=postern.smtp) as postfix:
        yield postfix


def test_mail_of_the_outside_world(postern, plain):
    submit(plain, 'bob@bank.test', message('bob@bank.test', 'from Postfix'), ['ann@contoso.com', 'bob@contoso.com'])
    wait_until(lambda: delivered(postern, 'from Postfix') and delivered(postern, 'from Postfix', 'bob@contoso.com'),
               lambda: f'the mail\n{plain.log()}')
    # Postfix writes its log after the file is there.
    wait_until(lambda: plain.status_of('ann@contoso.com'), plain.log)
    assert plain.status_of('ann@contoso.com')[-1].startswith('sent (250 ')
    # Opportunistic TLS was taken, and 127.0.0.30 is what SPF was asked about.
    text = delivered(postern, 'from Postfix')[0].read_text()
    assert 'with ESMTPS' in text and 'client-ip=127.0.0.30' in text


def test_own_mail_without_a_connector_comes_back(postern, plain):
    submit(plain, 'printer@contoso.com', message('printer@contoso.com', 'a scan'))
    wait_until(lambda: any('bounced' in status for status in plain.status_of('ann@contoso.com')), plain.log)
    (status,) = [status for status in plain.status_of('ann@contoso.com') if 'bounced' in status]
    assert f'said: {DIRECT_SEND} [mx.contoso.test ' in status
    assert delivered(postern, 'a scan') == []


def test_own_mail_with_a_client_certificate(postern, certificates):
    postern.cmdlet('New-InboundConnector -Name Contoso-servers -ConnectorType Partner -SenderDomains * '
                   '-TlsSenderCertificateName mail.contoso.com')
    with temporary_folder() as folder, \
            Postfix(folder, relayhost=postern.smtp, smtp_tls_security_level='encrypt',
                    smtp_tls_cert_file=certificates.of_contoso.certificate,
                    smtp_tls_key_file=certificates.of_contoso.key) as postfix:
        submit(postfix, 'printer@contoso.com', message('printer@contoso.com', 'a scan by certificate'))
        (file,) = wait_until(lambda: delivered(postern, 'a scan by certificate'), lambda: f'the mail\n{postfix.log()}')
    assert 'X-Postern-Connector: Contoso-servers' in file.read_text()


def test_a_deferred_message_is_retried(postern, certificates):
    """Postfix hears 451 while the hop is full, keeps the mail, and delivers it once afterwards."""
    with HopServer('lmtp') as hop, temporary_folder() as folder, \
            Postfix(folder, relayhost=postern.smtp, minimal_backoff_time='1s', maximal_backoff_time='1s',
                    queue_run_delay='1s') as postfix:
        postern.cmdlet(f'Set-AcceptedDomain contoso.com -NextHop {hop.url}')
        try:
            hop.after_dot['bob@contoso.com'] = '452 4.2.2 Mailbox full'
            submit(postfix, 'bob@bank.test', message(subject='deferred'), ['ann@contoso.com', 'bob@contoso.com'])
            wait_until(lambda: any('deferred' in status for status in postfix.status_of('bob@contoso.com')), postfix.log)
            del hop.after_dot['bob@contoso.com']
            wait_until(lambda: hop.copies('bob@contoso.com'), postfix.log)
            wait_until(lambda: any(status.startswith('sent') for status in postfix.status_of('bob@contoso.com')), postfix.log)
            assert [hop.copies('ann@contoso.com'), hop.copies('bob@contoso.com')] == [1, 1]
        finally:
            postern.cmdlet('Set-AcceptedDomain contoso.com -NextHop $null')


def test_postfix_as_the_next_hop(postern):
    with temporary_folder() as folder, Postfix(folder, mailboxes=['ann@contoso.com', 'bob@contoso.com']) as postfix:
        postern.cmdlet('Set-AcceptedDomain contoso.com -NextHop smtp:%s:%d' % postfix.smtp)
        try:
            with SmtpSession(postern.proxied, proxy='203.0.113.9') as session:
                session.ehlo()
                for subject in ('one', 'two'):
                    session.mail('bob@bank.test')
                    assert session.rcpt('ann@contoso.com').code == 250
                    assert session.rcpt('bob@contoso.com').code == 250
                    assert session.data(message('bob@bank.test', f'through to {subject}', body='.\n..\n')).code == 250
            wait_until(lambda: len(postfix.mailbox('ann@contoso.com')) == len(postfix.mailbox('bob@contoso.com')) == 2,
                       postfix.log)
            text = postfix.mailbox('ann@contoso.com')[0].read_text()
            assert 'Authentication-Results: mx.contoso.test;' in text and text.endswith('\n\n.\n..\n')
        finally:
            postern.cmdlet('Set-AcceptedDomain contoso.com -NextHop $null')
