"""DANE with answers that a validating resolver has found secure, or not: posternd's own libunbound asks
NSD, which serves zones signed from the root down, and has the root's DS as its trust anchor. The hop is
aiosmtpd, which says of every message whether it came by TLS.
"""
import re

import pytest

from aiosmtpd_relay import AiosmtpdRelay
from certificates import spki_digest
from conftest import CONTOSO, temporary_folder
from postern import Postern
from signed_dns import SignedDns, needs_signed_dns, unsigned
from smtp_session import SmtpSession, message, tls_session
from waiting import wait_until

pytestmark = needs_signed_dns

ANN = 'ann@contoso.com'
LONG_AGO = ('20200101', '20200201')


@pytest.fixture(scope='module')
def pair(certificates):
    return certificates.issue('dane-host', '/CN=host.secure.test', certificates.root, 'subjectAltName=DNS:host.secure.test')


@pytest.fixture(scope='module')
def hop(pair):
    with AiosmtpdRelay(pair) as hop:
        yield hop


@pytest.fixture(scope='module')
def dns(hop, pair, certificates):
    right, wrong = spki_digest(pair.certificate), spki_digest(certificates.other_server.certificate)

    def records(domain, *more):
        """A host with an MX record, and a TLSA record that the hop's certificate matches."""
        return (f'@ MX 10 host.{domain}.\n@ TXT "v=spf1 ip4:203.0.113.9 -all"\nhost A {hop.address}\n'
                f'_{hop.port}._tcp.host TLSA 3 1 1 {right}\n' + '\n'.join(more) + '\n')

    with temporary_folder() as folder:
        dns = SignedDns(folder)
        dns.zone('secure.test', records(
            'secure.test', f'wrong A {hop.address}', f'_{hop.port}._tcp.wrong TLSA 3 1 1 {wrong}', f'none A {hop.address}',
            'mismatch MX 10 wrong.secure.test.', 'alias CNAME host', 'elsewhere MX 10 host.plain.test.'))
        # Of a domain that is not signed, DNSSEC proves just that.
        dns.zone('plain.test', records('plain.test', 'named MX 10 host.secure.test.'), signed=False)
        # Somebody has put his own key in place of another, and cannot sign that.
        dns.zone('forged.test', records('forged.test').replace(right, wrong), spoil=lambda text: text.replace(wrong, right))
        dns.zone('stripped.test', records('stripped.test'), spoil=unsigned)
        dns.zone('expired.test', records('expired.test'), dates=LONG_AGO)
        with dns:
            yield dns


def asking(folder, certificates, **dns):
    postern = Postern(folder, certificates, delivery={'tls_ca': certificates.trust_anchors})
    postern.tables['dns'] = dns
    postern.write_config()
    return postern


@pytest.fixture(scope='module')
def postern(dns, certificates):
    with temporary_folder() as folder, \
            asking(folder, certificates, servers=[dns.endpoint], trust_anchor=dns.trust_anchor) as postern:
        postern.cmdlets(*CONTOSO)
        yield postern


def send(postern, next_hop, reverse_path='bob@bank.test'):
    postern.cmdlet(f'Set-AcceptedDomain contoso.com -NextHop "{next_hop}"')
    with SmtpSession(postern.proxied, proxy='203.0.113.9') as session:
        session.ehlo()
        session.mail(reverse_path)
        reply = session.rcpt(ANN)
        return session.data(message(reverse_path)) if reply.code == 250 else reply


def assert_delivered(postern, hop, next_hop, encrypted=True):
    before = len(hop.taken)
    reply = send(postern, next_hop)
    assert reply.code == 250, (reply.line, postern.log('hop_failed'))
    assert [bool(taken.tls) for taken in hop.taken[before:]] == [encrypted]


def assert_deferred(postern, hop, next_hop, why):
    """And nothing has gone out, encrypted or not."""
    before = len(hop.taken)
    failed = len(postern.log('hop_failed'))
    reply = send(postern, next_hop)
    assert reply.line.startswith('451 4.4.1 The next hop cannot be reached'), reply.line
    (line, *_) = wait_until(lambda: postern.log('hop_failed')[failed:], postern.log_text)
    assert why in line['error'], line['error']
    assert hop.taken[before:] == []


def test_a_record_that_matches(postern, hop):
    for server in ('mx:secure.test', 'host.secure.test', 'alias.secure.test'):
        assert_delivered(postern, hop, f'smtp:{server}:{hop.port}?tls=dane')


