"""What docs/before-your-server.md tells Postfix and Dovecot: only Postern gets in, TLS is verified, the
true client is known, and the server has its say on recipients."""
import pytest

import dovecot
import postfix
from conftest import CONTOSO, temporary_folder
from dovecot import Dovecot
from postern import Postern
from postfix import Postfix
from smtp_session import SmtpSession, message
from waiting import wait_until

pytestmark = [postfix.needs_root, dovecot.needs_root]

EXT, STRANGER = '203.0.113.9', '127.0.0.66'
ANN, GONE = 'ann@contoso.com', 'gone@contoso.com'
ONLY_POSTERN = 'check_client_access inline:{127.0.0.1=OK}, reject'


@pytest.fixture(scope='module')
def edge(certificates):
    with temporary_folder() as folder, \
            Postern(folder, certificates, delivery={'tls_ca': str(certificates.trust_anchors)}) as edge:
        edge.cmdlets(*CONTOSO, f'New-Recipient {GONE}')
        yield edge


def postfix_of(folder, certificates, **settings):
    """As the page has it; clients may not relay, whoever they are."""
    return Postfix(folder, mailboxes=[ANN, 'cid@relay.contoso.net'], mynetworks='', smtp_bind_address='',
                   smtpd_recipient_restrictions='', smtpd_relay_restrictions='reject_unauth_destination',
                   smtpd_tls_security_level='may', smtpd_tls_received_header='yes', smtpd_tls_cert_file=certificates.server.certificate,
                   smtpd_tls_key_file=certificates.server.key, **settings)


def use(edge, next_hop, domain='contoso.com'):
    edge.cmdlet(f'Set-AcceptedDomain {domain} -NextHop "{next_hop}"')


def send(edge, recipient=ANN, subject='hello'):
    """The reply to RCPT if it is a refusal, else that to the final dot."""
    with SmtpSession(edge.proxied, proxy=EXT) as session:
        session.ehlo()
        session.mail('bob@bank.test')
        reply = session.rcpt(recipient)
        return reply if reply.code != 250 else session.data(message('bob@bank.test', subject))


def received(server, subject):
    """The topmost Received field of that mail. Postfix says 250 before it is in the mailbox."""
    def find():
        texts = [file.read_text() for file in server.mailbox(ANN)]
        return [text.split('Received:')[1] for text in texts if f'\nSubject: {subject}\n' in text]
    (field,) = wait_until(find, lambda: f'{subject}\n{server.log()}')
    return field


@pytest.fixture
def closed_postfix(certificates):
    with temporary_folder() as folder, \
            postfix_of(folder, certificates, smtpd_client_restrictions=ONLY_POSTERN,
                       smtpd_authorized_xclient_hosts='127.0.0.1') as server:
        yield server


def test_the_side_door_of_postfix(edge, closed_postfix):
    url = 'smtp:%s:%d' % closed_postfix.smtp
    with SmtpSession(closed_postfix.smtp, source=STRANGER) as session:
        session.ehlo()
        session.mail('bob@bank.test')
        assert session.rcpt(ANN).line == f'554 5.7.1 <unknown[{STRANGER}]>: Client host rejected: Access denied'
    use(edge, f'{url}?tls=verify&name=mx.contoso.test')
    assert send(edge, subject='by TLS').code == 250, edge.log_text()
    assert 'with ESMTPS' in received(closed_postfix, 'by TLS')
    # The catch: by XCLIENT the rule is asked about the true client.
    use(edge, f'{url}?xclient=yes')
    assert send(edge).line == f'554 5.7.1 <unknown[{EXT}]>: Client host rejected: Access denied'
    assert len(closed_postfix.mailbox(ANN)) == 1


def test_postfix_has_its_say_on_recipients(edge, closed_postfix):
    url = 'smtp:%s:%d' % closed_postfix.smtp
    use(edge, url)
    assert send(edge, GONE).line == f'550 5.1.1 <{GONE}>: Recipient address rejected: User unknown in virtual mailbox table'
    (row,) = edge.trace(f'-RecipientAddress {GONE} -Status Failed')
    assert (row['Reason'], row['NextHop'], row['ToIP']) == (['NextHop'], url, closed_postfix.smtp[0])
    # A domain without recipients in our directory, of type InternalRelay: Postfix alone knows.
    use(edge, url, 'relay.contoso.net')
    assert send(edge, 'cid@relay.contoso.net').code == 250
    assert send(edge, 'nobody@relay.contoso.net').line.startswith('550 5.1.1 <nobody@relay.contoso.net>')


DOVECOT_TLS = '''
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
{trust}
'''


@pytest.mark.parametrize('trusted', [True, False])
def test_dovecot_over_tls_with_the_true_client(edge, certificates, trusted):
    pair = certificates.server
    more = DOVECOT_TLS.format(certificate=pair.certificate, key=pair.key,
                              trust='login_trusted_networks = 127.0.0.1' if trusted else '')
    with temporary_folder() as folder, Dovecot(folder, [ANN], more) as server:
        use(edge, f'{server.tcp}?tls=verify&name=mx.contoso.test')
        assert send(edge, subject='by TLS').code == 250, edge.log_text()
        assert 'with LMTPS' in received(server, 'by TLS')
        use(edge, f'{server.tcp}?tls=verify&name=mx.contoso.test&xclient=yes')
        reply = send(edge, subject='by XCLIENT')
        if trusted:
            assert reply.code == 250, edge.log_text()
            field = received(server, 'by XCLIENT')
            assert f'from client.example ([{EXT}])' in field and 'with LMTPS' in field
        else:
            assert reply.line.startswith('451 4.4.1 ')
            wait_until(lambda: 'does not offer XCLIENT' in edge.log_text(), edge.log_text)
        # Who is unknown to Dovecot alone is refused after the message, in its words.
        use(edge, server.unix)
        assert send(edge, GONE).line.startswith(f"550 5.1.1 <{GONE}> User doesn't exist")
