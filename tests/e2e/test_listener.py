"""Connections before the first command: the PROXY protocol, limits, slow and silent clients."""
import contextlib
import os
import resource
import select
import socket
import sqlite3
import time

import pytest

from hop_server import HopServer
from smtp_session import SmtpSession, message, proxy_v1, proxy_v2
from waiting import wait_until

SETTINGS = {'limits': {'max_connections_per_client': 3}}


def client_in_trace(postern, preamble, expected):
    with SmtpSession(postern.proxied, preamble=preamble) as session:
        session.ehlo()
        session.mail('printer@contoso.com')
        session.rcpt('ann@contoso.com')
    postern.trace(f'-FromIP {expected}')


@pytest.mark.parametrize('preamble, client', [
    (proxy_v1('203.0.113.41'), '203.0.113.41'),
    (proxy_v1('2001:db8:25::41'), '2001:db8:25::41'),
    (proxy_v2('203.0.113.42'), '203.0.113.42'),
    (proxy_v2('2001:db8:25::42'), '2001:db8:25::42'),
    # RFC 4291 section 2.5.5.2: one client, whether the proxy speaks IPv6 or not.
    (proxy_v2('::ffff:203.0.113.43'), '203.0.113.43'),
], ids=['v1-IPv4', 'v1-IPv6', 'v2-IPv4', 'v2-IPv6', 'v2-mapped'])
def test_the_proxy_protocol_tells_the_client(postern, preamble, client):
    client_in_trace(postern, preamble, client)


@pytest.mark.parametrize('preamble', [
    b'PROXY UNKNOWN\r\n',
    b'\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00',  # Version 2, LOCAL: a health check of the proxy.
], ids=['v1-UNKNOWN', 'v2-LOCAL'])
def test_a_proxy_that_speaks_for_itself(postern, preamble):
    with SmtpSession(postern.proxied, preamble=preamble, source='127.0.0.9') as session:
        assert session.banner.code == 220


@pytest.mark.parametrize('preamble', [
    b'EHLO client.example\r\n',
    b'PROXY TCP4 203.0.113.9\r\n',
    b'PROXY TCP4 203.0.113.999 192.0.2.1 1 25\r\n',
    b'PROXY ' + b'x' * 200 + b'\r\n',
    b'\r\n\r\n\x00\r\nQUIT\n\x31\x11\x00\x0c' + b'x' * 12,
], ids=['none', 'short', 'no-address', 'too-long', 'version-3'])
def test_a_connection_without_a_sound_header_is_closed(postern, preamble):
    with socket.create_connection(postern.proxied, timeout=20) as connection:
        connection.sendall(preamble)
        connection.shutdown(socket.SHUT_WR)
        try:
            answer = connection.recv(4096)
        except ConnectionResetError:
            answer = b''
        assert not answer.startswith(b'220'), answer


def test_a_header_from_elsewhere_is_a_command_like_any_other(postern):
    """The plain listener lists no proxies: PROXY is an unknown command there, never believed."""
    with SmtpSession(postern.smtp) as session:
        assert session.command('PROXY TCP4 203.0.113.9 192.0.2.1 1 25').code == 500


def test_connections_of_one_client_are_limited(postern):
    sessions = [SmtpSession(postern.proxied, proxy='198.51.100.50') for _ in range(3)]
    try:
        assert all(session.banner.code == 220 for session in sessions)
        with SmtpSession(postern.proxied, proxy='198.51.100.50') as fourth:
            assert fourth.banner.line.startswith('421 4.7.0 ')
            assert fourth.is_closed()
        with SmtpSession(postern.proxied, proxy='198.51.100.51') as another:
            assert another.banner.code == 220
        sessions.pop().close()
        wait_until(lambda: banner_code(postern, '198.51.100.50') == 220, 'a place to become free')
    finally:
        for session in sessions:
            session.close()


