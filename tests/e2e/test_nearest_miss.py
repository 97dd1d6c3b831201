"""Why did my printer not match? The trace of a real session names the connector that was probably
meant, Test-Attribution says the same beforehand, and Test-InboundConnector finds it without mail.
The client hears nothing of it.
"""
import subprocess

import pytest

from postern import CmdletError
from replies import ACCEPTED, DIRECT_SEND, PARTNER, assert_reply
from smtp_session import SmtpSession, client_context

JUDGE_AGAIN = True

NEAR_PRINTERS = "connector Printers lists 198.51.100.7, which is in the client's /24"


@pytest.fixture
def connector(postern):
    made = []

    def make(name, parameters):
        postern.cmdlet(f'New-InboundConnector -Name {name} {parameters}')
        made.append(name)

    yield make
    for name in made:
        postern.cmdlet(f'Remove-InboundConnector {name} -Confirm:$false')


def rcpt(postern, client, reverse_path, pair=None, forward_path='ann@contoso.com'):
    with SmtpSession(postern.proxied, proxy=client) as session:
        session.ehlo()
        if pair is not None:
            session.starttls(client_context(*pair))
            session.ehlo()
        assert session.mail(reverse_path).code == 250
        return session.rcpt(forward_path)


def test_a_printer_that_moved(postern, connector):
    connector('Printers', '-SenderDomains * -SenderIPAddresses 198.51.100.7 -RequireTls $false')
    reply = rcpt(postern, '198.51.100.21', 'printer@contoso.com')
    assert_reply(reply, DIRECT_SEND)
    assert 'Printers' not in str(reply)
    (row,) = postern.trace('-FromIP 198.51.100.21')
    assert row['NearestMiss'] == NEAR_PRINTERS
    assert row['Reason'] == ['RejectDirectSend']
    assert row['Connector'] == ''
    shown = postern.cmdlet('Get-MessageTraceV2 -FromIP 198.51.100.21 | Format-List Connector, NearestMiss')
    assert NEAR_PRINTERS in shown
    counted = postern.cmdlet('Get-MessageTraceV2 -FromIP 198.51.100.21 | Where-Object NearestMiss '
                             '| Group-Object NearestMiss -NoElement')
    assert NEAR_PRINTERS in counted


def test_a_switched_off_connector_by_certificate(postern, certificates, connector):
    connector('Vendor', '-SenderDomains * -TlsSenderCertificateName *.vendor.test -Enabled $false')
    assert_reply(rcpt(postern, '203.0.113.31', 'app@contoso.com', certificates.by_common_name), DIRECT_SEND)
    (row,) = postern.trace('-FromIP 203.0.113.31')
    assert row['NearestMiss'] == "connector Vendor matches the client's certificate, but it is not enabled"


def test_another_name_of_the_same_vendor(postern, certificates, connector):
    connector('Vendor', '-SenderDomains * -TlsSenderCertificateName old.vendor.test')
    assert_reply(rcpt(postern, '203.0.113.32', 'app@contoso.com', certificates.by_alternative_name), DIRECT_SEND)
    (row,) = postern.trace('-FromIP 203.0.113.32')
    assert row['NearestMiss'] == ("connector Vendor wants a certificate for old.vendor.test, and the client's is "
                                  'for another name of vendor.test')


@pytest.mark.parametrize('kind, problem', [
    ('expired', 'certificate has expired'),
    ('self_signed', 'self-signed certificate'),
    ('without_intermediate', 'unable to get local issuer certificate'),
])
def test_a_certificate_that_does_not_count_says_why(postern, certificates, connector, kind, problem):
    connector('Vendor', '-SenderDomains contoso.com -TlsSenderCertificateName *.vendor.test '
                        '-RestrictDomainsToCertificate $true')
    client = {'expired': '203.0.113.33', 'self_signed': '203.0.113.34', 'without_intermediate': '203.0.113.35'}[kind]
    assert_reply(rcpt(postern, client, 'app@contoso.com', getattr(certificates, kind)), PARTNER)
    (row,) = postern.trace(f'-FromIP {client}')
    assert f'CertificateNotTrusted: {problem}' in row['Reason']
    assert row['NearestMiss'] == ("connector Vendor is for the sender's domain, but the client showed no trusted "
                                  'certificate')


