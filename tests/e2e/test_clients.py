"""Programs that people really use: swaks, Python's smtplib, openssl s_client, Postfix.

Each sends through the STARTTLS and the plain listener, with and without a client
certificate; the delivered file or the trace shows that posternd understood it.
"""
import smtplib
import ssl
import subprocess
from email.message import EmailMessage

import pytest

from replies import DIRECT_SEND
from smtp_session import SmtpSession, client_context

SETTINGS = {}


@pytest.fixture(scope='module', autouse=True)
def vendor(postern):
    """Own mail by the certificate of *.vendor.test; anybody else's own mail is refused."""
    postern.cmdlet('New-InboundConnector -Name Vendor -ConnectorType Partner -SenderDomains * '
                   '-TlsSenderCertificateName *.vendor.test')


def delivered(postern, subject, address='ann@contoso.com'):
    wanted = f'\nSubject: {subject}\n'.encode()
    return [path.read_text() for path in postern.mailbox(address)
            if wanted in path.read_bytes().replace(b'\r\n', b'\n')]


# ---------------------------------------------------------------------- swaks

def swaks(postern, *arguments):
    return subprocess.run(['swaks', '--server', postern.smtp[0], '--port', str(postern.smtp[1]), '--to', 'ann@contoso.com',
                           '--helo', 'client.example', '--timeout', '20', *map(str, arguments)],
                          capture_output=True, text=True, timeout=60)


def test_swaks_plain(postern):
    done = swaks(postern, '--from', 'bob@bank.test', '--h-Subject', 'by swaks')
    assert done.returncode == 0, done.stdout
    assert len(delivered(postern, 'by swaks')) == 1


def test_swaks_refused(postern):
    done = swaks(postern, '--from', 'printer@contoso.com')
    assert done.returncode == 24, 'swaks: no recipient was accepted'
    assert f'<** {DIRECT_SEND} [mx.contoso.test ' in done.stdout


@pytest.mark.parametrize('pair, status', [('by_common_name', 0), ('by_alternative_name', 0), ('self_signed', 24)])
def test_swaks_with_a_client_certificate(postern, certificates, pair, status):
    certificate, key = getattr(certificates, pair)
    done = swaks(postern, '--from', 'app@contoso.com', '--tls', '--tls-cert', certificate, '--tls-key', key,
                 '--h-Subject', f'swaks {pair}')
    assert done.returncode == status, done.stdout
    assert len(delivered(postern, f'swaks {pair}')) == (status == 0)


def test_swaks_pipeline(postern):
    done = swaks(postern, '--from', 'bob@bank.test', '--pipeline', '--h-Subject', 'pipelined by swaks')
    assert done.returncode == 0, done.stdout
    assert len(delivered(postern, 'pipelined by swaks')) == 1


# ---------------------------------------------------------------------- smtplib

def test_smtplib(postern, certificates):
    mail = EmailMessage()
    mail['From'], mail['To'], mail['Subject'] = 'app@contoso.com', 'ann@contoso.com, bob@contoso.com', 'by smtplib'
    mail.set_content('Grüße\n.\n..\n')
    with smtplib.SMTP(*postern.smtp, local_hostname='client.example', timeout=20) as smtp:
        smtp.starttls(context=client_context(*certificates.wildcard))
        refused = smtp.send_message(mail, to_addrs=['ann@contoso.com', 'nobody@contoso.com', 'bob@contoso.com'])
    assert list(refused) == ['nobody@contoso.com'] and refused['nobody@contoso.com'][0] == 550
    assert len(delivered(postern, 'by smtplib')) == len(delivered(postern, 'by smtplib', 'bob@contoso.com')) == 1