def test_an_ipv6_client_is_a_64(postern):
    sessions = [SmtpSession(postern.proxied, proxy=f'2001:db8:25::{n}') for n in range(1, 4)]
    try:
        assert banner_code(postern, '2001:db8:25::ffff') == 421
        assert banner_code(postern, '2001:db8:25:1::1') == 220
    finally:
        for session in sessions:
            session.close()


def banner_code(postern, client):
    with SmtpSession(postern.proxied, proxy=client) as session:
        return session.banner.code


def test_connections_in_all_are_limited(new_postern):
    postern = new_postern(contoso=False, limits={'max_connections': 4, 'max_connections_per_client': 2})
    sessions = [SmtpSession(postern.smtp, source=f'127.0.1.{n}') for n in range(1, 5)]
    try:
        with SmtpSession(postern.smtp, source='127.0.1.9') as fifth:
            assert fifth.banner.code == 421
            assert fifth.is_closed()
        assert postern.is_healthy()
    finally:
        for session in sessions:
            session.close()


def test_without_descriptors_a_client_hears_421(new_postern):
    """Whoever comes while no descriptor is left is told so, and nobody who is there notices."""
    postern = new_postern(contoso=False, limits={'max_connections_per_client': 1000})
    pid = postern.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    sessions = [SmtpSession(postern.smtp)]
    try:
        # No descriptor above those in use; sessions fill the gaps below, then nothing is left.
        in_use = max(int(number) for number in os.listdir(f'/proc/{pid}/fd')) + 1
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (in_use, before[1]))
        while sessions[-1].banner.code == 220 and len(sessions) < 200:
            sessions.append(SmtpSession(postern.smtp))
        sessions += [SmtpSession(postern.smtp) for _ in range(5)]
        # Whatever posternd closes meanwhile lets one more in.
        refused = [session for session in sessions if session.banner.code != 220]
        assert len(refused) >= 2
        assert {session.banner.line for session in refused} == {
            '421 4.3.2 mx.contoso.test Out of resources, try again later'}
        assert all(session.is_closed() for session in refused)
        assert sessions[0].command('NOOP').code == 250

        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        wait_until(lambda: banner_code_of(postern) == 220, 'the listener to be back')
        assert postern.metric('postern_refused_sessions_total', reason='descriptors') >= len(refused)
        assert len(postern.logged('accept_failed')) in (1, 2), 'a line for each thread, not for each client'
    finally:
        for session in sessions:
            session.close()


def banner_code_of(postern):
    with SmtpSession(postern.smtp) as session:
        return session.banner.code


@pytest.mark.parametrize('limits, lines, last', [
    ({'max_errors': 3}, ['NO', 'NO', 'NO', 'NO'], 421),
    ({'max_refusals': 2}, ['MAIL FROM:<bob@bank.test>', *['RCPT TO:<nobody@contoso.com>'] * 3], 421),
    ({'max_recipients': 100, 'max_commands_without_progress': 100}, ['NOOP'] * 101, 421),
    ({'max_transactions': 1}, ['MAIL FROM:<bob@bank.test>', 'RSET', 'MAIL FROM:<bob@bank.test>'], 421),
    ({'max_command_line': 512}, ['NOOP ' + 'x' * 600], 500),
    ({'max_message_size': 65536}, ['MAIL FROM:<bob@bank.test> SIZE=65537'], 552),
], ids=lambda value: next(iter(value)) if isinstance(value, dict) else '')
def test_limits_of_a_session(new_postern, limits, lines, last):
    postern = new_postern(limits=limits)
    with SmtpSession(postern.smtp) as session:
        session.ehlo()
        replies = [reply for line in lines if (reply := session.command(line)) is not None]
        assert [reply.code for reply in replies].count(421) <= 1
        assert replies[-1].code == last, [reply.line for reply in replies]