def test_denied_relay_is_in_the_trace_of_whose_connector_was_meant(postern, connector):
    connector('Printers', '-SenderDomains * -SenderIPAddresses 198.51.100.7 -RequireTls $false')
    assert rcpt(postern, '198.51.100.7', 'printer@contoso.com', forward_path='user@gmail.test').code == 550
    (row,) = postern.trace('-FromIP 198.51.100.7 -RecipientAddress user@gmail.test')
    assert row['NearestMiss'] == ("connector Printers matches the client's address, but a Partner connector lets "
                                  'nobody send to other domains')


def test_vouched_mail_misses_nothing(postern, connector):
    connector('Printers', '-SenderDomains * -SenderIPAddresses 198.51.100.0/24 -RequireTls $false')
    connector('Off', '-SenderDomains * -SenderIPAddresses 198.51.100.77 -RequireTls $false -Enabled $false')
    with SmtpSession(postern.proxied, proxy='198.51.100.77') as session:
        session.ehlo()
        session.mail('app@contoso.com')
        assert_reply(session.rcpt('ann@contoso.com'), ACCEPTED)
    (row,) = postern.trace('-FromIP 198.51.100.77')
    assert row['Connector'] == 'Printers' and row['NearestMiss'] == ''


@pytest.mark.parametrize('kind', ['by_common_name', 'with_intermediate', 'without_intermediate', 'expired', 'self_signed'])
def test_test_attribution_says_what_a_session_hears(postern, certificates, connector, kind):
    connector('Vendor', '-SenderDomains * -TlsSenderCertificateName *.vendor.test')
    pair = getattr(certificates, kind)
    heard = rcpt(postern, '203.0.113.36', 'app@contoso.com', pair)
    rows = postern.objects(f'Test-Attribution 203.0.113.36 -Certificate {pair.certificate} '
                           '-MailFrom app@contoso.com -RcptTo ann@contoso.com')
    said = {row['Rule']: row for row in rows}
    assert str(heard.code) == said['Reply']['Result'].split()[0]
    trusted = kind in ('by_common_name', 'with_intermediate')
    assert said['Certificate']['Result'] == ('Trusted' if trusted else 'NotTrusted')
    assert said['Partner by certificate']['Result'] == ('Chosen' if trusted else 'None')


def test_the_key_in_a_file_stays_here(postern, certificates, tmp_path):
    both = tmp_path / 'both.pem'
    pair = certificates.by_common_name
    both.write_bytes(pair.key.read_bytes() + pair.certificate.read_bytes())
    done = subprocess.run(['openssl', 'x509', '-in', both, '-noout'], capture_output=True)
    assert done.returncode == 0
    (first, *_) = postern.objects(f'Test-Attribution 203.0.113.36 -Certificate {both} '
                                  '-MailFrom app@contoso.com -RcptTo ann@contoso.com')
    assert first['Key'] == 'mx.vendor.test' and first['Result'] == 'Trusted'


def test_a_missing_file_is_named(postern):
    with pytest.raises(CmdletError, match='/nowhere/client.pem'):
        postern.cmdlet('Test-Attribution 192.0.2.1 -Certificate /nowhere/client.pem -MailFrom a@b.test '
                       '-RcptTo ann@contoso.com')


def test_connectors_are_looked_over(postern, certificates, connector):
    connector('Lockdown', '-SenderDomains * -TlsSenderCertificateName *.vendor.test -RestrictDomainsToCertificate $true')
    connector('Twin', '-SenderDomains * -TlsSenderCertificateName *.vendor.test')
    # The test's certificates last 30 days: once a session has shown one, it is told of.
    assert_reply(rcpt(postern, '203.0.113.37', 'x@bank.test', certificates.by_common_name), ACCEPTED)
    findings = postern.objects('Test-InboundConnector | Where-Object Severity -ne Information')
    told = {(row['Identity'], row['Severity'], row['Finding'].split(':')[0]) for row in findings}
    assert ('Lockdown', 'Warning', 'It restricts mail of all domains') in told
    assert ('Twin', 'Error', 'It never matches') in told
    (expiry,) = [row for row in findings if 'mx.vendor.test, by which a client was last known, expires on' in row['Finding']]
    assert expiry['Identity'] == 'Lockdown' and expiry['Remedy']
    (only,) = postern.objects('Test-InboundConnector Lockdown | Where-Object Finding -like Matches*')
    assert only['Finding'] == ('Matches: Clients with a certificate for any name below vendor.test that send in the '
                               'name of any domain.')
