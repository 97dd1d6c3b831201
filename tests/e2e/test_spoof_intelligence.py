"""Spoof intelligence: the Tenant Allow/Block List, and what is learned from traffic: pairs, the history of
legitimate mail, reports about sent mail. Numbers are those of the rows of the test table."""
import pytest

from conftest import CONTOSO, temporary_folder
from hop_server import HopServer
from postern import ZONE, CmdletError, Postern
from smtp_session import SmtpSession, message
from test_spoofing import EXT, Sent, settings  # noqa: F401  (a fixture)
from waiting import wait_until

TMS = '203.0.113.56'
ELSEWHERE = '198.51.100.9'
PRINTER = '198.51.100.7'
LIST = '-TenantAllowBlockListSpoofItems'

RECORDS = '''\
_dmarc.gmail.test.      TXT "v=DMARC1; p=reject"
56.113.0.203.in-addr.arpa. PTR mail.tms.test.
mail.tms.test.          A 203.0.113.56
_dmarc.regular.test.    TXT "v=DMARC1; p=reject"
regular.test.           TXT "v=spf1 ip4:203.0.113.9 -all"
_dmarc.partner.test.    TXT "v=DMARC1; p=reject"
'''


@pytest.fixture(scope='module')
def relay():
    with HopServer('smtp') as hop:
        yield hop


@pytest.fixture(scope='module')
def world(certificates, relay):
    with temporary_folder() as folder, \
            Postern(folder, certificates, zone=ZONE + RECORDS, delivery={'relay': relay.url}) as postern:
        postern.cmdlets(*CONTOSO,
                        f'New-InboundConnector Printers -ConnectorType OnPremises -SenderDomains * -SenderIPAddresses {PRINTER}')
        yield postern, None


@pytest.fixture
def listed(world):
    """Adds an entry to the list for the time of a test; gives its Identity."""
    added = []

    def add(action, user, infrastructure, kind):
        (item,) = world[0].objects(f"New{LIST} -Identity Default -Action {action} -SpoofedUser '{user}' "
                                   f"-SendingInfrastructure '{infrastructure}' -SpoofType {kind}")
        added.append(item['Identity'])
        return item['Identity']

    yield add
    for identity in added:
        world[0].cmdlet(f'Remove{LIST} -Identity contoso.com\\Default -Ids {identity} -Confirm:$false')


def insight(world, user):
    return [row for row in world[0].objects('Get-SpoofIntelligenceInsight') if row['SpoofedUser'] == user]


def report(world, user):
    return [row for row in world[0].objects('Get-SpoofMailReport') if row['SpoofedUser'] == user]


def test_56_an_allowed_pair_is_delivered_although_dmarc_rejects(world, listed):
    refused = '550 5.7.509 Access denied, sending domain gmail.test does not pass DMARC verification'
    assert Sent(world, 'u@gmail.test', client=TMS).reply.line.startswith(refused)
    identity = listed('Allow', 'gmail.test', 'tms.test', 'External')
    sent = Sent(world, 'u@gmail.test', client=TMS)
    assert (sent.compauth, sent.status, sent.row['Dmarc']) == ('fail 000', 'Delivered', 'fail')
    assert 'TenantAllowBlockList: Allow gmail.test from tms.test' in sent.row['Reason']
    assert not sent.is_junk()
    # Only this pair.
    assert Sent(world, 'u@gmail.test', client=EXT).reply.line.startswith(refused)
    world[0].cmdlet(f'Set{LIST} -Ids {identity} -Action Block')
    sent = Sent(world, 'u@gmail.test', client=TMS)
    assert (sent.compauth, sent.status) == ('fail 002', 'Quarantined')
    rows = report(world, 'gmail.test')
    assert {(row['Source'], row['Action'], row['ResultCode'], row['SendingInfrastructure']) for row in rows} == {
        ('TenantAllowBlockList', 'Allowed', '000', 'tms.test'), ('TenantAllowBlockList', 'Blocked', '002', 'tms.test'),
        ('DmarcPolicy', 'Blocked', '000', 'tms.test'), ('DmarcPolicy', 'Blocked', '000', '203.0.113.0/24')}
    assert not insight(world, 'gmail.test')


def test_57_a_blocked_pair_is_a_spoof(world, listed):
    listed('Block', 'hr@contoso.com', '203.0.113.0/24', 'Internal')
    sent = Sent(world, 'HR@contoso.com')
    assert (sent.compauth, sent.status) == ('fail 002', 'Quarantined')
    assert sent.row['Reason'][0] == 'SpoofBlockAction: Quarantine, policy Default, compauth=fail reason=002'
    assert 'TenantAllowBlockList: Block hr@contoso.com from 203.0.113.0/24' in sent.row['Reason']
    # Another author, and the same from elsewhere.
    assert Sent(world, 'it@contoso.com').compauth == 'fail 601'
    assert Sent(world, 'hr@contoso.com', client=ELSEWHERE).compauth == 'fail 601'


def test_58_no_entry_rescues_from_reject_direct_send(world, listed):
    listed('Allow', 'contoso.com', '203.0.113.0/24', 'Internal')
    with SmtpSession(world[0].proxied, proxy=EXT) as session:
        session.ehlo('mail.bank.test')
        session.mail('printer@contoso.com')
        assert session.rcpt('ann@contoso.com').line.startswith('550 5.7.68 ')
    # After the RCPT it counts.
    sent = Sent(world, 'ceo@contoso.com')
    assert (sent.compauth, sent.status) == ('fail 601', 'Delivered') and not sent.is_junk()


