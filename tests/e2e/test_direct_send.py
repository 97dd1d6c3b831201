"""Reject Direct Send at RCPT, as the product's test table says (rows 1-13, 30-32, 42, 47, 62, 69).

`EXT`, 203.0.113.9, is a stranger's address: no connector knows it. The replies are compared
word for word, except for the bracketed tail, whose shape is checked.
"""
import json

import pytest

from postern import IPV6_WITH_PTR, IPV6_WITHOUT_PTR
from replies import (ACCEPTED, BAD_HELLO, DIRECT_SEND, NO_FROM_FIELD, NO_REVERSE_NAME, RELAY, UNKNOWN_RECIPIENT,
                     assert_reply)
from smtp_session import SmtpSession, message

JUDGE_AGAIN = True

EXT = '203.0.113.9'
IN_CONTOSO_SPF = '203.0.113.10'


def rcpt(postern, reverse_path, forward_path='ann@contoso.com', client=EXT, hello='client.example'):
    with SmtpSession(postern.proxied, proxy=client) as session:
        session.ehlo(hello)
        assert session.mail(reverse_path).code == 250
        return session.rcpt(forward_path)


@pytest.fixture
def switch_off(postern):
    postern.cmdlet('Set-OrganizationConfig -RejectDirectSend $false')
    yield
    postern.cmdlet('Set-OrganizationConfig -RejectDirectSend $true')


@pytest.mark.parametrize('reverse_path, client, expected', [
    pytest.param('printer@contoso.com', EXT, DIRECT_SEND, id='1-printer'),
    pytest.param('PRINTER@CONTOSO.COM', EXT, DIRECT_SEND, id='3-upper-case'),
    pytest.param('nobody-not-existing@contoso.com', EXT, DIRECT_SEND, id='4-any-local-part'),
    pytest.param('x@bounces.contoso.com', EXT, ACCEPTED, id='5-subdomain-not-covered'),
    pytest.param('x@a.relay.contoso.net', EXT, DIRECT_SEND, id='6-MatchSubDomains'),
    pytest.param('x@relay.contoso.net', EXT, DIRECT_SEND, id='7-the-domain-itself'),
    pytest.param('u@contoso.onmicrosoft.com', EXT, DIRECT_SEND, id='8-onmicrosoft'),
    pytest.param('evil@phish.test', EXT, ACCEPTED, id='9-10-11-From-field-is-not-asked'),
    pytest.param('', EXT, ACCEPTED, id='12-null-reverse-path'),
    pytest.param('app@contoso.com', IN_CONTOSO_SPF, DIRECT_SEND, id='13-SPF-does-not-vouch'),
    pytest.param('any@gmail.test', EXT, ACCEPTED, id='31-not-a-lock-down'),
    pytest.param('ann@contoso.com', '198.51.100.200', DIRECT_SEND, id='47-forwarder-without-SRS'),
])
def test_switch_on(postern, reverse_path, client, expected):
    assert_reply(rcpt(postern, reverse_path, client=client), expected)


def test_row_2_switch_off_accepts_and_marks(postern, switch_off):
    before = postern.mailbox('ann@contoso.com')
    with SmtpSession(postern.proxied, proxy=EXT) as session:
        session.ehlo()
        session.mail('printer@contoso.com')
        assert session.rcpt('ann@contoso.com').code == 250
        assert session.data(message('printer@contoso.com', 'Row 2')).code == 250
    (new,) = set(postern.mailbox('ann@contoso.com')) - set(before)
    delivered = new.read_text()
    assert '\nX-Postern-Direct-Send: ' in delivered
    assert 'spf=fail' in delivered
    (row,) = postern.trace('-Subject "Row 2"')
    assert row['DirectSend'] is True
    assert row['SenderAddress'] == 'printer@contoso.com'


def test_row_32_relay_is_refused(postern, switch_off):
    assert_reply(rcpt(postern, 'printer@contoso.com', 'user@gmail.test'), RELAY)