def test_a_message_that_is_too_large(new_postern):
    postern = new_postern(limits={'max_message_size': 65536})
    with SmtpSession(postern.smtp) as session:
        assert 'SIZE 65536' in session.ehlo().lines
        session.mail('bob@bank.test')
        session.rcpt('ann@contoso.com')
        assert session.data(message(body='x' * 70 + '\n' + ('y' * 70 + '\n') * 1000)).line.startswith('552 5.3.4 ')
        # The session is in step: the next message goes through.
        session.mail('bob@bank.test')
        session.rcpt('ann@contoso.com')
        assert session.data(message()).code == 250
    assert len(postern.mailbox('ann@contoso.com')) == 1


def test_too_many_recipients(new_postern):
    postern = new_postern(limits={'max_recipients': 100})
    postern.cmdlet("New-Recipient '*@contoso.com'")
    with SmtpSession(postern.smtp) as session:
        session.ehlo()
        session.mail('bob@bank.test')
        codes = [session.rcpt(f'user{n}@contoso.com').line[:9] for n in range(102)]
        assert codes[:100] == ['250 2.1.5'] * 100
        assert codes[100:] == ['452 4.5.3'] * 2
        assert session.data(message()).code == 250
    assert len(postern.mailbox('user99@contoso.com')) == 1 and not postern.mailbox('user100@contoso.com')


def test_a_silent_client_hears_421(new_postern):
    postern = new_postern(contoso=False, limits={'idle_time': 1})
    with SmtpSession(postern.smtp) as session:
        assert session.reply().line.startswith('421 4.4.2 ')
        assert session.is_closed()


def test_a_slow_client_ends_with_its_session_time(new_postern):
    """A command now and then does not keep a session for ever."""
    postern = new_postern(contoso=False, limits={'session_time': 3, 'idle_time': 3})
    with SmtpSession(postern.smtp) as session:
        for _ in range(100):
            reply = session.command('NOOP')
            if reply.code != 250:
                break
            session.socket.settimeout(0.1)
            try:
                session.socket.recv(1, socket.MSG_PEEK)  # Nothing is to come; this is how to be slow.
            except TimeoutError:
                pass
            session.socket.settimeout(20)
        assert reply.line.startswith('421 4.4.2 mx.contoso.test The session has lasted too long')
        assert session.is_closed()


def test_a_message_that_takes_too_long(new_postern):
    postern = new_postern(limits={'content_time': 3, 'idle_time': 3})
    with in_content(postern) as session:
        for _ in range(100):
            try:
                session.send(b'x\r\n')
                session.socket.settimeout(0.1)
                session.socket.recv(1, socket.MSG_PEEK)
                break
            except TimeoutError:
                continue
        session.socket.settimeout(20)
        assert session.reply().line.startswith('421 4.4.2 mx.contoso.test The message took too long')


def test_a_client_that_does_not_take_replies_is_closed(new_postern):
    postern = new_postern(contoso=False, limits={'reply_time': 1, 'max_commands_without_progress': 10**9})
    with SmtpSession(postern.smtp) as session:
        session.socket.setblocking(False)
        # Commands until nothing more fits: posternd waits for us to take what it said.
        for _ in range(10_000):
            try:
                session.socket.send(b'HELP\r\n' * 1000)
            except BlockingIOError:
                break
        else:
            pytest.fail('posternd went on reading')
        wait_until(lambda: postern.metric('postern_sessions') == 0, 'the session to be given up')


def test_a_handshake_that_does_not_come(new_postern):
    postern = new_postern(contoso=False, limits={'handshake_time': 1})
    with SmtpSession(postern.smtp) as session, socket.create_connection(postern.proxied) as proxy:
        proxy.settimeout(20)
        session.ehlo()
        assert session.command('STARTTLS').code == 220
        assert session.is_closed()
        assert proxy.recv(1) == b''  # The PROXY header has the same time.


