"""Handing mail on by LMTP and SMTP: 250 is said only when the mail is safe, whatever the next
hop does, and after a client's retries every recipient has exactly one copy.
"""
import pytest

from hop_server import STEPS, HopServer
from smtp_session import SmtpSession, message
from waiting import wait_until

EXT = '203.0.113.9'
RECIPIENTS = ['ann@contoso.com', 'bob@contoso.com', 'carl@contoso.com']


@pytest.fixture(params=['lmtp', 'smtp'])
def hop(request):
    with HopServer(request.param) as hop:
        yield hop


@pytest.fixture
def lmtp():
    with HopServer('lmtp') as hop:
        yield hop


@pytest.fixture
def through(postern):
    """Sends contoso.com through a hop for the time of the test."""
    if not postern.objects('Get-Recipient carl*@contoso.com'):
        postern.cmdlet('New-Recipient carl@contoso.com')

    def use(hop):
        postern.cmdlet(f'Set-AcceptedDomain contoso.com -NextHop {hop.url}')
        return postern

    yield use
    postern.cmdlet('Set-AcceptedDomain contoso.com -NextHop $null')


def send(postern, content, recipients=RECIPIENTS, parameters=''):
    """(replies to RCPT, reply to the final dot)"""
    with SmtpSession(postern.proxied, proxy=EXT) as session:
        session.ehlo()
        assert session.mail('bob@bank.test', parameters).code == 250
        codes = [session.rcpt(recipient).code for recipient in recipients]
        return codes, session.data(content)


def send_until_accepted(postern, content, recipients=RECIPIENTS, tries=6):
    """As an MTA retries: all recipients again, as long as it hears 4xx."""
    for attempt in range(1, tries + 1):
        codes, reply = send(postern, content, recipients)
        if reply.code == 250:
            return attempt
        assert reply.code // 100 == 4, reply.line
    pytest.fail(f'not accepted in {tries} tries')


def quarantined(postern):
    folder = postern.data / 'quarantine'
    return [path for path in folder.rglob('*') if path.is_file()] if folder.exists() else []


def test_content_arrives_byte_for_byte(through, hop):
    postern = through(hop)
    content = message('Bob <bob@bank.test>', 'exact', fields='X-MS-Exchange-Organization-AuthAs: Internal\n',
                      body='.\n..\n.leading\ntrailing  \n\ttab\n\n\n')
    codes, reply = send(postern, content, ['ann@contoso.com'])
    assert (codes, reply.code) == ([250], 250)
    (arrived,) = hop.contents()
    expected = content.replace(b'X-MS-Exchange-Organization-AuthAs: Internal\r\n', b'')
    assert arrived.endswith(expected)
    stamped = arrived[:-len(expected)]
    assert b'\r\nReceived: from client.example' in b'\r\n' + stamped and stamped.endswith(b'\r\n')


def test_a_connection_is_used_again(through, hop):
    postern = through(hop)
    for number in range(5):
        assert send(postern, message(subject=f'reuse {number}'))[1].code == 250
    assert hop.copies('ann@contoso.com') == 5
    # Each thread of posternd has a pool of its own.
    assert hop.sessions <= postern.tables['server']['threads']


@pytest.mark.parametrize('step', STEPS)
def test_a_hop_that_dies_at_each_step(through, hop, step):
    """Dies in every try but the last; nothing is lost and nothing doubled."""
    postern = through(hop)
    content = message(subject=f'dies at {step}')
    for _ in range(5):
        hop.die_at = step
        codes, reply = send(postern, content)
        if hop.die_at is not None:  # The step was never reached: nothing more to deliver.
            hop.die_at = None
        assert reply.code in (250, 451) or codes.count(451) == 3, (codes, reply.line)
        if reply.code == 250:
            break
    else:
        send_until_accepted(postern, content)
    assert [hop.copies(recipient) for recipient in RECIPIENTS] == [1, 1, 1]


