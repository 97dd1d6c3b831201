"""Sendmail as the MTA, with posternd as its mail filter: the other implementation of the milter protocol.

Its clients come from addresses of 127.0.0.0/8, since Sendmail believes nobody about his address. What it
accepts goes on to a hop, so what the recipient gets can be looked at.
"""
import re

import pytest

from conftest import CONTOSO, temporary_folder
from hop_server import HopServer
from milter_postern import MilterPostern
from postern import ZONE
from replies import DIRECT_SEND, NO_FROM_FIELD, RELAY, UNKNOWN_RECIPIENT
from sendmail import Sendmail, needs_sendmail
from signing import make_keys
from smtp_session import SmtpSession, message, tls_session
from waiting import wait_until

pytestmark = needs_sendmail

BANK = '127.0.0.60'
ANN, BOB = 'ann@contoso.com', 'bob@contoso.com'
TAIL = re.compile(r' \[mx\.contoso\.com \S+Z [0-9A-F]{16}\]$')
SERVERS = 'New-InboundConnector Servers -ConnectorType OnPremises -SenderDomains * -TlsSenderCertificateName mail.contoso.com'


@pytest.fixture(scope='module')
def hop():
    with HopServer('smtp') as hop:
        yield hop


@pytest.fixture(scope='module')
def keys():
    with temporary_folder() as folder:
        yield make_keys(folder)


@pytest.fixture(scope='module')
def judge(certificates, keys):
    zone = ZONE.replace('ip4:203.0.113.9 ', f'ip4:{BANK} ') + f's1._domainkey.bank.test. TXT "v=DKIM1; p=" {keys[1]}\n'
    with temporary_folder() as folder, MilterPostern(folder, certificates, zone=zone) as postern:
        postern.cmdlets(*CONTOSO, SERVERS)
        yield postern


@pytest.fixture(scope='module')
def sendmail(certificates, judge, hop):
    with temporary_folder() as folder, Sendmail(folder, certificates, judge.milter, hop) as sendmail:
        yield sendmail


def client(sendmail, pair=None):
    if pair:
        return tls_session(sendmail.smtp, pair, source=BANK)
    session = SmtpSession(sendmail.smtp, source=BANK)
    session.ehlo()
    return session


def send(sendmail, content, recipients=(ANN,), reverse_path='bob@bank.test', pair=None):
    with client(sendmail, pair) as session:
        assert session.mail(reverse_path).code == 250
        replies = [session.rcpt(recipient) for recipient in recipients]
        return replies, session.data(content)


def words(refusal, recipient):
    """Postern's. Sendmail says at RCPT first whom it is about, and hands on the rest."""
    assert f' <{recipient}>... ' in refusal.line, refusal.line
    return refusal.line.replace(f' <{recipient}>... ', ' ', 1)


def delivered(hop, subject):
    """Contents with that subject, one for each recipient."""
    return [content.decode() for content in hop.contents() if f'\r\nSubject: {subject}\r\n'.encode() in content]


def arrived(hop, sendmail, subject):
    return wait_until(lambda: delivered(hop, subject), sendmail.log)


def field_names(text):
    return re.findall(r'^([\w-]+):', text.split('\r\n\r\n')[0], re.M)


def test_own_name_without_a_connector_is_refused_at_rcpt_in_our_words(judge, hop, sendmail):
    with client(sendmail) as session:
        assert session.mail('printer@contoso.com').code == 250
        refusal = session.rcpt(ANN)
        ours = words(refusal, ANN)
        assert TAIL.sub('', ours) == DIRECT_SEND and TAIL.search(ours)
        assert session.command('DATA').code == 503
    (row,) = judge.trace(f'-RecipientAddress {ANN} -SenderAddress printer@contoso.com -FromIP {BANK}')
    assert (row['Status'], row['DirectSend'], row['Reply']) == ('Failed', True, ours)
    judge.cmdlet('Set-OrganizationConfig -RejectDirectSend $false')
    try:
        assert send(sendmail, message('printer@contoso.com', 'switched off'), reverse_path='printer@contoso.com')[1].code == 250
        assert arrived(hop, sendmail, 'switched off')
    finally:
        judge.cmdlet('Set-OrganizationConfig -RejectDirectSend $true')


def test_each_recipient_has_a_reply(sendmail, hop):
    recipients = (ANN, 'nobody@contoso.com', 'user@gmail.test', BOB)
    replies, end = send(sendmail, message('bob@bank.test', 'some of them'), recipients)
    assert [reply.code for reply in replies] == [250, 550, 550, 250] and end.code == 250
    assert TAIL.sub('', words(replies[1], 'nobody@contoso.com')) == UNKNOWN_RECIPIENT
    # Sendmail's own rules come first.
    assert replies[2].line.startswith('550 5.7.1 <user@gmail.test>... Relaying denied')
    arrived(hop, sendmail, 'some of them')
    assert sorted(path for path, content in hop.delivered if b'some of them' in content) == [ANN, BOB]


def test_a_message_is_stamped_and_forged_fields_go(sendmail, hop):
    forged = ('Authentication-Results: mx.other.test; spf=pass\n'
              'X-Postern-Direct-Send: false\n'
              'Authentication-Results: MX.Contoso.com; dmarc=pass\n'
              'X-MS-Exchange-Organization-AuthAs:\n Internal\n'
              'X-Kept: a\n\tfold\n')
    assert send(sendmail, message('Bob <bob@bank.test>', 'stamped', forged))[1].code == 250
    (text,) = arrived(hop, sendmail, 'stamped')
    assert field_names(text) == [
        'X-Postern-Message-Trace-Id', 'X-Postern-Directionality', 'X-Postern-Auth-As', 'Authentication-Results', 'Received-SPF',
        'Received-SPF', 'Received', 'From', 'To', 'Subject', 'Date', 'Message-ID', 'Authentication-Results', 'X-Kept']
    assert 'X-Kept: a\r\n\tfold\r\n' in text
    assert re.search(r'Authentication-Results: mx\.contoso\.com;\r\n\s+spf=pass ', text)
    assert f'client-ip={BANK}' in text


