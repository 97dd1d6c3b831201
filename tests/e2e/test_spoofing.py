"""Forged authors: what composite authentication says, and what the anti-phishing policy makes of it. The
numbers are those of the rows of the test table that these are."""
import json
import re

import dkim
import pytest

from conftest import CONTOSO, temporary_folder
from judged import assert_judged_again
from postern import ZONE, Postern
from signing import make_keys
from smtp_session import SmtpSession, message
from waiting import wait_until

EXT = '203.0.113.9'
NAMED = '203.0.113.77'
PRINTER = '198.51.100.7'

RECORDS = '''\
phish.test.             TXT "v=spf1 ip4:203.0.113.0/24 -all"
strict.contoso.com.     TXT "v=spf1 -all"
_dmarc.strict.contoso.com. TXT "v=DMARC1; p=reject"
_dmarc.contoso.onmicrosoft.com. TXT "v=DMARC1; p=none"
_dmarc.quar.test.       TXT "v=DMARC1; p=quarantine"
_dmarc.rej.test.        TXT "v=DMARC1; p=reject"
_dmarc.pct.test.        TXT "v=DMARC1; p=reject; pct=0"
_dmarc.testing.test.    TXT "v=DMARC1; p=quarantine; t=y"
guess.test.             TXT "v=spf1 ip4:203.0.113.9 -all"
named.test.             A 203.0.113.77
fabrikam.test.          A 192.0.2.1
neighbour.test.         MX 10 mx.pool.test.
mx.pool.test.           A 203.0.113.200
77.113.0.203.in-addr.arpa. PTR mail.named.test.
mail.named.test.        A 203.0.113.77
'''


@pytest.fixture(scope='module')
def world(certificates, tmp_path_factory):
    private, public = make_keys(tmp_path_factory.mktemp('keys'))
    keys = ''.join(f'{name} TXT "v=DKIM1; p=" {public}\n'
                   for name in ('s1._domainkey.rej.test.', 'arc._domainkey.fw.test.'))
    with temporary_folder() as folder, Postern(folder, certificates, zone=ZONE + RECORDS + keys) as postern:
        postern.cmdlets(*CONTOSO, 'New-AcceptedDomain strict.contoso.com')
        yield postern, private
        assert_judged_again(postern)


@pytest.fixture
def settings(world):
    """Changes settings for the time of a test."""
    undo = []

    def change(line, back):
        world[0].cmdlet(line)
        undo.append(back)

    yield change
    for line in reversed(undo):
        world[0].cmdlet(line)


class Sent:
    def __init__(self, world, author, reverse_path='x@phish.test', client=EXT, recipients=('ann@contoso.com',),
                 content=None):
        postern = world[0]
        before = {each: set(postern.mailbox(each)) for each in recipients}
        with SmtpSession(postern.proxied, proxy=client) as session:
            session.ehlo('mail.bank.test')
            assert session.mail(reverse_path).code == 250
            for recipient in recipients:
                assert session.rcpt(recipient).code == 250
            self.reply = session.data(content or message(f'Bob <{author}>', fields='X-Spam-Flag: no\n'))
        # The reply names the transaction, or the session.
        name = re.search(r'id ([0-9a-f-]{36})|([0-9A-F]{16})\]$', self.reply.line)
        rows = wait_until(lambda: (found := [row for row in postern.objects('Get-MessageTraceV2')
                                             if name[1] == row['MessageTraceId'] or name[2] == row['Session']])
                          and len(found) == len(recipients) and found, f'the rows of {self.reply.line}')
        self.rows = {row['RecipientAddress']: row for row in rows}
        self.files = {each: set(postern.mailbox(each)) - before[each] for each in recipients}
        self.row = self.rows[recipients[0]]
        self.compauth = self.row['CompAuth']
        self.status = self.row['Status']

    def header(self, recipient='ann@contoso.com'):
        (file,) = self.files[recipient]
        return re.sub(rb'\r?\n[ \t]+', b' ', file.read_bytes()).partition(b'\n\n')[0].decode('latin-1')

    def is_junk(self, recipient='ann@contoso.com'):
        header = self.header(recipient)
        assert 'X-Spam-Flag: no' not in header
        assert header.count('X-Spam-Flag: YES') == header.count('X-Postern-Disposition: junk')
        return header.startswith('X-Postern-Disposition: junk\n') or 'X-Spam-Flag: YES' in header


