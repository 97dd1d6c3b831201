"""A real Dovecot as the next hop, over TCP and over its Unix socket."""
import pytest

from conftest import temporary_folder
from dovecot import Dovecot, needs_root
from smtp_session import SmtpSession, message

pytestmark = needs_root


@pytest.fixture(scope='module')
def dovecot():
    with temporary_folder() as folder, Dovecot(folder, ['ann@contoso.com', 'bob@contoso.com']) as dovecot:
        yield dovecot


@pytest.fixture(params=['tcp', 'unix'])
def through_dovecot(postern, dovecot, request):
    postern.cmdlet(f'Set-AcceptedDomain contoso.com -NextHop {getattr(dovecot, request.param)}')
    yield postern
    postern.cmdlet('Set-AcceptedDomain contoso.com -NextHop $null')


def files(dovecot, address, subject):
    return [path for path in dovecot.mailbox(address) if f'\nSubject: {subject}\n'.encode() in path.read_bytes()]


def test_delivered_to_each_recipient(through_dovecot, dovecot, request):
    subject = request.node.name
    with SmtpSession(through_dovecot.proxied, proxy='203.0.113.9') as session:
        session.ehlo()
        for _ in range(2):  # The second goes over the connection of the first.
            session.mail('bob@bank.test')
            assert session.rcpt('ann@contoso.com').code == 250
            assert session.rcpt('BOB@contoso.com').code == 250
            reply = session.data(message('bob@bank.test', subject, body='.\n..\nGrüße\n'))
            assert reply.code == 250, reply.line
    for address in ('ann@contoso.com', 'bob@contoso.com'):
        found = files(dovecot, address, subject)
        assert len(found) == 2
        text = found[0].read_text()
        assert text.endswith('\n\n.\n..\nGrüße\n')
        assert 'Authentication-Results: mx.contoso.test;' in text


def test_a_mailbox_that_dovecot_does_not_have(through_dovecot, dovecot, request):
    """Known to the directory, unknown to the store: the others get their copy, nothing is lost."""
    postern, subject = through_dovecot, request.node.name
    if not postern.objects('Get-Recipient | Where-Object Name -eq gone@contoso.com'):
        postern.cmdlet('New-Recipient gone@contoso.com')
    with SmtpSession(postern.proxied, proxy='203.0.113.9') as session:
        session.ehlo()
        session.mail('bob@bank.test')
        codes = [session.rcpt('ann@contoso.com').code, session.rcpt('gone@contoso.com').code]
        reply = session.data(message('bob@bank.test', subject))
    assert codes[0] == 250 and reply.code == 250, (codes, reply.line)
    assert len(files(dovecot, 'ann@contoso.com', subject)) == 1
    if codes[1] == 250:
        postern.trace(f"-RecipientAddress gone@contoso.com -Subject '{subject}' -Status Quarantined")