def test_row_62_each_organization_decides_for_itself(postern):
    postern.cmdlets('New-Organization -Name Fabrikam',
                    'New-AcceptedDomain -Name fabrikam.test -Organization Fabrikam',
                    'New-Recipient kim@fabrikam.test -Organization Fabrikam')
    try:
        with SmtpSession(postern.proxied, proxy=EXT) as session:
            session.ehlo()
            session.mail('printer@contoso.com')
            assert_reply(session.rcpt('ann@contoso.com'), DIRECT_SEND)
            assert_reply(session.rcpt('kim@fabrikam.test'), ACCEPTED)
            # The transaction is Fabrikam's now; a refused recipient did not count.
            session.command('RSET')
            session.mail('bob@bank.test')
            assert_reply(session.rcpt('ann@contoso.com'), ACCEPTED)
            assert session.rcpt('kim@fabrikam.test').line.startswith('452 4.5.3 ')
            assert_reply(session.rcpt('bob@contoso.com'), ACCEPTED)
    finally:
        postern.cmdlet('Remove-Organization Fabrikam')


def test_row_63_unknown_recipient(postern):
    assert_reply(rcpt(postern, 'bob@bank.test', 'nobody@contoso.com'), UNKNOWN_RECIPIENT)
    # An InternalRelay domain's next hop knows its recipients.
    assert_reply(rcpt(postern, 'bob@bank.test', 'nobody@relay.contoso.net'), ACCEPTED)
    # RFC 5321 section 4.5.1: every domain has a postmaster.
    assert_reply(rcpt(postern, 'bob@bank.test', 'Postmaster@contoso.com'), ACCEPTED)


def test_row_64_our_own_name_in_hello(postern):
    assert_reply(rcpt(postern, 'bob@bank.test', hello='MX.Contoso.Test'), BAD_HELLO)
    assert_reply(rcpt(postern, 'bob@bank.test', hello='mx.contoso.test', client='127.0.0.1'), ACCEPTED)


def test_row_65_no_from_field(postern):
    with SmtpSession(postern.proxied, proxy=EXT) as session:
        session.ehlo()
        session.mail('bob@bank.test')
        session.rcpt('ann@contoso.com')
        without_author = message().replace(b'From: ', b'X-Was-From: ', 1)
        assert_reply(session.data(without_author), NO_FROM_FIELD)


def test_row_66_ipv6_needs_a_reverse_name(postern):
    assert_reply(rcpt(postern, 'bob@bank.test', client=IPV6_WITHOUT_PTR), NO_REVERSE_NAME.format(IPV6_WITHOUT_PTR))
    assert_reply(rcpt(postern, 'bob@bank.test', client=IPV6_WITH_PTR), ACCEPTED)


def test_row_69_a_change_is_in_force_for_the_next_rcpt(postern):
    """In a session that is open already, by REST and by cmdlet."""
    def invoke(value):
        body = {'CmdletInput': {'CmdletName': 'Set-OrganizationConfig', 'Parameters': {'RejectDirectSend': value}}}
        answer = postern.http('/adminapi/beta/Contoso/InvokeCommand', body=json.dumps(body).encode(),
                              headers={'Authorization': f'Bearer {postern.token()}', 'Content-Type': 'application/json'})
        assert answer.status == 200, answer.read()

    with SmtpSession(postern.proxied, proxy=EXT) as session:
        session.ehlo()
        session.mail('printer@contoso.com')
        assert_reply(session.rcpt('ann@contoso.com'), DIRECT_SEND)
        invoke(False)
        assert_reply(session.rcpt('ann@contoso.com'), ACCEPTED)
        invoke(True)
        assert_reply(session.rcpt('bob@contoso.com'), DIRECT_SEND)
        postern.cmdlet('Set-OrganizationConfig -RejectDirectSend $false')
        assert_reply(session.rcpt('bob@contoso.com'), ACCEPTED)
        postern.cmdlet('Set-OrganizationConfig -RejectDirectSend $true')
        assert_reply(session.rcpt('ann@contoso.com'), DIRECT_SEND)


def test_the_tail_names_the_session(postern):
    """Both refusals of one session carry its id, and the trace and the log find it."""
    with SmtpSession(postern.proxied, proxy=EXT) as session:
        session.ehlo()
        session.mail('printer@contoso.com')
        first, second = session.rcpt('ann@contoso.com'), session.rcpt('bob@contoso.com')
    assert first.session_id == second.session_id
    line, _ = postern.logged('rcpt', 2, session=first.session_id)
    assert line['client'] == EXT
    assert line['reply'].startswith(DIRECT_SEND)
