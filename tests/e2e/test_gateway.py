"""Mail that comes through a gateway: Enhanced Filtering finds who sent it (rows 50 and 51), a lock-down lets
nothing else in, and a real Postfix as backup MX."""
import re

import pytest

from conftest import CONTOSO, temporary_folder
from postern import ZONE, Postern
from postfix import Postfix, needs_root
from smtp_session import SmtpSession, message
from test_headers import field, fields
from test_milter import ByPostfix, MilterPostern, postfix_settings
from waiting import wait_until

EXT = '203.0.113.9'
GATEWAY = '192.0.2.5'
BY_GATEWAY = 'by gw.contoso.com (Postfix) with ESMTPS id 4bX1; Sun, 22 Nov 2026 09:00:00 +0000 (UTC)'
ENHANCED_FILTERING = 'New-InboundConnector Gateway -SenderDomains * -SenderIPAddresses 192.0.2.5 -RequireTls $false'
NAMED = ('_dmarc.bank.test. TXT "v=DMARC1; p=reject"\n'
         '9.113.0.203.in-addr.arpa. PTR mail.bank.test.\n')


@pytest.fixture(scope='module')
def postern(certificates):
    with temporary_folder() as folder, Postern(folder, certificates, zone=ZONE + NAMED) as postern:
        # Evidence is looked at here, also where DMARC would have the mail refused.
        postern.cmdlets(*CONTOSO, 'Set-AntiPhishPolicy Default -HonorDmarcPolicy $false')
        yield postern


@pytest.fixture
def connector(postern):
    """Makes the gateway's connector, for the time of a test."""
    yield lambda parameters: postern.cmdlet(f'{ENHANCED_FILTERING} {parameters}')
    for row in postern.objects('Get-InboundConnector'):
        postern.cmdlet(f'Remove-InboundConnector {row["Name"]}')
    postern.cmdlet('Set-OrganizationConfig -StampExchangeHeaders $false')


def received(client, helo='mail.bank.test', by=BY_GATEWAY):
    return f'Received: from {helo} (unknown [{client}])\n\t{by}\n'


def deliver(postern, header_fields='', client=GATEWAY, reverse_path='bob@bank.test', to=('ann@contoso.com',)):
    """What the first recipient got, and the rows of the trace in the order of the recipients."""
    before = set(postern.mailbox(to[0]))
    with SmtpSession(postern.proxied, proxy=client) as session:
        session.ehlo('gw.contoso.com')
        assert session.mail(reverse_path).code == 250
        for forward_path in to:
            assert session.rcpt(forward_path).code == 250
        reply = session.data(message('Bob <bob@bank.test>', fields=header_fields))
        assert reply.code == 250, reply.line
    (file,) = set(postern.mailbox(to[0])) - before
    identity = re.search(r'id ([0-9a-f-]{36})', reply.line)[1]
    return file.read_bytes(), postern.trace(f'-MessageTraceId {identity}', rows=len(to))


def spf(delivered):
    return re.search(r'spf=(\w+)', field(delivered, 'Authentication-Results'))[1]


def test_row_50_the_true_client_is_judged(postern, connector):
    connector('-EFSkipLastIP $true')
    delivered, (row,) = deliver(postern, received(EXT))
    results = field(delivered, 'Authentication-Results')
    assert 'spf=pass' in results and 'dmarc=pass' in results
    assert 'iprev=pass (mail.bank.test) policy.iprev=203.0.113.9' in results
    assert all('client-ip=203.0.113.9' in one for one in fields(delivered, 'Received-SPF'))
    assert field(delivered, 'X-Postern-Skip-Listed-Internet-Sender') == 'ip=[203.0.113.9];domain=mail.bank.test'
    assert field(delivered, 'X-Postern-External-Original-Internet-Sender') == 'ip=[203.0.113.9];domain=mail.bank.test'
    # Who connected is still who connected.
    ours, theirs = fields(delivered, 'Received')
    assert re.match(r'from gw\.contoso\.com \(.*192\.0\.2\.5.*\) by mx\.contoso\.test', ours)
    assert (row['FromIP'], row['Helo'], row['Connector']) == (GATEWAY, 'gw.contoso.com', 'Gateway')
    assert row['TrueClient'] == EXT
    assert row['EnhancedFiltering'] == 'true client 203.0.113.9 (mail.bank.test) behind 1 Received field'
    assert (row['Spf'], row['Dmarc'], row['Iprev'], row['Ptr']) == ('pass', 'pass', 'pass', 'mail.bank.test')
    assert row['Reason'] == []


def test_without_it_the_gateway_is_judged(postern, connector):
    connector('')
    delivered, (row,) = deliver(postern, received(EXT))
    assert spf(delivered) == 'fail' and row['Dmarc'] == 'fail'
    assert fields(delivered, 'X-Postern-Skip-Listed-Internet-Sender') == []
    assert (row['TrueClient'], row['EnhancedFiltering']) == ('', '')