def test_the_list_has_limits(world):
    for arguments, words in [
            ("-SpoofedUser '*' -SendingInfrastructure '*' -SpoofType External", 'only one of them can be'),
            ('-SpoofedUser contoso.com -SendingInfrastructure tms.test -SpoofType External', 'so the type is Internal')]:
        with pytest.raises(CmdletError, match=words):
            world[0].cmdlet(f'New{LIST} -Action Allow {arguments}')


def test_forged_authors_are_learned_and_outlive_a_restart(world, settings):  # noqa: F811
    for _ in range(2):
        Sent(world, 'board@contoso.com')
    settings('Set-AntiPhishPolicy Default -EnableSpoofIntelligence $false',
             'Set-AntiPhishPolicy Default -EnableSpoofIntelligence $true')
    Sent(world, 'board@contoso.com', client=TMS)
    rows = insight(world, 'board@contoso.com')
    assert {(row['SendingInfrastructure'], row['MessageCount'], row['SpoofType'], row['Action'], row['WhatIf'])
            for row in rows} == {('203.0.113.0/24', 2, 'Internal', 'Blocked', False), ('tms.test', 1, 'Internal', 'Blocked', True)}
    (row,) = [row for row in report(world, 'board@contoso.com') if row['Count'] == 2]
    assert {name: row[name] for name in ('EventType', 'Direction', 'Domain', 'TrueSender', 'Source', 'Result', 'ResultCode',
                                         'SPF', 'DKIM', 'DMARC')} == {
        'EventType': 'SpoofMail', 'Direction': 'Inbound', 'Domain': 'contoso.com', 'TrueSender': 'phish.test',
        'Source': 'SpoofIntelligence', 'Result': 'fail', 'ResultCode': '601', 'SPF': 'pass', 'DKIM': 'none', 'DMARC': 'none'}
    world[0].stop()
    world[0].start()
    assert insight(world, 'board@contoso.com') == rows


def test_7xx_proven_mail_speaks_for_later_mail_from_the_same_network(world, settings):  # noqa: F811
    settings('Set-CompositeAuthConfig -HistoryMessages 3 -HistoryDays 1',
             'Set-CompositeAuthConfig -HistoryMessages 20 -HistoryDays 7')
    neighbour = '203.0.113.10'

    def prove(times):
        for number in range(times):
            sent = Sent(world, 'bob@regular.test', 'bob@regular.test',
                        content=message('bob@regular.test', subject=f'proof {number}'))
            assert (sent.compauth, sent.status) == ('pass 100', 'Delivered')
        world[0].cmdlet('Get-SpoofMailReport')  # waits until all is counted

    prove(3)
    sent = Sent(world, 'bob@regular.test', 'bob@regular.test', client=neighbour)
    assert (sent.compauth, sent.status) == ('pass 703', 'Delivered')
    (row,) = insight(world, 'regular.test')
    assert (row['Action'], row['SendingInfrastructure']) == ('Allowed', '203.0.113.0/24')
    # From elsewhere nothing speaks for it.
    sent = Sent(world, 'bob@regular.test', 'bob@regular.test', client=ELSEWHERE)
    assert sent.reply.sentence.startswith('550 5.7.509 ')
    # Mail that was forged trains nothing, however much of it comes.
    for number in range(4):
        Sent(world, 'bob@partner.test', client=EXT)
    world[0].cmdlet('Get-SpoofMailReport')
    assert Sent(world, 'bob@partner.test', client=EXT).compauth == 'fail 000'


def test_502_a_report_about_a_sent_message(world, relay):
    with SmtpSession(world[0].proxied, proxy=PRINTER) as session:
        session.ehlo('printer.contoso.com')
        session.mail('ann@contoso.com')
        assert session.rcpt('user@partner.test').code == 250
        assert session.data(message('ann@contoso.com', subject='An offer')).code == 250
    sent_id = wait_until(lambda: relay.delivered and relay.delivered[-1][1], 'the relay has it')
    sent_id = sent_id.decode().split('Message-ID: <')[1].split('>')[0]
    world[0].cmdlet('Get-SpoofMailReport')

    def reported(author='MAILER-DAEMON@partner.test', recipient='ann@contoso.com', field='In-Reply-To', identity=sent_id,
                 reverse_path=''):
        return Sent(world, author, reverse_path, recipients=(recipient,),
                    content=message(author, subject='Undelivered', fields=f'{field}: <{identity}>\n')).compauth

    assert reported() == 'none 502'
    assert reported(field='References') == 'none 502'
    # Of a stranger, about an unknown message, to somebody else, or not with the null reverse-path.
    assert reported(author='MAILER-DAEMON@regular.test') == 'fail 000'
    assert reported(identity='other@client.example') == 'fail 000'
    assert reported(recipient='bob@contoso.com') == 'fail 000'
    assert reported(reverse_path='x@phish.test') == 'fail 000'


def test_metrics_tell_of_the_counts(world):
    values = world[0].metrics()
    assert values['postern_spoof_pairs'] >= 1 and values['postern_traffic_histories'] >= 1
    for name in ('spoof_pairs_evicted_total', 'spoof_sightings_nameless_total', 'spoof_events_lost_total',
                 'spoof_write_failures_total'):
        assert values[f'postern_{name}'] == 0
