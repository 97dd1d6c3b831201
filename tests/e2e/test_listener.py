"""Connections before the first command: the PROXY protocol, limits, slow and silent clients."""
import socket

import pytest

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
    postern = new_postern(contoso=False, limits={'max_connections': 4})
    sessions = [SmtpSession(postern.smtp, source=f'127.0.1.{n}') for n in range(1, 5)]
    try:
        with SmtpSession(postern.smtp, source='127.0.1.9') as fifth:
            assert fifth.banner.code == 421
            assert fifth.is_closed()
        assert postern.is_healthy()
    finally:
        for session in sessions:
            session.close()


@pytest.mark.parametrize('limits, lines, last', [
    ({'max_errors': 3}, ['NO', 'NO', 'NO', 'NO'], 421),
    ({'max_refusals': 2}, ['MAIL FROM:<bob@bank.test>', *['RCPT TO:<nobody@contoso.com>'] * 3], 421),
    ({'max_commands_without_progress': 10}, ['NOOP'] * 11, 421),
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
    """A byte now and then does not keep a session for ever."""
    postern = new_postern(contoso=False, limits={'session_time': 2, 'idle_time': 300})
    with SmtpSession(postern.smtp) as session:
        session.socket.settimeout(0.2)
        heard = b''
        for _ in range(100):
            try:
                session.send(b'N')
                piece = session.socket.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                break
            heard += piece
            if not piece:
                break
        else:
            pytest.fail('the session never ended')
        assert heard.startswith(b'421 ')