def test_9_an_own_author_whose_domain_rejects_is_refused(world):
    sent = Sent(world, 'ceo@strict.contoso.com')
    assert sent.reply.sentence == ('550 5.7.509 Access denied, sending domain strict.contoso.com does not pass DMARC '
                                   'verification and has a DMARC policy of reject')
    assert (sent.compauth, sent.status, sent.row['Decision']) == ('fail 010', 'Failed', 'Reject')
    assert sent.row['Reason'][0] == 'DmarcRejectAction: Reject, policy Default, compauth=fail reason=010'
    assert sent.row['Reply'] == sent.reply.line and not sent.files['ann@contoso.com']


def test_10_an_own_author_without_policy_is_junk(world):
    sent = Sent(world, 'ceo@contoso.onmicrosoft.com')
    assert sent.reply.code == 250 and sent.compauth == 'fail 601'
    assert sent.is_junk() and sent.status == 'FilteredAsSpam'
    assert 'compauth=fail reason=601 header.from=contoso.onmicrosoft.com' in sent.header()


def test_11_without_spoof_intelligence_it_is_delivered(world, settings):
    settings('Set-AntiPhishPolicy Default -EnableSpoofIntelligence $false',
             'Set-AntiPhishPolicy Default -EnableSpoofIntelligence $true')
    sent = Sent(world, 'ceo@contoso.onmicrosoft.com')
    assert (sent.compauth, sent.row['Dmarc'], sent.status) == ('fail 601', 'fail', 'Delivered')
    assert not sent.is_junk()


def test_12_a_report_is_accepted(world):
    sent = Sent(world, 'MAILER-DAEMON@fabrikam.test', reverse_path='')
    assert (sent.reply.code, sent.compauth, sent.status) == (250, 'fail 001', 'Delivered')


def seal(world, author):
    """As a forwarder that changed the message passes it on, which saw DMARC pass before."""
    domain = author.partition('@')[2].encode()
    content = b'Authentication-Results: fw.test; spf=pass smtp.mailfrom=%s; dmarc=pass header.from=%s\r\n' % (domain, domain)
    content += message(author)
    return b''.join(dkim.arc_sign(content, b'arc', b'fw.test', world[1], b'fw.test')) + content


def test_48_49_a_forwarder_is_believed_if_its_seal_is_trusted(world, settings):
    author = 'ann@strict.contoso.com'
    assert Sent(world, author, 'srs0=x=contoso.com=ann@fw.test', content=seal(world, author)).compauth == 'fail 010'
    settings('Set-ArcConfig -ArcTrustedSealers fw.test', 'Set-ArcConfig -ArcTrustedSealers $null')
    sent = Sent(world, author, 'srs0=x=contoso.com=ann@fw.test', content=seal(world, author))
    assert (sent.compauth, sent.status) == ('pass 130', 'Delivered')


def test_52_quarantine_is_kept_and_nobody_gets_it(world):
    sent = Sent(world, 'bob@quar.test', recipients=('ann@contoso.com', 'bob@contoso.com'))
    assert sent.reply.code == 250 and sent.compauth == 'fail 000'
    for recipient, row in sent.rows.items():
        assert row['Status'] == 'Quarantined' and not sent.files[recipient]
        assert row['Reason'] == ['DmarcQuarantineAction: Quarantine, policy Default, compauth=fail reason=000']
    (kept,) = [json.loads(file.read_text()) for file in (world[0].data / 'quarantine').glob('*.json')
               if sent.row['MessageTraceId'] in file.read_text()]
    assert [one['ForwardPath'] for one in kept['Recipients']] == ['ann@contoso.com', 'bob@contoso.com']
    assert kept['Reason'] == sent.row['Reason'][0]
    text = (world[0].data / 'quarantine' / f'{kept["Identity"]}.eml').read_text()
    assert 'compauth=fail reason=000' in text


def test_53_without_honor_dmarc_it_is_a_spoof_like_others(world, settings):
    settings('Set-AntiPhishPolicy Default -HonorDmarcPolicy $false', 'Set-AntiPhishPolicy Default -HonorDmarcPolicy $true')
    for author in ('bob@quar.test', 'bob@rej.test'):
        sent = Sent(world, author)
        assert (sent.compauth, sent.status) == ('fail 000', 'FilteredAsSpam') and sent.is_junk()