def test_one_safe_one_deferred_one_refused(through, lmtp):
    """LMTP answers per recipient. The client's retries reach only who has no copy yet."""
    postern = through(lmtp)
    kept = len(quarantined(postern))
    content = message(subject='250, 452, 550')
    lmtp.after_dot = {'bob@contoso.com': '452 4.2.2 Mailbox full', 'carl@contoso.com': '550 5.2.1 Mailbox disabled'}
    for _ in range(4):
        codes, reply = send(postern, content)
        assert reply.code == 451, reply.line
    assert [lmtp.copies(recipient) for recipient in RECIPIENTS] == [1, 0, 0]
    del lmtp.after_dot['bob@contoso.com']
    assert send_until_accepted(postern, content, tries=1) == 1
    assert [lmtp.copies(recipient) for recipient in RECIPIENTS] == [1, 1, 0]
    assert len(quarantined(postern)) - kept == 1, "carl's copy is kept"
    (row,) = postern.trace("-RecipientAddress carl@contoso.com -Subject '250, 452, 550' -Status Quarantined")
    assert 'NextHopRefused' in row['Reason']
    # The story is over: the same message again is a message of its own.
    del lmtp.after_dot['carl@contoso.com']
    assert send(postern, content)[1].code == 250
    assert [lmtp.copies(recipient) for recipient in RECIPIENTS] == [2, 2, 1]


def test_all_refused_is_refused(through, lmtp):
    postern = through(lmtp)
    lmtp.after_dot = {recipient: '550 5.2.1 Mailbox disabled' for recipient in RECIPIENTS}
    kept = len(quarantined(postern))
    _, reply = send(postern, message(subject='nobody'))
    assert reply.line.startswith('550 5.2.1 ')
    assert len(quarantined(postern)) == kept, 'the client knows, so nothing is kept'


def test_a_refusal_at_the_hops_rcpt_is_told_at_our_rcpt(through):
    with HopServer('smtp') as hop:
        postern = through(hop)
        hop.at_rcpt = {'bob@contoso.com': '550 5.1.1 no such user', 'carl@contoso.com': '450 4.2.1 not now'}
        with SmtpSession(postern.proxied, proxy=EXT) as session:
            session.ehlo()
            session.mail('bob@bank.test')
            assert session.rcpt('ann@contoso.com').code == 250
            assert session.rcpt('bob@contoso.com').line.startswith('550 5.1.1 ')
            assert session.rcpt('carl@contoso.com').line.startswith('450 4.2.1 ')
            assert session.data(message(subject='at RCPT')).code == 250
        assert [hop.copies(recipient) for recipient in RECIPIENTS] == [1, 0, 0]


@pytest.mark.parametrize('leave', ['abort', 'close'])
def test_a_client_that_leaves_after_the_final_dot(through, hop, leave):
    """It never heard our 250, so it sends again, five times; there is one copy each all the same."""
    postern = through(hop)
    content = message(subject=f'leaves by {leave}')
    for _ in range(5):
        hop.hold.clear()
        with SmtpSession(postern.proxied, proxy=EXT) as session:
            session.ehlo()
            session.mail('bob@bank.test')
            for recipient in RECIPIENTS:
                assert session.rcpt(recipient).code == 250
            assert session.command('DATA').code == 354
            session.send(content + b'.\r\n')
            wait_until(lambda: hop.waiting.is_set() or hop.copies(RECIPIENTS[0]), 'the final dot at the hop')
            getattr(session, leave)()
        hop.hold.set()
        wait_until(lambda: all(hop.copies(recipient) for recipient in RECIPIENTS), 'the copies')
    assert send_until_accepted(postern, content) == 1
    assert [hop.copies(recipient) for recipient in RECIPIENTS] == [1, 1, 1]


def test_a_hop_that_is_not_there(through):
    with HopServer('smtp') as hop:
        postern = through(hop)
    codes, reply = send(postern, message(subject='nobody there'))
    assert reply.code // 100 == 4 or all(code // 100 == 4 for code in codes), (codes, reply.line)


def test_smtputf8_is_never_altered(through, hop):
    """A hop without SMTPUTF8 cannot take such mail: 5.6.7, and not a question mark in a name."""
    postern = through(hop)
    hop.extensions.remove('SMTPUTF8')
    codes, reply = send(postern, message('ünal@bank.test', 'utf8'), ['ann@contoso.com'], ' SMTPUTF8')
    refusal = reply.line if codes == [250] else ''
    assert codes == [550] or refusal.startswith('550 5.6.7') or refusal.startswith('554 5.6.7'), (codes, reply.line)
    assert hop.copies('ann@contoso.com') == 0


def test_a_dead_hop_does_not_block_other_domains(through):
    with HopServer('smtp') as hop:
        postern = through(hop)
    for _ in range(3):
        codes, reply = send(postern, message(subject='into the void'), ['ann@contoso.com'])
        assert 4 in (codes[0] // 100, reply.code // 100)
    codes, reply = send(postern, message(subject='to a Maildir'), ['x@relay.contoso.net'])
    assert (codes, reply.code) == ([250], 250)
