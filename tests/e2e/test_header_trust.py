"""Whose header fields are believed (rows 40 to 42), and what the edge says in its own."""
import pytest

from smtp_session import SmtpSession, client_context
from test_headers import field, fields

EXT = '203.0.113.9'
PARTNER = '198.51.100.7'
OWN = '198.51.100.20'
ORGANIZATION = 'X-MS-Exchange-Organization-'
CROSS_PREMISES = 'X-MS-Exchange-CrossPremises-'

# As strangers would have it: in other letters, folded, folded before the colon, again and again.
FORGED = (f'{ORGANIZATION}AuthAs: Internal\r\n'
          f'{ORGANIZATION.upper()}AUTHAS : Internal\r\n'
          f'{ORGANIZATION}AuthSource:\r\n hub.contoso.com\r\n'
          f'{ORGANIZATION}SCL\r\n : -1\r\n'
          f'{CROSS_PREMISES}AuthAs: Internal\r\n'
          f'{CROSS_PREMISES.lower()}authas:\r\n\tInternal\r\n'
          'X-Postern-Auth-As: Internal\r\n'
          'X-CrossPremisesHeadersPromoted: hub.contoso.com\r\n'
          + f'{ORGANIZATION}AuthAs: Internal\r\n' * 50)
HUB = (f'{CROSS_PREMISES}AuthAs: Internal\r\n{CROSS_PREMISES}AuthSource: hub.contoso.com\r\n'
       f'{CROSS_PREMISES}SCL: -1\r\n{CROSS_PREMISES}Long:\r\n one\r\n\ttwo\r\n')


@pytest.fixture(params=[False, True], ids=['ours', 'exchange'])
def exchange(request, postern):
    """Are Exchange's names stamped, too?"""
    postern.cmdlet(f'Set-OrganizationConfig -StampExchangeHeaders ${request.param}')
    yield request.param
    postern.cmdlet('Set-OrganizationConfig -StampExchangeHeaders $false')


@pytest.fixture
def connector(postern):
    yield lambda parameters: postern.cmdlet(f'New-InboundConnector {parameters}')
    for row in postern.objects('Get-InboundConnector'):
        postern.cmdlet(f'Remove-InboundConnector {row["Name"]}')


def deliver(postern, header, client=EXT, reverse_path='bob@bank.test', certificate=None, author='bob@bank.test'):
    before = set(postern.mailbox('ann@contoso.com'))
    with SmtpSession(postern.proxied, proxy=client) as session:
        session.ehlo()
        if certificate:
            session.starttls(client_context(*certificate))
            session.ehlo()
        assert session.mail(reverse_path).code == 250
        assert session.rcpt('ann@contoso.com').code == 250
        reply = session.data(f'From: {author}\r\n{header}\r\nHello.\r\n'.encode())
        assert reply.code == 250, reply.line
    (file,) = set(postern.mailbox('ann@contoso.com')) - before
    return file.read_bytes()


def organization_fields(delivered):
    return {name: fields(delivered, ORGANIZATION + name) for name in ('AuthAs', 'AuthSource', 'SCL', 'MessageDirectionality')}


def assert_anonymous(delivered, exchange, direction='Incoming'):
    assert field(delivered, 'X-Postern-Auth-As') == 'Anonymous'
    assert field(delivered, 'X-Postern-Directionality') == direction
    assert organization_fields(delivered) == (
        {'AuthAs': ['Anonymous'], 'AuthSource': ['mx.contoso.test'], 'SCL': [], 'MessageDirectionality': [direction]}
        if exchange else {'AuthAs': [], 'AuthSource': [], 'SCL': [], 'MessageDirectionality': []})
    assert b'crosspremises-' not in delivered.lower()
    assert fields(delivered, 'X-CrossPremisesHeadersPromoted') == []
    assert fields(delivered, 'X-CrossPremisesHeadersFiltered') == (['mx.contoso.test'] if exchange else [])


def test_row_42_of_a_stranger_nothing_is_believed(postern, exchange):
    assert_anonymous(deliver(postern, FORGED), exchange)


def test_row_40_nor_of_a_partner(postern, exchange, connector):
    connector(f'Partner -SenderDomains * -SenderIPAddresses {PARTNER} -RequireTls $false')
    delivered = deliver(postern, FORGED, PARTNER, 'ann@contoso.com', author='ann@contoso.com')
    assert field(delivered, 'X-Postern-Connector') == 'Partner'
    assert_anonymous(delivered, exchange)
    assert fields(delivered, ORGANIZATION + 'InternalOrgSender') == (['True'] if exchange else [])


def test_nor_of_a_partner_with_the_switch_for_own_servers(postern, exchange, connector):
    connector(f'Partner -SenderDomains * -SenderIPAddresses {PARTNER} -RequireTls $false -CloudServicesMailEnabled $true')
    assert_anonymous(deliver(postern, FORGED, PARTNER), exchange)