def test_row_50_exchange_names_are_stamped_on_request(postern, connector):
    connector('-EFSkipIPs 192.0.2.0/24')
    postern.cmdlet('Set-OrganizationConfig -StampExchangeHeaders $true')
    delivered, _ = deliver(postern, received(EXT) + 'X-MS-Exchange-SkipListedInternetSender: ip=[192.0.2.99];domain=forged\n')
    assert field(delivered, 'X-MS-Exchange-SkipListedInternetSender') == 'ip=[203.0.113.9];domain=mail.bank.test'
    assert field(delivered, 'X-MS-Exchange-ExternalOriginalInternetSender') == 'ip=[203.0.113.9];domain=mail.bank.test'


@pytest.mark.parametrize('header_fields, true_client, why', [
    # The gateway had a client that forged an honest history of its own.
    (received('198.51.100.66', 'evil.test') + received(EXT, by='by evil.test with ESMTP id 1; Sun, 22 Nov 2026 09:00:00 +0000'),
     '198.51.100.66', 'true client 198.51.100.66 (evil.test) behind 1 Received field'),
    (received('10.0.0.7', 'app') + received('198.51.100.66', 'evil.test'), '198.51.100.66',
     'true client 198.51.100.66 (evil.test) behind 2 Received fields'),
    ('', '', 'true client unknown: 0 Received fields lead to no other host'),
    (f'Received: from [203.0.113.9] (somewhere) {BY_GATEWAY}\n' + received(EXT), '', 'true client unknown: Received field 1 cannot be read'),
    # The client said HELO with an address that is not its own.
    (received('198.51.100.66', '[203.0.113.9]'), '198.51.100.66', 'true client 198.51.100.66 ([203.0.113.9]) behind 1 Received field'),
], ids=['forged below', 'two hops', 'no field', 'unreadable', 'forged hello'])
def test_forged_fields_do_not_help(postern, connector, header_fields, true_client, why):
    # Private addresses are passed by with EFSkipIPs.
    connector('-EFSkipIPs 192.0.2.5' if '10.0.0.7' in header_fields else '-EFSkipLastIP $true')
    delivered, (row,) = deliver(postern, header_fields)
    assert spf(delivered) == 'fail' == row['Spf'] and row['Dmarc'] == 'fail'
    assert (row['TrueClient'], row['EnhancedFiltering']) == (true_client, why)
    judged = true_client or GATEWAY
    assert f'client-ip={judged}' in fields(delivered, 'Received-SPF')[0]


def test_a_stranger_cannot_be_a_gateway(postern, connector):
    connector('-EFSkipLastIP $true')
    delivered, (row,) = deliver(postern, received(EXT), client='198.51.100.66')
    assert spf(delivered) == 'fail'
    assert (row['Connector'], row['TrueClient'], row['EnhancedFiltering']) == ('', '', '')


def test_a_connector_that_knows_nobody_is_no_gateway(postern, connector):
    postern.cmdlet('New-InboundConnector Anybody -SenderDomains bank.test -RequireTls $false -EFSkipLastIP $true')
    delivered, (row,) = deliver(postern, received(EXT), client='198.51.100.66')
    assert spf(delivered) == 'fail'
    assert (row['Connector'], row['TrueClient']) == ('Anybody', '')
    (finding,) = [one for one in postern.objects('Test-InboundConnector Anybody') if 'Enhanced Filtering' in one['Finding']]
    assert finding['Severity'] == 'Warning'


def test_row_51_all_recipients_must_be_listed(postern, connector):
    connector('-EFSkipLastIP $true -EFUsers ann@contoso.com')
    delivered, (row,) = deliver(postern, received(EXT))
    assert spf(delivered) == 'pass' and row['TrueClient'] == EXT
    delivered, rows = deliver(postern, received(EXT), to=('ann@contoso.com', 'bob@contoso.com'))
    assert spf(delivered) == 'fail'
    # What would have been found is told all the same.
    assert field(delivered, 'X-Postern-Skip-Listed-Internet-Sender') == 'ip=[203.0.113.9];domain=mail.bank.test'
    assert fields(delivered, 'X-Postern-External-Original-Internet-Sender') == []
    assert [row['TrueClient'] for row in rows] == ['', '']
    assert {row['EnhancedFiltering'] for row in rows} == {
        'not for all recipients: true client 203.0.113.9 (mail.bank.test) behind 1 Received field'}