def test_smtplib_smtputf8(postern):
    postern.cmdlet("New-Recipient 'jürgen@contoso.com'")
    with smtplib.SMTP(*postern.smtp, local_hostname='client.example', timeout=20) as smtp:
        smtp.ehlo()
        assert smtp.has_extn('smtputf8') and smtp.has_extn('8bitmime') and smtp.has_extn('size')
        smtp.sendmail('ünal@bank.test', ['jürgen@contoso.com'],
                      'From: ünal@bank.test\r\nSubject: Grüße\r\n\r\nHallo.\r\n'.encode(),
                      mail_options=['SMTPUTF8', 'BODY=8BITMIME'])
    (row,) = postern.trace("-RecipientAddress 'jürgen@contoso.com'")
    assert row['Status'] == 'Delivered'


def test_a_resumed_tls_session_keeps_its_certificate(postern, certificates):
    context = client_context(*certificates.by_alternative_name)
    ticket = None
    for resumed in (False, True):
        with SmtpSession(postern.smtp) as session:
            session.ehlo()
            session.command('STARTTLS')
            session.socket = context.wrap_socket(session.socket, session=ticket)
            session.ehlo()  # TLS 1.3 sends its tickets with the first data.
            assert session.socket.session_reused is resumed
            ticket = session.socket.session
            session.mail('app@contoso.com')
            assert session.rcpt('ann@contoso.com').code == 250


# ---------------------------------------------------------------------- openssl s_client

def s_client(postern, lines, *arguments):
    """Says one line after each reply, as a person at the keyboard would; returns all it printed."""
    process = subprocess.Popen(['openssl', 's_client', '-starttls', 'smtp', '-crlf', '-quiet', '-connect',
                                '%s:%d' % postern.smtp, *map(str, arguments)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    printed = ''
    for line in lines:
        process.stdin.write(line + '\n')
        process.stdin.flush()
        while not (text := process.stdout.readline()).startswith(('2', '3', '4', '5')) or text[3] == '-':
            assert text, printed
            printed += text
        printed += text
    rest, _ = process.communicate(timeout=20)
    return printed + rest


def test_s_client_with_a_client_certificate(postern, certificates):
    certificate, key = certificates.with_intermediate
    lines = ['EHLO client.example', 'MAIL FROM:<app@contoso.com>', 'RCPT TO:<ann@contoso.com>', 'DATA',
             'From: app@contoso.com\nSubject: by s_client\n\nHello.\n.', 'quit']  # s_client takes a Q for itself
    printed = s_client(postern, lines, '-cert', certificate, '-key', key, '-cert_chain', certificate)
    # Whether s_client still prints the 221 before it sees the end of its input is its own affair.
    assert '\n354 ' in printed and '\n250 2.0.0 Ok: safe' in printed, printed
    assert len(delivered(postern, 'by s_client')) == 1


def test_s_client_without_the_intermediate(postern, certificates):
    certificate, key = certificates.without_intermediate
    lines = ['EHLO client.example', 'MAIL FROM:<app@contoso.com>', 'RCPT TO:<ann@contoso.com>', 'QUIT']
    printed = s_client(postern, lines, '-cert', certificate, '-key', key)
    assert f'\n{DIRECT_SEND} [' in printed, printed


def served_certificate(postern, server_name):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with SmtpSession(postern.smtp) as session:
        session.ehlo()
        session.starttls(context, server_name)
        return ssl.DER_cert_to_PEM_cert(session.socket.getpeercert(binary_form=True))


def test_sni_chooses_the_certificate(new_postern, certificates):
    postern = new_postern(**{'tls.sni': [{'names': ['mx.fabrikam.test'], 'certificate': certificates.other_server.certificate,
                                          'private_key': certificates.other_server.key}]})
    for name, pair in (('mx.fabrikam.test', certificates.other_server), ('MX.Fabrikam.Test', certificates.other_server),
                       ('mx.contoso.test', certificates.server), ('unknown.example', certificates.server),
                       (None, certificates.server)):
        assert served_certificate(postern, name).strip() in pair.certificate.read_text(), name


def test_without_a_certificate_starttls_is_offered_all_the_same(new_postern):
    postern = new_postern(contoso=False, tls={'certificate': '', 'private_key': ''})
    assert 'BEGIN CERTIFICATE' in served_certificate(postern, None)