def test_content_is_refused_with_our_words(sendmail, hop):
    _, end = send(sendmail, message(subject='no author').replace(b'From: ', b'X-Was-From: ', 1))
    assert TAIL.sub('', end.line) == NO_FROM_FIELD
    assert delivered(hop, 'no author') == []


def test_signatures_verify_over_the_true_octets(sendmail, hop, keys):
    dkim = pytest.importorskip('dkim')
    body = 'Hello.\n\n.dot\n' + ('x' * 70 + '\n') * 1000 + '\n\n\n'
    plain = message('Bob <bob@bank.test>', 'signed', 'X-Odd:tight\nX-Fold: a\n \tb  \nX-Empty:\n', body)
    for count, canonicalize in enumerate(((b'simple', b'simple'), (b'relaxed', b'relaxed')), 1):
        signature = dkim.sign(plain, b's1', b'bank.test', keys[0], canonicalize=canonicalize,
                              include_headers=[b'from', b'subject', b'x-odd', b'x-fold', b'x-empty'])
        assert send(sendmail, signature + plain)[1].code == 250
        texts = wait_until(lambda: len(found := delivered(hop, 'signed')) == count and found, sendmail.log)
        assert 'dkim=pass' in texts[-1], texts[-1][:3000]


def test_a_certificate_of_which_sendmail_says_ok_finds_its_connector(judge, hop, sendmail, certificates):
    _, end = send(sendmail, message('printer@contoso.com', 'by certificate'), reverse_path='printer@contoso.com',
                  pair=certificates.of_contoso)
    assert end.code == 250
    (text,) = arrived(hop, sendmail, 'by certificate')
    assert '\r\nX-Postern-Connector: Servers\r\n' in text
    # Another name, and the right name in a chain that does not verify.
    unproven = certificates.issue('contoso-unproven', '/CN=mail.contoso.com', certificates.intermediate)
    for pair in (certificates.of_stranger, unproven):
        with client(sendmail, pair) as session:
            session.mail('printer@contoso.com')
            assert TAIL.sub('', words(session.rcpt(ANN), ANN)) == DIRECT_SEND


def test_where_sendmail_relays_postern_still_decides(judge, hop, certificates):
    with temporary_folder() as folder, \
            Sendmail(folder, certificates, judge.milter, hop, 'FEATURE(`promiscuous_relay\')dnl') as sendmail:
        with client(sendmail) as session:
            session.mail('bob@bank.test')
            assert TAIL.sub('', words(session.rcpt('user@gmail.test'), 'user@gmail.test')) == RELAY
        assert send(sendmail, message('printer@contoso.com', 'to the world'), ['user@gmail.test'], 'printer@contoso.com',
                    certificates.of_contoso)[1].code == 250
        arrived(hop, sendmail, 'to the world')
        assert hop.copies('user@gmail.test') == 1


def test_a_quarantined_message_waits_in_the_queue_until_it_is_released(judge, hop, sendmail):
    judge.cmdlet('Set-AntiPhishPolicy Default -AuthenticationFailAction Quarantine')
    try:
        assert send(sendmail, message('Ceo <ceo@contoso.com>', 'held'))[1].code == 250
    finally:
        judge.cmdlet('Set-AntiPhishPolicy Default -AuthenticationFailAction MoveToJmf')
    ((queue_id, reason),) = wait_until(sendmail.quarantined, sendmail.log)
    assert (sendmail.folder / f'queue/hf{queue_id}').exists()
    assert reason.startswith('AuthenticationFailAction: Quarantine, policy Default'), reason
    (row,) = judge.trace('-Subject held')
    assert (row['Status'], row['NextHop']) == ('Quarantined', 'milter')
    judge.logged('milter_message', queue_id=queue_id)
    # A queue run does not touch it.
    sendmail.run('-q')
    assert delivered(hop, 'held') == [] and len(sendmail.quarantined()) == 1
    sendmail.release(queue_id)
    assert arrived(hop, sendmail, 'held') and sendmail.quarantined() == []


def test_several_messages_in_one_session(sendmail, hop):
    with client(sendmail) as session:
        for number in range(3):
            assert session.mail('bob@bank.test').code == 250
            assert session.rcpt(ANN).code == 250
            assert session.data(message('bob@bank.test', f'one of three {number}')).code == 250
            assert session.mail('printer@contoso.com').code == 250
            assert TAIL.sub('', words(session.rcpt(ANN), ANN)) == DIRECT_SEND
            session.command('RSET')
    for number in range(3):
        assert len(arrived(hop, sendmail, f'one of three {number}')) == 1


def test_without_posternd_nothing_is_accepted(certificates, hop):
    with temporary_folder() as folder:
        (folder / 'posternd').mkdir()
        (folder / 'sendmail').mkdir(mode=0o755)
        with MilterPostern(folder / 'posternd', certificates) as postern, \
                Sendmail(folder / 'sendmail', certificates, postern.milter, hop) as sendmail:
            postern.cmdlets(*CONTOSO)
            assert send(sendmail, message(subject='before'))[1].code == 250
            postern.kill()
            with client(sendmail) as session:
                assert session.mail('bob@bank.test').line.startswith('451 4.3.2 ')
            postern.start()
            assert send(sendmail, message(subject='after'))[1].code == 250
