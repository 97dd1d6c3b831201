"""Set-OrganizationConfig -DeferOnTempError: which mail waits until the DNS answers, and what it is told."""
import dkim
import pytest

from conftest import CONTOSO, temporary_folder
from dns_server import DnsServer
from postern import ZONE, Postern
from signing import make_keys
from smtp_session import SmtpSession, message
from waiting import wait_until

EXT = '203.0.113.9'
PRINTER = '198.51.100.7'
MORE = '''\
_dmarc.key.test.    TXT "v=DMARC1; p=reject"
_dmarc.gone.test.   TXT "v=DMARC1; p=reject"
gone.test.          TXT "v=spf1 -all"
heal.test.          TXT "v=spf1 ip4:203.0.113.9 -all"
'''


@pytest.fixture(scope='module')
def world(certificates, tmp_path_factory):
    private, public = make_keys(tmp_path_factory.mktemp('keys'))
    zone = ZONE + MORE + f'good._domainkey.key.test. TXT "v=DKIM1; p=" {public}\n'
    with DnsServer(zone) as dns, temporary_folder() as folder:
        dns.broken |= {'slow.test', '_dmarc.dark.test', 's1._domainkey.key.test', 'heal.test'}
        postern = Postern(folder, certificates)
        postern.tables['dns'] = {'servers': [dns.endpoint]}
        postern.write_config()
        with postern:
            postern.cmdlets(*CONTOSO, 'Set-OrganizationConfig -DeferOnTempError $true',
                            f'New-InboundConnector Printers -SenderDomains * -SenderIPAddresses {PRINTER} -RequireTls $false')
            yield postern, dns, private


def sign(world, content, selector):
    return dkim.sign(content, selector, b'key.test', world[2]) + content


def send(world, content, reverse_path, client=EXT, recipients=('ann@contoso.com',)):
    with SmtpSession(world[0].proxied, proxy=client) as session:
        session.ehlo('mail.bank.test')
        assert session.mail(reverse_path).code == 250
        for recipient in recipients:
            assert session.rcpt(recipient).code == 250
        return session.data(content)


def from_author(address, **options):
    return message(f'Bob <{address}>', **options)


SENTENCE = '451 4.4.3 {} cannot be checked because the DNS does not answer, please try again later'


@pytest.mark.parametrize('author, reverse_path, missing', [
    pytest.param('bob@slow.test', 'bob@slow.test', 'SPF of slow.test', id='SPF'),
    pytest.param('bob@nowhere.test', 'bob@slow.test', 'SPF of slow.test', id='SPF of a stranger'),
    pytest.param('bob@dark.test', 'list@phish.test', 'DMARC of dark.test', id='DMARC'),
    pytest.param('bob@mail.dark.test', 'list@phish.test', 'DMARC of mail.dark.test', id='DMARC above'),
])
def test_what_cannot_be_checked_is_deferred(world, author, reverse_path, missing):
    before = world[0].mailbox('ann@contoso.com')
    reply = send(world, from_author(author), reverse_path)
    assert reply.sentence == SENTENCE.format(missing)
    assert world[0].mailbox('ann@contoso.com') == before


def test_a_signature_whose_key_is_missing_counts_if_it_is_aligned(world):
    reply = send(world, sign(world, from_author('bob@key.test'), b's1'), 'list@phish.test')
    assert reply.sentence == SENTENCE.format('DKIM of key.test (selector s1)')
    # DMARC of another author fails, whatever that signature is.
    assert send(world, sign(world, from_author('bob@gone.test'), b's1'), 'list@phish.test').sentence.startswith('550 5.7.509 ')
    # And one good signature of the author is enough.
    both = sign(world, sign(world, from_author('bob@key.test'), b's1'), b'good')
    assert send(world, both, 'bob@slow.test').code == 250


def test_every_recipient_has_a_row_that_says_why(world):
    def deferred():
        return world[0].metric('postern_decisions_total', decision='Defer', code='4.4.3')

    before = deferred()
    reply = send(world, from_author('bob@slow.test', subject='rows'), 'rows@slow.test',
                 recipients=('ann@contoso.com', 'bob@contoso.com'))
    rows = world[0].trace('-SenderAddress rows@slow.test', rows=2)
    assert {row['RecipientAddress'] for row in rows} == {'ann@contoso.com', 'bob@contoso.com'}
    for row in rows:
        assert (row['Decision'], row['Status'], row['Spf']) == ('Defer', 'Pending', 'temperror')
        assert row['Reply'] == reply.line and row['Subject'] == 'rows'
        assert row['Reason'] == ['DeferOnTempError: SPF of slow.test']
    assert deferred() == before + 2


def test_a_client_with_a_connector_does_not_wait(world):
    assert send(world, from_author('bob@slow.test'), 'bob@slow.test', client=PRINTER).code == 250


def test_a_gateways_client_waits(world):
    """Its connector vouches for the gateway, which comes again, and not for whom it judges."""
    world[0].cmdlet('Set-InboundConnector Printers -EFSkipLastIP $true')
    try:
        received = 'Received: from mail.slow.test (unknown [198.51.100.66]) by gw.contoso.com with ESMTP id 1;\n Sun, 22 Nov 2026 09:00:00 +0000\n'
        content = from_author('bob@slow.test', fields=received)
        assert send(world, content, 'gateway@slow.test', client=PRINTER).sentence == SENTENCE.format('SPF of slow.test')
        (row,) = world[0].trace('-SenderAddress gateway@slow.test')
        assert (row['Decision'], row['TrueClient'], row['Reason']) == ('Defer', '198.51.100.66', ['DeferOnTempError: SPF of slow.test'])
        # Nobody behind it: the gateway's own mail.
        assert send(world, from_author('bob@slow.test'), 'bob@slow.test', client=PRINTER).code == 250
    finally:
        world[0].cmdlet('Set-InboundConnector Printers -EFSkipLastIP $false')


def test_without_the_switch_nobody_waits(world):
    world[0].cmdlet('Set-OrganizationConfig -DeferOnTempError $false')
    try:
        assert send(world, from_author('bob@slow.test'), 'off@slow.test').code == 250
        (row,) = world[0].trace('-SenderAddress off@slow.test')
        assert (row['Decision'], row['Spf'], row['Reason']) == ('Accept', 'temperror', [])
    finally:
        world[0].cmdlet('Set-OrganizationConfig -DeferOnTempError $true')


def test_the_retry_is_accepted_once_the_dns_answers(world):
    assert send(world, from_author('bob@heal.test'), 'bob@heal.test').code == 451
    world[1].broken.discard('heal.test')
    # Failures are kept for seconds, here and in the resolver.
    wait_until(lambda: send(world, from_author('bob@heal.test'), 'bob@heal.test').code == 250, 'the retry accepted',
               seconds=60)
