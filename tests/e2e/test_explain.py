"""`postern explain`, Get-MessageTraceDetailV2 and Test-Message over mail that was really sent: every
way a message can go is told, and judging again gives what the trace has."""
import json

import dkim
import pytest

from conftest import CONTOSO, temporary_folder
from judged import assert_judged_again, explain
from postern import ZONE, Postern
from signing import make_keys
from smtp_session import SmtpSession, message
from waiting import wait_until

EXT = '203.0.113.9'
PRINTER = '198.51.100.7'
RECORDS = '''\
strict.test.            TXT "v=spf1 -all"
_dmarc.strict.test.     TXT "v=DMARC1; p=reject"
_dmarc.quar.test.       TXT "v=DMARC1; p=quarantine"
_dmarc.bank.test.       TXT "v=DMARC1; p=reject; rua=mailto:dmarc@bank.test"
bank.test.              TXT "v=spf1 include:_spf.bank.test -all"
_spf.bank.test.         TXT "v=spf1 ip4:203.0.113.0/24 -all"
'''


@pytest.fixture(scope='module')
def world(certificates, tmp_path_factory):
    private, public = make_keys(tmp_path_factory.mktemp('keys'))
    zone = '\n'.join(line for line in ZONE.splitlines() if not line.startswith('bank.test.            TXT'))
    keys = f's1._domainkey.bank.test. TXT "v=DKIM1; p=" {public}\n'
    with temporary_folder() as folder, \
            Postern(folder, certificates, zone=f'{zone}\n{RECORDS}{keys}') as postern:
        postern.cmdlets(*CONTOSO, 'New-InboundConnector Printers -ConnectorType OnPremises -SenderDomains * '
                                  '-SenderIPAddresses 198.51.100.0/28')
        yield postern, private
        # Whatever the tests of this module have sent, and whatever the settings are by now.
        assert assert_judged_again(postern) > 5


def send(postern, author, reverse_path, client=EXT, recipients=('ann@contoso.com',), content=None):
    """The rows of one message by recipient, refused or not."""
    with SmtpSession(postern.proxied, proxy=client) as session:
        session.ehlo('client.example')
        assert session.mail(reverse_path).code == 250
        if any([session.rcpt(recipient).code == 250 for recipient in recipients]):
            session.data(content or message(author))
    rows = wait_until(lambda: (found := [row for row in postern.objects('Get-MessageTraceV2') if row['FromIP'] == client
                                         and row['SenderAddress'] == (reverse_path or '<>')])
                      and len(found) >= len(recipients) and found, f'rows of {reverse_path}')
    newest = rows[0]['MessageTraceId']
    return {row['RecipientAddress']: row for row in rows if row['MessageTraceId'] == newest}


def test_refused_at_rcpt(world):
    postern = world[0]
    row = send(postern, 'printer@contoso.com', 'printer@contoso.com', client='198.51.100.200')['ann@contoso.com']
    steps, text = explain(postern, row)
    assert steps['Receive'] == [('Incoming', 'from 198.51.100.200 as client.example, without TLS')]
    assert steps['Attribution'] == [(
        'Nothing', "no connector has the client; nearest miss: connector Printers lists 198.51.100.0/28, which is in "
                   "the client's /24")]
    (action, detail), = steps['Decision']
    assert action == 'Reject' and 'RejectDirectSend is on: 550 5.7.68 TenantInboundAttribution' in detail
    assert steps['SPF'][0] == ('fail', 'MAIL FROM contoso.com: term -all')
    assert steps['Fail'][0][0] == 'Failed' and 'DKIM' not in steps and 'Contradiction' not in steps, text
    (verdict,) = postern.objects(f'Test-Message {row["MessageTraceId"]} -RejectDirectSend $false')
    assert (verdict['Decision'], verdict['NewDecision'], verdict['Changed']) == ('Reject', 'Accept', True)


def test_accepted_by_a_connector(world):
    row = send(world[0], 'printer@contoso.com', 'printer@contoso.com', client=PRINTER)['ann@contoso.com']
    steps, _ = explain(world[0], row)
    assert steps['Attribution'] == [('Address', 'connector Printers, its SenderIPAddresses have 198.51.100.0/28')]
    assert steps['CompAuth'] == [('pass 115', 'rule OwnConnector')]
    assert steps['Deliver'][0][0] == 'Delivered' and steps['Policy'][0][0] == 'None'


