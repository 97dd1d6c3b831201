"""Partner connectors at RCPT, by address and by certificate (rows 14-30, 43-46 of the table).

A row says which connector there is, who connects how, and what RCPT TO:<ann@contoso.com>
hears. Rows of one kind need nothing but a line here.
"""
import pytest

from postern import CmdletError
from replies import ACCEPTED, DIRECT_SEND, PARTNER, TLS_REQUIRED, assert_reply
from smtp_session import SmtpSession, client_context

JUDGE_AGAIN = True

EXT = '203.0.113.9'
PLAIN = None                    # No TLS at all.
NO_CERTIFICATE = 'no certificate'

BY_ADDRESS = '-SenderDomains * -SenderIPAddresses 198.51.100.0/24 -RequireTls $false'
BY_CERTIFICATE = '-SenderDomains contoso.com -TlsSenderCertificateName *.vendor.test -RestrictDomainsToCertificate $true'
BANK = '-RestrictDomainsToIPAddresses $true -SenderIPAddresses 192.0.2.0/24 -RequireTls $false'
LOCK_DOWN = '-SenderDomains * -RestrictDomainsToCertificate $true -TlsSenderCertificateName *.vendor.test'


@pytest.fixture
def connector(postern):
    made = []

    def make(parameters, name='Tested'):
        postern.cmdlet(f'New-InboundConnector -Name {name} -ConnectorType Partner {parameters}')
        made.append(name)

    yield make
    for name in made:
        postern.cmdlet(f'Remove-InboundConnector {name}')


def rcpt(postern, certificates, client, tls, reverse_path, forward_path='ann@contoso.com'):
    """`tls` is PLAIN, NO_CERTIFICATE or the name of one of the Certificates."""
    with SmtpSession(postern.proxied, proxy=client) as session:
        session.ehlo()
        if tls is not PLAIN:
            pair = () if tls == NO_CERTIFICATE else getattr(certificates, tls)
            session.starttls(client_context(*pair))
            session.ehlo()
        assert session.mail(reverse_path).code == 250
        return session.rcpt(forward_path)


@pytest.mark.parametrize('parameters, client, tls, reverse_path, expected', [
    pytest.param(BY_ADDRESS, '198.51.100.7', PLAIN, 'app@contoso.com', ACCEPTED, id='14-address-in-prefix'),
    pytest.param(BY_ADDRESS, '198.51.101.7', PLAIN, 'app@contoso.com', DIRECT_SEND, id='15-outside-the-prefix'),
    pytest.param('-SenderDomains contoso.com -RequireTls $false', EXT, PLAIN, 'app@contoso.com', DIRECT_SEND,
                 id='16-a-sender-domain-does-not-vouch'),
    pytest.param(BY_CERTIFICATE, EXT, 'wildcard', 'app@contoso.com', ACCEPTED, id='17-certificate-wildcard'),
    pytest.param(BY_CERTIFICATE, EXT, 'by_common_name', 'app@contoso.com', ACCEPTED, id='17-certificate-CN'),
    pytest.param(BY_CERTIFICATE, EXT, 'self_signed', 'app@contoso.com', PARTNER, id='18-self-signed'),
    pytest.param(BY_CERTIFICATE, EXT, 'expired', 'app@contoso.com', PARTNER, id='18-expired'),
    pytest.param(BY_CERTIFICATE, EXT, 'without_intermediate', 'app@contoso.com', PARTNER, id='18-missing-intermediate'),
    pytest.param(BY_CERTIFICATE, EXT, 'with_intermediate', 'app@contoso.com', ACCEPTED, id='17-full-chain'),
    pytest.param(BY_CERTIFICATE, EXT, 'of_stranger', 'app@contoso.com', PARTNER, id='18-another-name'),
    pytest.param(BY_CERTIFICATE, EXT, NO_CERTIFICATE, 'app@contoso.com', PARTNER, id='18-no-certificate'),
    pytest.param(BY_CERTIFICATE, EXT, 'by_alternative_name', 'app@contoso.com', ACCEPTED, id='19-SAN-only'),
    pytest.param(BY_ADDRESS + ' -Enabled $false', '198.51.100.7', PLAIN, 'app@contoso.com', DIRECT_SEND, id='20-disabled'),
    pytest.param(BY_ADDRESS.replace('$false', '$true'), '198.51.100.7', PLAIN, 'app@contoso.com', TLS_REQUIRED,
                 id='21-RequireTls-and-plaintext'),
    pytest.param(BY_ADDRESS.replace('$false', '$true'), '198.51.100.7', NO_CERTIFICATE, 'app@contoso.com', ACCEPTED,
                 id='21-RequireTls-and-TLS'),
    pytest.param('-SenderDomains bank.test ' + BANK, EXT, PLAIN, 'bob@bank.test', PARTNER, id='22-restricted-to-addresses'),
    pytest.param('-SenderDomains bank.test ' + BANK, '192.0.2.5', PLAIN, 'bob@bank.test', ACCEPTED, id='23-one-of-them'),
    pytest.param('-SenderDomains bank.test ' + BANK, EXT, PLAIN, 'bob@other.test', ACCEPTED, id='24-not-in-scope'),
    pytest.param('-SenderDomains bank.test ' + BANK, EXT, PLAIN, 'a@sub.bank.test', ACCEPTED, id='25-plain-name-not-recursive'),
    pytest.param('-SenderDomains *.bank.test ' + BANK, EXT, PLAIN, 'a@sub.bank.test', PARTNER, id='26-wildcard-below'),
    pytest.param('-SenderDomains *.bank.test ' + BANK, EXT, PLAIN, 'a@bank.test', PARTNER, id='27-wildcard-apex'),
    pytest.param(LOCK_DOWN, EXT, PLAIN, 'any@gmail.test', PARTNER, id='28-lock-down'),
    pytest.param(LOCK_DOWN, EXT, 'by_common_name', 'any@gmail.test', ACCEPTED, id='29-the-gateway'),
    pytest.param(LOCK_DOWN, EXT, PLAIN, 'printer@contoso.com', PARTNER, id='30-lock-down-before-switch'),
    pytest.param('-SenderDomains * -SenderIPAddresses 2001:db8:25::/48 -RequireTls $false', '2001:db8:25::25', PLAIN,
                 'app@contoso.com', ACCEPTED, id='44-IPv6-prefix'),
])
def test_row(postern, certificates, connector, parameters, client, tls, reverse_path, expected):
    connector(parameters)
    assert_reply(rcpt(postern, certificates, client, tls, reverse_path), expected)