def test_memory_for_messages_is_limited(new_postern):
    """Four messages of 256 kB that are still coming in take all there is."""
    postern = new_postern(limits={'message_memory': 1 << 20})
    quarter = 1 << 18
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            session = stack.enter_context(in_content(postern))
            session.send((b'x' * 1022 + b'\r\n') * 250)
        wait_until(lambda: postern.metric('postern_content_memory_bytes') == 4 * quarter, 'the memory to be taken')
        with in_content(postern) as late:
            late.send(message() + b'.\r\n')
            assert late.reply().line.startswith('452 4.3.1 ')
    wait_until(lambda: postern.metric('postern_content_memory_bytes') == 0, 'the memory to be given back')
    with in_content(postern) as session:
        session.send(message() + b'.\r\n')
        assert session.reply().code == 250


def test_the_spool_is_limited(new_postern):
    postern = new_postern(limits={'message_spool': 1 << 20, 'max_message_size': 1 << 20})
    large = message(body=('y' * 78 + '\n') * 10_000)
    with in_content(postern) as first:
        first.send(large)
        wait_until(lambda: postern.metric('postern_content_spool_bytes') >= 500_000, 'the spool to be used')
        with in_content(postern) as second:
            second.send(large + b'.\r\n')
            assert second.reply().line.startswith('452 4.3.1 ')
        first.send(b'.\r\n')
        assert first.reply().code == 250
    with in_content(postern) as again:
        again.send(large + b'.\r\n')
        assert again.reply().code == 250


def test_calls_that_wait_for_the_disk_are_limited(new_postern):
    """One thread, held by a ledger that somebody else has locked, and room for one more call."""
    postern = new_postern(limits={'delivery_threads': 1, 'delivery_queue': 1})
    with HopServer('lmtp') as hop, contextlib.ExitStack() as stack:
        hop.after_dot['x@relay.contoso.net'] = '452 4.2.2 Mailbox full'
        postern.cmdlet(f'Set-AcceptedDomain relay.contoso.net -NextHop {hop.url}')
        ledger = sqlite3.connect(postern.data / 'ledger.db', isolation_level=None)
        stack.callback(ledger.close)
        ledger.execute('BEGIN EXCLUSIVE')
        # Half delivered: what the ledger must remember before 451 is said.
        with in_content(postern, 'x@relay.contoso.net', 'ann@contoso.com') as half:
            half.send(message() + b'.\r\n')
            codes = set()
            sessions = []
            deadline = time.monotonic() + 30
            while '451 4.3.1' not in codes and time.monotonic() < deadline:
                session = stack.enter_context(in_content(postern, 'bob@contoso.com'))
                session.send(message(subject=f'number {len(sessions)}') + b'.\r\n')
                sessions.append(session)
                # The first ones may come before the thread is held, one waits; who hears nothing waits.
                readable, _, _ = select.select([each.socket for each in sessions], [], [], 0.2)
                answered = [each for each in sessions if each.socket in readable]
                codes |= {each.reply().line[:9] for each in answered}
                for each in answered:
                    each.close()
                sessions = [each for each in sessions if each not in answered]
            assert '451 4.3.1' in codes, codes
            ledger.execute('ROLLBACK')
            assert half.reply().code == 451
            assert all(each.reply().code == 250 for each in sessions), 'who waited is served'


def test_a_message_that_has_been_everywhere(new_postern):
    postern = new_postern(limits={'max_hops': 10})
    for hops, reply in ((10, '250 2.0.0 '), (11, '554 5.4.6 ')):
        with in_content(postern) as session:
            session.send(message(fields='Received: from here\n' * hops) + b'.\r\n')
            assert session.reply().line.startswith(reply)


def in_content(postern, *recipients):
    """A session that has heard 354."""
    session = SmtpSession(postern.smtp)
    session.ehlo()
    session.mail('bob@bank.test')
    for recipient in recipients or ['ann@contoso.com']:
        assert session.rcpt(recipient).code == 250
    assert session.command('DATA').code == 354
    return session