def test_authenticated_with_the_term_the_signature_and_the_record(world):
    content = message('bob@bank.test')
    content = dkim.sign(content, b's1', b'bank.test', world[1]) + content
    broken = content.replace(b'Subject: ', b'Subject: Re: ', 1)
    row = send(world[0], 'bob@bank.test', 'bob@bank.test', content=content)['ann@contoso.com']
    steps, _ = explain(world[0], row, '--recipient', 'ann@contoso.com')
    assert steps['SPF'][0] == ('pass', 'MAIL FROM bank.test: term ip4:203.0.113.0/24 of _spf.bank.test')
    assert steps['DKIM'] == [('pass', 'd=bank.test s=s1, key of 2048 bits')]
    assert steps['DMARC'][0][0] == 'pass' and 'p=reject of bank.test' in steps['DMARC'][0][1]
    assert steps['CompAuth'] == [('pass 100', 'rule AlignedPass')]
    answers = [words for _, words in steps['Dns']]
    assert 'bank.test TXT: "v=spf1 include:_spf.bank.test -all"' in answers
    assert '_dmarc.bank.test TXT: "v=DMARC1; p=reject; rua=mailto:dmarc@bank.test"' in answers
    assert any(words.startswith('s1._domainkey.bank.test TXT: "v=DKIM1;') for words in answers)
    row = send(world[0], 'bob@bank.test', 'bob@bank.test', client='198.51.100.99', content=broken)['ann@contoso.com']
    steps, _ = explain(world[0], row)
    assert steps['DKIM'][0][0] == 'fail' and 'did not verify' in steps['DKIM'][0][1]
    assert steps['SPF'][0] == ('fail', 'MAIL FROM bank.test: term -all')
    data = {step['Event']: step['Data'] for step in
            world[0].objects(f'Get-MessageTraceDetailV2 {row["MessageTraceId"]} ann@contoso.com')}
    assert data['DMARC']['Record'] == 'v=DMARC1; p=reject; rua=mailto:dmarc@bank.test'


def test_refused_after_data_and_what_other_policies_would_do(world):
    row = send(world[0], 'ceo@strict.test', 'x@phish.test')['ann@contoso.com']
    steps, _ = explain(world[0], row)
    assert steps['CompAuth'] == [('fail 000', 'rule DmarcFail')]
    assert steps['Policy'] == [('Reject', 'policy Default, DmarcRejectAction')]
    assert steps['Decision'][0][0] == 'Accept' and steps['Fail'][0][1].startswith('550 5.7.509')
    line = f'Test-Message {row["MessageTraceId"]}'
    (verdict,) = world[0].objects(f'{line} -HonorDmarcPolicy $false')
    assert (verdict['Decision'], verdict['NewDecision']) == ('Reject', 'Accept')
    assert (verdict['Action'], verdict['NewAction']) == ('Reject', 'MoveToJmf')
    (verdict,) = world[0].objects(f'{line} -DmarcRejectAction Quarantine')
    assert verdict['NewAction'] == 'Quarantine' and verdict['NewReason'] == 'DmarcRejectAction: Quarantine'
    (verdict,) = world[0].objects(line)
    assert not verdict['Changed'] and verdict['NewReply'] == verdict['Reply']


def test_junk_and_quarantine(world):
    row = send(world[0], 'ceo@contoso.onmicrosoft.com', 'x@phish.test')['ann@contoso.com']
    steps, _ = explain(world[0], row)
    assert steps['CompAuth'][0][0] == 'fail 601' and steps['Spam'][0][0] == 'FilteredAsSpam'
    assert steps['Policy'] == [('MoveToJmf', 'policy Default, AuthenticationFailAction')]
    row = send(world[0], 'x@quar.test', 'x@phish.test')['ann@contoso.com']
    steps, _ = explain(world[0], row)
    assert steps['Policy'] == [('Quarantine', 'policy Default, DmarcQuarantineAction')]
    assert steps['Quarantine'][0][0] == 'Quarantined'


def test_recipients_with_policies_of_their_own(world):
    postern = world[0]
    postern.cmdlets('New-AntiPhishPolicy Lenient -DmarcRejectAction Quarantine -HonorDmarcPolicy $false '
                    '-EnableSpoofIntelligence $true', 'New-AntiPhishRule R -AntiPhishPolicy Lenient -SentTo bob@contoso.com')
    rows = send(postern, 'ceo@strict.test', 'x@phish.test', recipients=('ann@contoso.com', 'bob@contoso.com'))
    postern.cmdlets('Remove-AntiPhishRule R -Confirm:$false', 'Remove-AntiPhishPolicy Lenient -Confirm:$false')
    steps, text = explain(postern, rows['bob@contoso.com'])
    assert text.count(' to ann@contoso.com') == text.count(' to bob@contoso.com') == 1
    assert steps['Policy'] == [
        ('Reject', 'policy Default, DmarcRejectAction, kept in quarantine, because other recipients get it'),
        ('MoveToJmf', 'policy Lenient by rule R, AuthenticationFailAction')]


def test_unknown_recipient_and_a_refusal_of_the_content(world):
    row = send(world[0], 'bob@bank.test', 'bob@bank.test', recipients=('nobody@contoso.com',))['nobody@contoso.com']
    assert 'no such recipient: 550 5.4.1' in explain(world[0], row)[0]['Decision'][0][1]
    row = send(world[0], '', 'x@phish.test', content=b'Subject: no author\r\n\r\nHi.\r\n')['ann@contoso.com']
    steps, _ = explain(world[0], row)
    assert steps['Decision'][0][0] == 'Accept' and '550 5.7.512' in steps['Fail'][0][1]


def test_json_and_an_id_that_is_none(world):
    row = world[0].objects('Get-MessageTraceV2')[0]
    done = world[0].run_postern('explain', row['MessageTraceId'], '--json')
    assert {'Receive', 'Decision'} <= {step['Event'] for step in json.loads(done.stdout)}
    done = world[0].run_postern('explain', '1234')
    assert done.returncode == 1 and '1234 is not one' in done.stderr