def test_a_certificate_without_client_usage_vouches(postern, certificates, connector):
    """Public authorities issue mail servers' certificates for serverAuth alone."""
    connector(BY_CERTIFICATE)
    assert_reply(rcpt(postern, certificates, EXT, 'server_usage_only', 'app@contoso.com'), ACCEPTED)


def test_the_trace_names_the_connector_and_the_certificate(postern, certificates, connector):
    connector(BY_CERTIFICATE, name='Vendor')
    rcpt(postern, certificates, '203.0.113.77', 'by_alternative_name', 'app@contoso.com')
    (row,) = postern.trace('-FromIP 203.0.113.77')
    assert row['Connector'] == 'Vendor'
    assert row['Decision'] == 'Accept'


@pytest.mark.parametrize('line, complaint', [
    pytest.param('-SenderDomains * -SenderIPAddresses 10.0.0.0/16', 'SenderIPAddresses', id='43-prefix-too-wide'),
    pytest.param('-SenderDomains * -SenderIPAddresses 2001:db8::/32', 'SenderIPAddresses', id='44-IPv6-prefix-too-wide'),
    pytest.param('-SenderDomains domain.*.com', 'SenderDomains', id='45-inner-wildcard'),
    pytest.param('-SenderDomains * -TreatMessagesAsInternal $true', 'TreatMessagesAsInternal', id='46-Partner-internal'),
    pytest.param('-SenderDomains * -SenderIPAddresses 300.1.2.3', '300.1.2.3', id='no-address'),
    pytest.param('-SenderDomains * -NoSuchParameter 1', 'NoSuchParameter', id='unknown-parameter'),
    pytest.param('-SenderDomains * -RequireTls perhaps', 'RequireTls', id='not-a-boolean'),
    pytest.param('', 'SenderDomains', id='SenderDomains-is-required'),
])
def test_a_wrong_connector_is_refused_and_not_made(postern, line, complaint):
    with pytest.raises(CmdletError) as error:
        postern.cmdlet(f'New-InboundConnector -Name Wrong -ConnectorType Partner {line}')
    assert complaint in str(error.value)
    assert postern.objects('Get-InboundConnector') == []


def test_row_43_force(postern, certificates, connector):
    connector('-SenderDomains * -SenderIPAddresses 10.0.0.0/16 -RequireTls $false -Force')
    assert_reply(rcpt(postern, certificates, '10.0.77.1', PLAIN, 'app@contoso.com'), ACCEPTED)
