"""Reject Direct Send step by step (row 70 of the test table): audit, exceptions, and the way back.

Which stage decides is played in tests/cases/stages.txt; here is what an administrator sees of it.
"""
import pytest

from judged import explain
from replies import DIRECT_SEND, assert_reply
from smtp_session import SmtpSession, message
from waiting import wait_until

JUDGE_AGAIN = True

EXT = '203.0.113.9'
IN_CONTOSO_SPF = '203.0.113.10'
PRINTER = 'printer@contoso.com'


@pytest.fixture(autouse=True)
def as_before(postern):
    yield
    postern.cmdlet('Set-OrganizationConfig -RejectDirectSendMode Enforce -RejectDirectSendReturnToAuditAbove 0 '
                   '-RejectDirectSendCheckHeaderFrom $false')


def send(postern, reverse_path, client=EXT, recipient='ann@contoso.com', hello='scanner.example'):
    """The reply to the message, or to RCPT if that is a refusal."""
    with SmtpSession(postern.proxied, proxy=client) as session:
        session.ehlo(hello)
        assert session.mail(reverse_path).code == 250
        reply = session.rcpt(recipient)
        return session.data(message(PRINTER)) if reply.code == 250 else reply


def row_of(postern, reverse_path):
    """The only row of that sender, who writes once."""
    (row,) = postern.trace(f'-SenderAddress {reverse_path}')
    return row


def test_row_70_audit_refuses_nothing_and_says_what_it_would(postern):
    postern.cmdlet('Set-OrganizationConfig -RejectDirectSendMode Audit')
    reverse_path = 'row70@contoso.com'
    assert send(postern, reverse_path).code == 250

    row = row_of(postern, reverse_path)
    # The policies find it forged, and that is another matter.
    assert (row['Decision'], row['Status'], row['DirectSend'], row['Connector']) == ('Accept', 'FilteredAsSpam', True, '')
    assert 'WouldRejectDirectSend: Audit' in row['Reason']
    assert (row['FromIP'], row['Helo'], row['Spf'], row['Dmarc']) == (EXT, 'scanner.example', 'fail', 'none')

    (line,) = postern.logged('would_reject', reverse_path=reverse_path)
    assert line['reason'] == 'WouldRejectDirectSend: Audit'
    assert line['connector'] == 'none'
    assert line['reverse_path_domain'] == 'contoso.com'
    assert (line['client'], line['hello']) == (EXT, 'scanner.example')
    assert (line['spf'], line['dkim'], line['dmarc']) == ('fail', 'none', 'none')
    assert line['id'] == row['MessageTraceId']
    assert postern.metric('postern_direct_send_let_in_total', by='mode') >= 1

    steps, _ = explain(postern, row)
    (action, detail), = steps['Decision']
    assert action == 'Accept' and detail.endswith('only audits: RejectDirectSendMode is Audit')
    assert 'RejectDirectSend $true (Mode Audit)' in steps['Settings'][0][1]
    (verdict,) = postern.objects(f'Test-Message {row["MessageTraceId"]} -RejectDirectSendMode Enforce')
    assert (verdict['Changed'], verdict['NewDecision'], verdict['NewReason']) == (True, 'Reject', 'RejectDirectSend')

    postern.cmdlet('Set-OrganizationConfig -RejectDirectSendMode Enforce')
    assert_reply(send(postern, PRINTER), DIRECT_SEND)


def test_audit_of_the_from_field(postern):
    postern.cmdlet('Set-OrganizationConfig -RejectDirectSendMode Audit -RejectDirectSendCheckHeaderFrom $true')
    assert send(postern, 'row70@phish.test').code == 250
    row = row_of(postern, 'row70@phish.test')
    assert 'WouldRejectDirectSendCheckHeaderFrom: contoso.com, Audit' in row['Reason']
    (line,) = postern.logged('would_reject', reverse_path='row70@phish.test')
    assert line['spf'] == 'pass'
    steps, text = explain(postern, row)
    (action, detail), = steps['Claim']
    assert action == 'Accept' and 'RejectDirectSendMode is Audit' in detail, text


def test_an_exception_lets_in_one_source_and_is_named(postern):
    postern.cmdlet('New-DirectSendException Scanner -SenderIPAddresses 203.0.113.77 -ExpiresOn 2100-01-01 '
                   "-Reason 'until the new one is there'")
    try:
        assert send(postern, 'scanner@contoso.com', client='203.0.113.77').code == 250
        assert_reply(send(postern, 'scanner2@contoso.com', client='203.0.113.78'), DIRECT_SEND)
        row = row_of(postern, 'scanner@contoso.com')
        assert 'DirectSendException Scanner' in row['Reason']
        steps, _ = explain(postern, row)
        assert 'the exception Scanner lets it in' in steps['Decision'][0][1]
        assert not [one for one in postern.log('would_reject') if one['client'] == '203.0.113.77']
    finally:
        postern.cmdlet('Remove-DirectSendException Scanner -Confirm:$false')
    assert_reply(send(postern, 'scanner3@contoso.com', client='203.0.113.77'), DIRECT_SEND)


def mode(postern):
    (config,) = postern.objects('Get-OrganizationConfig')
    return config['RejectDirectSendMode']


def test_back_to_audit_when_own_sources_are_refused(postern):
    postern.cmdlet('Set-OrganizationConfig -RejectDirectSendReturnToAuditAbove 2')
    for number in range(5):
        assert_reply(send(postern, f'stranger{number}@contoso.com'), DIRECT_SEND)
    # What SPF says of them is known when they are in the trace.
    postern.trace('-SenderAddress stranger*@contoso.com', rows=5)
    assert mode(postern) == 'Enforce'

    for number in range(3):
        assert_reply(send(postern, f'cloud{number}@contoso.com', client=IN_CONTOSO_SPF), DIRECT_SEND)
    wait_until(lambda: mode(postern) == 'Audit', 'the mode to be Audit')
    assert send(postern, 'cloud3@contoso.com', client=IN_CONTOSO_SPF).code == 250

    (line,) = postern.logged('returned_to_audit')
    assert (line['level'], line['organization'], line['refused'], line['limit']) == ('error', 'Contoso', '3', '2')
    assert postern.metric('postern_returned_to_audit_total') == 1
    (entry,) = postern.objects('Search-AdminAuditLog -UserIds posternd')
    assert (entry['Caller'], entry['CmdletName']) == ('posternd', 'Set-OrganizationConfig')
    assert entry['ModifiedProperties'] == [{'Name': 'RejectDirectSendMode', 'OldValue': 'Enforce', 'NewValue': 'Audit'}]

    # An administrator decides otherwise, and counting begins anew.
    postern.cmdlet('Undo-OrganizationConfig')
    assert mode(postern) == 'Enforce'
    for number in range(2):
        assert_reply(send(postern, f'again{number}@contoso.com', client=IN_CONTOSO_SPF), DIRECT_SEND)
    postern.trace('-SenderAddress again*@contoso.com', rows=2)
    assert mode(postern) == 'Enforce'
