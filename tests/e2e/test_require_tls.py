"""REQUIRETLS (RFC 8689) all the way: a client of an OnPremises connector asks for it, Postern passes it
on to a relay that offers it and whose certificate verifies, and to no other. The relay is aiosmtpd, or
a second posternd. And TLS-Required: No, the wish for the opposite, which weakens nothing here.
"""
import contextlib
import re

import pytest

from aiosmtpd_relay import AiosmtpdRelay
from conftest import CONTOSO, temporary_folder
from hop_server import HopServer
from postern import Postern
from smtp_session import SmtpSession, message, tls_session
from waiting import wait_until

SERVERS = 'New-InboundConnector Servers -ConnectorType OnPremises -SenderDomains * -TlsSenderCertificateName mail.contoso.com'
VERIFIED = '?tls=verify&name=mx.contoso.test'
USER = 'user@gmail.test'


@pytest.fixture(scope='module')
def postern(certificates):
    with temporary_folder() as folder, \
            Postern(folder, certificates, delivery={'tls_ca': certificates.trust_anchors}) as postern:
        postern.cmdlets(*CONTOSO, SERVERS)
        yield postern


@contextlib.contextmanager
def relay_of(postern, pair, options=VERIFIED, **settings):
    with AiosmtpdRelay(pair, **settings) as relay:
        postern.cmdlet(f"Set-OrganizationConfig -RelayNextHop '{relay.url}{options}'")
        yield relay


def own_server(postern, certificates):
    return tls_session(postern.smtp, certificates.of_contoso)


def send(postern, certificates, parameters=' REQUIRETLS', recipients=(USER,), **of_message):
    """The first refusal, or the reply to the final dot."""
    with own_server(postern, certificates) as session:
        assert 'REQUIRETLS' in session.greeting.lines
        assert session.mail('printer@contoso.com', parameters).code == 250
        for recipient in recipients:
            reply = session.rcpt(recipient)
            if reply.code != 250:
                return reply
        return session.data(message('Printer <printer@contoso.com>', **of_message))


def failures(postern):
    return ' '.join(line['error'] for line in postern.log('hop_failed'))


# ---------------------------------------------------------------------- a relay that promises it

def test_a_relay_that_offers_it_is_told(postern, certificates):
    with relay_of(postern, certificates.server) as relay:
        assert send(postern, certificates, subject='secret').code == 250
        (taken,) = relay.taken
        assert taken.reverse_path == 'printer@contoso.com' and taken.forward_paths == [USER]
        assert 'REQUIRETLS' in taken.options and taken.tls in ('TLSv1.2', 'TLSv1.3')
        assert b'Subject: secret\r\n' in taken.content
        # The word counts only under TLS, where nobody can have put it in.
        assert [('REQUIRETLS' in words, tls) for words, tls in relay.greetings] == [(False, False), (True, True)]


def test_who_did_not_ask_for_it_does_not_require_it(postern, certificates):
    with relay_of(postern, certificates.server) as relay:
        assert send(postern, certificates, '', subject='plain').code == 250
        assert send(postern, certificates, subject='secret again').code == 250
        assert send(postern, certificates, '', subject='plain again').code == 250
        # Over one connection; each MAIL says what its own message wants.
        assert ['REQUIRETLS' in taken.options for taken in relay.taken] == [False, True, False]


def test_in_clear_text_it_is_not_offered(postern):
    with SmtpSession(postern.smtp) as session:
        assert 'REQUIRETLS' not in session.ehlo().lines
        assert session.mail('printer@contoso.com', ' REQUIRETLS').line.startswith('555 5.5.4 ')


def test_what_tells_of_such_a_message_goes_the_same_way(postern, certificates):
    """RFC 8689 section 5: the notification quotes the header section."""
    for parameters, wanted in ((' REQUIRETLS RET=HDRS', True), (' RET=HDRS', False)):
        with relay_of(postern, certificates.server) as relay, own_server(postern, certificates) as session:
            assert session.mail('printer@contoso.com', parameters).code == 250
            assert session.rcpt('ann@contoso.com', ' NOTIFY=SUCCESS').code == 250
            assert session.data(message('printer@contoso.com', 'tell me')).code == 250
            (taken,) = wait_until(lambda: relay.taken, postern.log_text)
            assert taken.reverse_path == '<>' and b'Subject: tell me\r\n' in taken.content
            assert ('REQUIRETLS' in taken.options, taken.tls != '') == (wanted, True)