def test_nor_of_own_servers_that_were_promised_nothing(postern, exchange, connector):
    connector(f'Own -ConnectorType OnPremises -SenderDomains * -SenderIPAddresses {OWN}')
    assert_anonymous(deliver(postern, FORGED, OWN, 'ann@contoso.com'), exchange, 'Originating')


def test_row_41_own_servers_fields_are_promoted(postern, exchange, connector, certificates):
    connector('Hybrid -ConnectorType OnPremises -SenderDomains * -TlsSenderCertificateName mail.contoso.com -CloudServicesMailEnabled $true')
    # Even own servers have no say under the other names.
    forged = f'{ORGANIZATION}SCL: 9\r\n{ORGANIZATION}AuthAs: Anonymous\r\n'
    delivered = deliver(postern, forged + HUB, reverse_path='ann@contoso.com', certificate=certificates.of_contoso)
    assert field(delivered, 'X-Postern-Auth-As') == 'Internal'
    assert field(delivered, 'X-Postern-Directionality') == 'Originating'
    assert organization_fields(delivered) == (
        {'AuthAs': ['Internal'], 'AuthSource': ['hub.contoso.com'], 'SCL': ['-1'], 'MessageDirectionality': ['Originating']}
        if exchange else {'AuthAs': [], 'AuthSource': [], 'SCL': [], 'MessageDirectionality': []})
    assert fields(delivered, ORGANIZATION + 'Long') == (['one two'] if exchange else [])
    assert fields(delivered, 'X-CrossPremisesHeadersPromoted') == (['mx.contoso.test'] if exchange else [])
    assert b'crosspremises-' not in delivered.lower()


def test_the_same_fields_without_the_certificate(postern, exchange, connector):
    connector('Hybrid -ConnectorType OnPremises -SenderDomains * -TlsSenderCertificateName mail.contoso.com -CloudServicesMailEnabled $true')
    assert_anonymous(deliver(postern, HUB), exchange)


def test_own_servers_that_disagree_with_themselves(postern, exchange, connector):
    connector(f'Hybrid -ConnectorType OnPremises -SenderDomains * -SenderIPAddresses {OWN} -CloudServicesMailEnabled $true')
    delivered = deliver(postern, HUB + f'{CROSS_PREMISES}AuthAs: Anonymous\r\n', OWN, 'ann@contoso.com')
    assert field(delivered, 'X-Postern-Auth-As') == 'Anonymous'


def test_messages_that_are_treated_as_internal(postern, exchange, connector):
    connector(f'Scanner -ConnectorType OnPremises -SenderDomains * -SenderIPAddresses {OWN} -TreatMessagesAsInternal $true')
    delivered = deliver(postern, '', OWN, 'scanner@contoso.com')
    assert field(delivered, 'X-Postern-Auth-As') == 'Internal'
    # Its mail of foreign senders is nobody's own.
    assert field(deliver(postern, '', OWN), 'X-Postern-Auth-As') == 'Anonymous'


def test_direct_send_is_marked(postern, exchange):
    postern.cmdlet('Set-OrganizationConfig -RejectDirectSend $false')
    try:
        delivered = deliver(postern, 'X-Postern-Direct-Send: false\r\n', reverse_path='printer@contoso.com')
    finally:
        postern.cmdlet('Set-OrganizationConfig -RejectDirectSend $true')
    assert field(delivered, 'X-Postern-Direct-Send') == 'true'
    assert fields(delivered, ORGANIZATION + 'IsAnonymousDirectSend') == (['True'] if exchange else [])
    assert fields(delivered, ORGANIZATION + 'InternalOrgSender') == (['True'] if exchange else [])
    identity = field(delivered, 'X-Postern-Message-Trace-Id')
    assert fields(delivered, ORGANIZATION + 'Network-Message-Id') == ([identity] if exchange else [])


def test_what_a_header_section_may_have_is_bounded(postern, connector):
    """As many fields as are taken at all, all of them to be promoted."""
    connector(f'Hybrid -ConnectorType OnPremises -SenderDomains * -SenderIPAddresses {OWN} -CloudServicesMailEnabled $true')
    postern.cmdlet('Set-OrganizationConfig -StampExchangeHeaders $true')
    try:
        many = ''.join(f'{CROSS_PREMISES}A{number}: {"x" * 200}\r\n' for number in range(999))
        delivered = deliver(postern, many, OWN, 'ann@contoso.com')
    finally:
        postern.cmdlet('Set-OrganizationConfig -StampExchangeHeaders $false')
    assert len(fields(delivered, rf'{ORGANIZATION}A\d+')) == 100
    assert b'crosspremises-' not in delivered.lower()