def test_54_behind_a_gateway_dmarc_is_not_applied(world, settings):
    settings('Set-OrganizationConfig -GatewayInFront $true', 'Set-OrganizationConfig -GatewayInFront $false')
    sent = Sent(world, 'bob@quar.test')
    assert (sent.compauth, sent.status) == ('none 905', 'Delivered')
    content = dkim.sign(message('bob@rej.test'), b's1', b'rej.test', world[1]) + message('bob@rej.test')
    assert Sent(world, 'bob@rej.test', content=content).compauth == 'pass 101'


def test_55_pct_counts_for_nothing_and_t_for_one_step(world):
    assert Sent(world, 'bob@pct.test').reply.sentence.startswith('550 5.7.509 ')
    sent = Sent(world, 'bob@testing.test')
    assert (sent.compauth, sent.status) == ('fail 001', 'Delivered')


def test_59_of_a_stranger_nothing_is_known(world):
    sent = Sent(world, 'bob@fabrikam.test')
    assert (sent.compauth, sent.row['Dmarc'], sent.status) == ('fail 001', 'none', 'Delivered')


def test_60_aligned_without_a_record(world):
    sent = Sent(world, 'bob@guess.test', 'bob@guess.test')
    assert (sent.compauth, sent.row['Dmarc'], sent.status) == ('pass 109', 'none', 'Delivered')


def test_61_the_clients_name_is_that_of_the_author(world, settings):
    sent = Sent(world, 'bob@named.test', client=NAMED)
    assert (sent.compauth, sent.row['Signals']) == ('pass 103', 'ReverseName 100, Subnet 40')
    sent = Sent(world, 'bob@neighbour.test')
    assert (sent.compauth, sent.row['Signals']) == ('softpass 201', 'Subnet 40')
    settings('Set-CompositeAuthConfig -SubnetWeight 0', 'Set-CompositeAuthConfig -SubnetWeight 40')
    assert Sent(world, 'bob@neighbour.test').compauth == 'fail 001'


def test_a_connector_vouches_for_own_authors_and_no_others(world, settings):
    settings(f'New-InboundConnector Printers -SenderDomains * -SenderIPAddresses {PRINTER} -RequireTls $false',
             'Remove-InboundConnector Printers')
    sent = Sent(world, 'printer@strict.contoso.com', 'printer@contoso.com', client=PRINTER)
    assert (sent.compauth, sent.status) == ('pass 115', 'Delivered')
    assert Sent(world, 'bob@rej.test', client=PRINTER).reply.sentence.startswith('550 5.7.509 ')


def test_every_recipient_has_a_policy(world, settings):
    settings('New-AntiPhishPolicy Mild -DmarcRejectAction Quarantine -HonorDmarcPolicy $false', 'Remove-AntiPhishPolicy Mild')
    settings('New-AntiPhishRule Mild -AntiPhishPolicy Mild -SentTo bob@contoso.com', 'Remove-AntiPhishRule Mild')
    both = ('ann@contoso.com', 'bob@contoso.com')
    # One would refuse it, the other gets it as junk: nobody is told a wrong thing.
    sent = Sent(world, 'bob@rej.test', recipients=both)
    assert sent.reply.code == 250
    assert {each: row['Status'] for each, row in sent.rows.items()} == {both[0]: 'Quarantined', both[1]: 'FilteredAsSpam'}
    assert sent.rows[both[0]]['Reason'][0].endswith('reason=000, kept because other recipients get it')
    assert not sent.files[both[0]] and sent.is_junk(both[1])
    # One gets it as it is, the other as junk.
    world[0].cmdlet('Set-AntiPhishPolicy Mild -HonorDmarcPolicy $true -EnableSpoofIntelligence $false')
    sent = Sent(world, 'ceo@contoso.onmicrosoft.com', recipients=both)
    assert sent.is_junk(both[0]) and not sent.is_junk(both[1])
    # Alone, each has the reply of his own policy.
    assert Sent(world, 'bob@rej.test', recipients=both[:1]).reply.code == 550
    assert Sent(world, 'bob@rej.test', recipients=both[1:]).status == 'Quarantined'