def test_posternd_as_the_relay_of_posternd(postern, certificates, new_postern):
    """What the second one hears it keeps: a Maildir may have such mail, a hop without the word may not."""
    with HopServer('smtp') as hop:
        second = new_postern(contoso=False)
        second.cmdlets('New-Organization Gmail', 'New-AcceptedDomain gmail.test', 'New-Recipient user@gmail.test',
                       f'New-AcceptedDomain plain.test -NextHop {hop.url}', 'New-Recipient eve@plain.test')
        postern.cmdlet("Set-OrganizationConfig -RelayNextHop 'smtp:%s:%d%s'" % (*second.smtp, VERIFIED))
        assert send(postern, certificates, subject='from edge to edge').code == 250
        (file,) = second.mailbox(USER)
        assert re.search(r'^Received: from mx\.contoso\.test .*\n(\s.*\n)*?.* with ESMTPS ', file.read_text(), re.M)
        refusal = send(postern, certificates, recipients=['eve@plain.test'])
        assert refusal.line.startswith('550 5.7.30 REQUIRETLS support required'), refusal.line
        assert hop.transactions == 0
        assert send(postern, certificates, '', recipients=['eve@plain.test']).code == 250
        assert hop.copies('eve@plain.test') == 1


# ---------------------------------------------------------------------- relays that do not

def assert_refused(postern, certificates, relay, code):
    reply = send(postern, certificates)
    assert reply.line.startswith(code), reply.line
    assert relay.taken == []


def test_a_relay_that_does_not_offer_it(postern, certificates):
    with relay_of(postern, certificates.server, require_tls=False) as relay:
        assert_refused(postern, certificates, relay, '550 5.7.30 REQUIRETLS support required')
        assert send(postern, certificates, '').code == 250
        (row, *_) = postern.trace(f'-RecipientAddress {USER} -Status Failed')
        assert row['Reply'].startswith('550 5.7.30 ')


@pytest.mark.parametrize('options', ['', '?tls=none', '?tls=opportunistic', '?tls=required'])
def test_a_relay_that_need_not_prove_itself(postern, certificates, options):
    """It offers the word, but anybody could be at the other end."""
    with relay_of(postern, certificates.server, options) as relay:
        assert_refused(postern, certificates, relay, '550 5.7.30 ')
        assert send(postern, certificates, '').code == 250


def test_a_relay_without_tls(postern, certificates):
    """With tls=verify that is the hop's trouble: nothing goes there, until it is mended."""
    with relay_of(postern, certificates.server, starttls=False) as relay:
        assert_refused(postern, certificates, relay, '451 4.4.1 ')
        wait_until(lambda: 'does not offer STARTTLS, which tls=verify asks for' in failures(postern), lambda: failures(postern))
    with relay_of(postern, certificates.server, '?tls=opportunistic', starttls=False) as relay:
        assert_refused(postern, certificates, relay, '550 5.7.30 ')


@pytest.mark.parametrize('pair, why', [('other_server', 'ostname mismatch'), ('self_signed', 'certificate verify failed'),
                                       ('without_intermediate', 'certificate verify failed')])
def test_a_relay_whose_certificate_does_not_verify(postern, certificates, pair, why):
    with relay_of(postern, getattr(certificates, pair)) as relay:
        assert_refused(postern, certificates, relay, '451 4.4.1 ')
        wait_until(lambda: why in failures(postern), lambda: failures(postern))


def test_a_recipient_that_can_have_it_has_it_beside_one_that_cannot(postern, certificates):
    with relay_of(postern, certificates.server, require_tls=False) as relay, own_server(postern, certificates) as session:
        assert session.mail('printer@contoso.com', ' REQUIRETLS').code == 250
        assert session.rcpt(USER).line.startswith('550 5.7.30 ')
        assert session.rcpt('bob@contoso.com').code == 250  # A Maildir is the end of the way.
        assert session.data(message('printer@contoso.com', 'for Bob')).code == 250
        assert relay.taken == [] and any(b'for Bob' in file.read_bytes() for file in postern.mailbox('bob@contoso.com'))


# ---------------------------------------------------------------------- the opposite wish

NO_TLS = 'TLS-Required: No\n'


def test_tls_required_no_is_passed_on_and_weakens_nothing(postern, certificates):
    """RFC 8689 section 3 lets a sender waive what the recipient's domain asks for. What an
    administrator asks of his own relay is not that."""
    with relay_of(postern, certificates.server) as relay:
        assert send(postern, certificates, '', subject='urgent', fields=NO_TLS).code == 250
        (taken,) = relay.taken
        assert b'\r\nTLS-Required: No\r\n' in taken.content and taken.tls
    for settings in ({'starttls': False}, {}):
        with relay_of(postern, certificates.self_signed, **settings) as relay:
            assert send(postern, certificates, '', subject='urgent', fields=NO_TLS).line.startswith('451 4.4.1 ')
            assert relay.taken == []


def test_require_tls_counts_beside_tls_required_no(postern, certificates):
    """Section 3: with the parameter the field is ignored."""
    with relay_of(postern, certificates.server) as relay:
        assert send(postern, certificates, subject='both', fields=NO_TLS).code == 250
        (taken,) = relay.taken
        assert 'REQUIRETLS' in taken.options and b'\r\nTLS-Required: No\r\n' in taken.content
    with relay_of(postern, certificates.server, require_tls=False) as relay:
        assert send(postern, certificates, subject='both', fields=NO_TLS).line.startswith('550 5.7.30 ')
        assert relay.taken == []
