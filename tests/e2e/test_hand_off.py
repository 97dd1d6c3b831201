"""Handing mail on by LMTP and SMTP: 250 is said only when the mail is safe, whatever the next
hop does, and after a client's retries every recipient has exactly one copy.
"""
import socket

import pytest

from hop_server import STEPS, HopServer
from smtp_session import SmtpSession, message
from waiting import wait_until

EXT = '203.0.113.9'
# Hops fail here many times in a row on purpose; test_next_hops.py has what comes of that.
SETTINGS = {'limits': {'hop_failures': 1000}}
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


class Queue:
    """A client that retries as an MTA does: whoever heard 4xx, at RCPT or after the final dot,
    stays in the queue; 250 and 5xx end it."""

    def __init__(self, postern, content, recipients=RECIPIENTS):
        self.postern, self.content, self.waiting = postern, content, list(recipients)

    def run(self):
        codes, reply = send(self.postern, self.content, self.waiting)
        accepted = [recipient for recipient, code in zip(self.waiting, codes) if code == 250]
        deferred = [recipient for recipient, code in zip(self.waiting, codes) if code // 100 == 4]
        assert len(accepted) + len(deferred) == len(self.waiting), codes
        if accepted and reply.code // 100 == 4:
            deferred += accepted
        else:
            assert not accepted or reply.code == 250, reply.line
        self.waiting = deferred

    def run_until_empty(self, tries=6):
        """How many tries it took."""
        for attempt in range(1, tries + 1):
            self.run()
            if not self.waiting:
                return attempt
        pytest.fail(f'{self.waiting} still waiting after {tries} tries')


def quarantined(postern):
    folder = postern.data / 'quarantine'
    return sorted(folder.glob('*.eml'))


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
    """Dies in five tries, then lives; nothing is lost and nothing doubled."""
    postern = through(hop)
    queue = Queue(postern, message(subject=f'dies at {step}'))
    for _ in range(5):
        hop.die_at = step
        if queue.waiting:
            queue.run()
    hop.die_at = None
    if queue.waiting:
        queue.run_until_empty()
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
    assert Queue(postern, content).run_until_empty(tries=1) == 1
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
    times_left = len(postern.log('client_left'))
    hop.hold.clear()
    with in_content(postern) as session:
        session.send(content + b'.\r\n')
        wait_until(hop.waiting.is_set, 'the final dot at the hop')
        getattr(session, leave)()
    hop.hold.set()
    for attempt in range(1, 5):
        postern.logged('client_left', times_left + attempt)
        with in_content(postern) as session:
            # The end of the stream travels in the packet of the final dot: our reply, which now
            # needs no next hop, cannot be faster.
            session.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
            session.send(content + b'.\r\n')
            session.close()
    postern.logged('client_left', times_left + 5)
    assert Queue(postern, content).run_until_empty() == 1
    assert [hop.copies(recipient) for recipient in RECIPIENTS] == [1, 1, 1]


def in_content(postern):
    """A session that was told to send its message to RECIPIENTS."""
    session = SmtpSession(postern.proxied, proxy=EXT)
    session.ehlo()
    session.mail('bob@bank.test')
    for recipient in RECIPIENTS:
        assert session.rcpt(recipient).code == 250
    assert session.command('DATA').code == 354
    return session


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
    assert codes == [553] or refusal.startswith('553 5.6.7 '), (codes, reply.line)
    assert hop.copies('ann@contoso.com') == 0


def test_a_dead_hop_does_not_block_other_domains(through):
    with HopServer('smtp') as hop:
        postern = through(hop)
    for _ in range(3):
        codes, reply = send(postern, message(subject='into the void'), ['ann@contoso.com'])
        assert 4 in (codes[0] // 100, reply.code // 100)
    codes, reply = send(postern, message(subject='to a Maildir'), ['x@relay.contoso.net'])
    assert (codes, reply.code) == ([250], 250)