def test_the_null_reverse_path_goes_by_the_true_hello(postern, connector):
    connector('-EFSkipLastIP $true')
    delivered, (row,) = deliver(postern, received(EXT, 'bank.test'), reverse_path='')
    assert 'spf=pass' in field(delivered, 'Authentication-Results') and row['SpfDomain'] == 'bank.test'


def test_a_large_message_is_judged_while_it_comes(postern, connector):
    connector('-EFSkipLastIP $true')
    with SmtpSession(postern.proxied, proxy=GATEWAY) as session:
        session.ehlo('gw.contoso.com')
        session.mail('bob@bank.test')
        session.rcpt('ann@contoso.com')
        reply = session.data(message('Bob <bob@bank.test>', fields=received(EXT), body='line of a large message\n' * 20000))
        assert reply.code == 250
    identity = re.search(r'id ([0-9a-f-]{36})', reply.line)[1]
    (row,) = postern.trace(f'-MessageTraceId {identity}')
    assert (row['Spf'], row['TrueClient']) == ('pass', EXT)


def test_a_lock_down_lets_in_the_gateway_alone(postern, connector):
    connector('-RestrictDomainsToIPAddresses $true -EFSkipLastIP $true')
    with SmtpSession(postern.proxied, proxy=EXT) as session:
        session.ehlo()
        session.mail('bob@bank.test')
        assert session.rcpt('ann@contoso.com').line.startswith('550 5.7.51 TenantInboundAttribution; ')
    _, (row,) = deliver(postern, received(EXT))
    assert (row['Connector'], row['Spf'], row['TrueClient']) == ('Gateway', 'pass', EXT)


@needs_root
def test_a_real_postfix_as_backup_mx(postern, connector):
    """Its Received field is the one that is read."""
    connector('-EFSkipLastIP $true')
    postern.cmdlet('Set-InboundConnector Gateway -SenderIPAddresses 127.0.0.30')
    with temporary_folder() as folder, Postfix(
            folder, relayhost=postern.smtp, smtpd_authorized_xclient_hosts='127.0.0.0/8', myhostname='backup.contoso.com',
            smtp_helo_name='backup.contoso.com', relay_domains='contoso.com', relay_transport='smtp', mynetworks='127.0.0.99') as postfix:
        before = set(postern.mailbox('ann@contoso.com'))
        with ByPostfix(postfix.smtp, EXT) as session:
            session.ehlo('mail.bank.test')
            assert session.mail('bob@bank.test').code == 250
            assert session.rcpt('ann@contoso.com').code == 250
            assert session.data(message('Bob <bob@bank.test>')).code == 250
        (file,) = wait_until(lambda: set(postern.mailbox('ann@contoso.com')) - before, lambda: f'the mail\n{postfix.log()}')
    results = field(file.read_bytes(), 'Authentication-Results')
    assert 'spf=pass' in results and 'dmarc=pass' in results
    (row,) = [row for row in postern.trace('-FromIP 127.0.0.30') if row['Connector'] == 'Gateway']
    assert (row['TrueClient'], row['EnhancedFiltering']) == (EXT, 'true client 203.0.113.9 (mail.bank.test) behind 1 Received field')


@needs_root
def test_the_same_by_milter(certificates):
    """There is no Received field of ours: the topmost is the gateway's, as Postfix hides its own."""
    with temporary_folder() as folder, MilterPostern(folder, certificates, zone=ZONE + NAMED) as postern, \
            temporary_folder() as other, Postfix(other, **postfix_settings(postern, certificates)) as postfix:
        postern.cmdlets(*CONTOSO, f'{ENHANCED_FILTERING} -EFSkipLastIP $true', 'Set-OrganizationConfig -StampExchangeHeaders $true')
        with ByPostfix(postfix.smtp, GATEWAY) as session:
            session.ehlo('gw.contoso.com')
            assert session.mail('bob@bank.test').code == 250
            assert session.rcpt('ann@contoso.com').code == 250
            forged = 'X-MS-Exchange-Organization-AuthAs: Internal\nx-ms-exchange-crosspremises-authas:\n Internal\n'
            assert session.data(message('Bob <bob@bank.test>', fields=received(EXT) + forged)).code == 250
        (file,) = wait_until(lambda: postfix.mailbox('ann@contoso.com'), lambda: f'the mail\n{postfix.log()}')
        delivered = file.read_bytes()
        assert 'spf=pass' in field(delivered, 'Authentication-Results')
        assert field(delivered, 'X-MS-Exchange-ExternalOriginalInternetSender') == 'ip=[203.0.113.9];domain=mail.bank.test'
        assert field(delivered, 'X-MS-Exchange-Organization-AuthAs') == 'Anonymous'
        assert b'crosspremises-authas' not in delivered.lower()
        (row,) = postern.trace()
        assert (row['FromIP'], row['TrueClient'], row['NextHop']) == (GATEWAY, EXT, 'milter')