@pytest.mark.parametrize('server, why', [
    ('wrong.secure.test', 'no matching DANE TLSA records'),
    ('mx:mismatch.secure.test', 'no matching DANE TLSA records'),
    ('none.secure.test', 'none.secure.test has no TLSA record'),
    # The MX record is secure; what it leads to is not.
    ('mx:elsewhere.secure.test', 'The address of host.plain.test is not secured by DNSSEC'),
    ('mx:plain.test', 'The MX records of plain.test are not secured by DNSSEC'),
    ('host.plain.test', 'The address of host.plain.test is not secured by DNSSEC'),
    ('mx:nowhere.secure.test', 'nowhere.secure.test does not exist'),
])
def test_what_is_not_proven_gets_nothing(postern, hop, server, why):
    assert_deferred(postern, hop, f'smtp:{server}:{hop.port}?tls=dane', why)


@pytest.mark.parametrize('server, why', [
    ('mx:forged.test', r'The TLSA records _\d+\._tcp\.host\.forged\.test cannot be found: bogus: '),
    ('mx:stripped.test', 'The MX records of stripped.test cannot be found: bogus: '),
    ('host.stripped.test', 'The address of host.stripped.test cannot be found: bogus: '),
    ('mx:expired.test', 'The MX records of expired.test cannot be found: bogus: '),
])
def test_forged_answers_are_none(postern, hop, server, why):
    """The record in the answer matches the hop's certificate each time: only its signature is missing."""
    before = len(hop.taken)
    assert send(postern, f'smtp:{server}:{hop.port}?tls=dane').line.startswith('451 4.4.1 ')
    wait_until(lambda: any(re.search(why, line['error']) for line in postern.log('hop_failed')), postern.log_text)
    assert hop.taken[before:] == []


def test_opportunistic_asks_for_no_tlsa_records(postern, hop):
    """Any certificate will do, and no answer is asked for that DANE alone would need. But a forged MX
    answer is no answer for anybody."""
    for domain in ('mismatch.secure.test', 'plain.test', 'forged.test'):
        assert_delivered(postern, hop, f'smtp:mx:{domain}:{hop.port}?tls=opportunistic')
    assert_delivered(postern, hop, f'smtp:mx:plain.test:{hop.port}?tls=none', encrypted=False)
    for policy in ('opportunistic', 'none'):
        assert_deferred(postern, hop, f'smtp:mx:stripped.test:{hop.port}?tls={policy}', 'bogus: ')


def test_verify_believes_a_secure_mx_record(postern, hop):
    """The certificate is for host.secure.test; whoever can forge MX records could choose that name."""
    assert_delivered(postern, hop, f'smtp:mx:secure.test:{hop.port}?tls=verify')
    assert_deferred(postern, hop, f'smtp:mx:named.plain.test:{hop.port}?tls=verify', 'ostname mismatch')


def test_without_a_trust_anchor_nothing_is_secure(dns, hop, certificates, folder):
    with asking(folder, certificates, servers=[dns.endpoint]) as postern:
        postern.cmdlets(*CONTOSO)
        assert_deferred(postern, hop, f'smtp:mx:secure.test:{hop.port}?tls=dane', 'are not secured by DNSSEC')
        assert_delivered(postern, hop, f'smtp:mx:stripped.test:{hop.port}?tls=opportunistic')


@pytest.mark.parametrize('domain, result', [('secure.test', 'pass'), ('plain.test', 'pass'), ('stripped.test', 'temperror')])
def test_spf_does_not_believe_forged_answers(postern, hop, domain, result):
    assert send(postern, f'smtp:host.secure.test:{hop.port}?tls=dane', f'bob@{domain}').code == 250
    assert f'spf={result}'.encode() in hop.taken[-1].content


def test_a_relay_proven_by_dane_may_require_tls(postern, hop, certificates):
    postern.cmdlets('New-InboundConnector Servers -ConnectorType OnPremises -SenderDomains * '
                    '-TlsSenderCertificateName mail.contoso.com',
                    f'Set-OrganizationConfig -RelayNextHop "smtp:mx:secure.test:{hop.port}?tls=dane"')
    with tls_session(postern.smtp, certificates.of_contoso) as session:
        session.mail('printer@contoso.com', ' REQUIRETLS')
        assert session.rcpt('user@gmail.test').code == 250
        assert session.data(message('printer@contoso.com')).code == 250
    assert hop.taken[-1].forward_paths == ['user@gmail.test'] and 'REQUIRETLS' in hop.taken[-1].options
