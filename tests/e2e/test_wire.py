"""Clients that do not keep to the protocol: what they hear, and that nothing is smuggled in."""
import json
import os
import pathlib
import re
import ssl

import pytest

from postern import TOP
from smtp_session import SmtpSession, client_context, message, stuffed

CONFORMANCE = pathlib.Path(os.environ.get('CONFORMANCE_DIR') or TOP.parent / 'shared/conformance')


@pytest.fixture
def session(postern):
    with SmtpSession(postern.smtp) as session:
        session.ehlo()
        yield session


def begin_data(session, *forward_paths):
    assert session.mail('bob@bank.test').code == 250
    for forward_path in forward_paths or ('ann@contoso.com',):
        assert session.rcpt(forward_path).code == 250
    assert session.command('DATA').code == 354


def subjects(postern, address='ann@contoso.com'):
    """The Subject fields of all that was delivered; a line of a body is none."""
    headers = [re.split(rb'\r?\n\r?\n', path.read_bytes())[0] for path in postern.mailbox(address)]
    return [line for header in headers for line in header.splitlines() if line.lower().startswith(b'subject:')]


# ---------------------------------------------------------------------- RFC 3207 section 4.2

@pytest.mark.parametrize('ahead', [b'RSET\r\n', b'MAIL FROM:<evil@phish.test>\r\nRCPT TO:<ann@contoso.com>\r\n', b'\x16'],
                         ids=['command', 'transaction', 'byte'])
def test_bytes_ahead_of_the_handshake_are_refused(session, ahead):
    session.send(b'STARTTLS\r\n' + ahead)
    reply = session.reply()
    assert reply.code >= 500, reply.line
    # Whatever follows, the bytes are never taken for something said under TLS.
    rest = []
    while (reply := session.reply()) is not None and reply.code != 421:
        rest.append(reply)
    assert not [reply for reply in rest if reply.code < 400]


def test_starttls_forgets_what_was_said_before(session):
    session.mail('bob@bank.test')
    session.rcpt('ann@contoso.com')
    session.starttls()
    assert session.rcpt('ann@contoso.com').code == 503
    assert session.mail('bob@bank.test').code == 503, 'EHLO must be said again'
    hello = session.ehlo()
    assert 'STARTTLS' not in hello.lines
    assert session.command('STARTTLS').code == 503


def test_a_broken_handshake_ends_the_connection(session, postern):
    assert session.command('STARTTLS').code == 220
    session.send(b'this is not a ClientHello\r\n')
    try:
        while session.socket.recv(4096):  # An alert at most; then the end.
            pass
    except ConnectionResetError:
        pass
    with SmtpSession(postern.smtp) as another:
        another.ehlo()


@pytest.mark.filterwarnings('ignore::DeprecationWarning')
def test_old_tls_is_refused(session):
    context = client_context()
    context.set_ciphers('DEFAULT@SECLEVEL=0')
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    assert session.command('STARTTLS').code == 220
    with pytest.raises(OSError):
        session.handshake(context)


# ---------------------------------------------------------------------- line endings in DATA

@pytest.mark.parametrize('bare', [b'\n', b'\r', b'\n.\n', b'\r\n\n', b'\r\r\n', b'x\n.\r\n'], ids=repr)
def test_a_bare_cr_or_lf_is_refused_and_the_connection_closed(postern, session, bare):
    count = len(subjects(postern))
    begin_data(session)
    session.send(b'Subject: bare\r\n\r\none' + bare + b'two\r\n.\r\n')
    reply = session.reply()
    assert reply.code // 100 == 5, reply.line
    assert session.reply() is None, 'the connection is closed'
    assert len(subjects(postern)) == count


def smuggling_cases():
    file = CONFORMANCE / 'smtp/smuggling.json'
    if not file.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f'no {file}; set CONFORMANCE_DIR'))]
    cases = json.loads(file.read_text())
    return [pytest.param(bytes.fromhex(case['hex']), id=f'{kind}-{case["hex"]}')
            for kind in ('inbound', 'outbound') for case in cases[kind]]


@pytest.mark.parametrize('end_of_data', smuggling_cases())
def test_no_second_message_is_smuggled(postern, session, end_of_data):
    before = len(subjects(postern))
    begin_data(session)
    session.send(b'From: bob@bank.test\r\nSubject: first\r\n\r\nHello' + end_of_data +
                 b'MAIL FROM:<evil@phish.test>\r\nRCPT TO:<ann@contoso.com>\r\nDATA\r\n'
                 b'From: evil@phish.test\r\nSubject: smuggled\r\n\r\nHello\r\n.\r\n')
    reply = session.reply()
    after = subjects(postern)
    assert len(after) - before == (1 if reply.code == 250 else 0), 'one message or none'
    assert b'Subject: smuggled' not in after


# ---------------------------------------------------------------------- order and syntax

@pytest.mark.parametrize('lines, code', [
    (['MAIL FROM:<bob@bank.test>', 'DATA'], 503),
    (['RCPT TO:<ann@contoso.com>'], 503),
    (['MAIL FROM:<bob@bank.test>', 'MAIL FROM:<bob@bank.test>'], 503),
    (['MAIL FROM:bob@bank.test'], 501),
    (['MAIL FROM:<bob@bank..test>'], 501),
    (['MAIL FROM:<bob@bank.test> SIZE=many'], 501),
    (['MAIL FROM:<bob@bank.test> NOSUCH=1'], 555),
    (['MAIL FROM:<bob@bank.test>', 'RCPT TO:<ann>'], 501),
    (['MAIL FROM:<bob@bank.test>', 'RCPT TO:<>'], 501),
    (['MAIL FROM:<bob@bank.test> SIZE=999999999999'], 552),
    (['NOSUCH'], 500),
    (['AUTH PLAIN AGEAYg=='], 502),
    (['VRFY ann'], 252),
    (['NOOP with words', 'RSET', 'HELP'], 214),
    (['EHLO'], 501),
    (['BDAT 0'], 503),
], ids=lambda value: value[-1] if isinstance(value, list) else None)
def test_the_last_line_hears(session, lines, code):
    for line in lines[:-1]:
        assert session.command(line).code < 400, line
    assert session.command(lines[-1]).code == code
    assert session.command('NOOP').code == 250, 'the session goes on'


def test_pipelined_commands_are_answered_in_order(postern, session):
    session.send(b'MAIL FROM:<bob@bank.test>\r\nRCPT TO:<nobody@contoso.com>\r\nRCPT TO:<ann@contoso.com>\r\nDATA\r\n')
    assert [session.reply().code for _ in range(4)] == [250, 550, 250, 354]
    session.send(stuffed(message('bob@bank.test', 'pipelined')) + b'.\r\nMAIL FROM:<bob@bank.test>\r\nQUIT\r\n')
    assert [session.reply().code for _ in range(3)] == [250, 250, 221]
    assert session.is_closed()
    assert subjects(postern).count(b'Subject: pipelined') == 1


def test_every_byte_in_a_segment_of_its_own(postern, session):
    text = (b'MAIL FROM:<bob@bank.test>\r\nRCPT TO:<ann@contoso.com>\r\nDATA\r\n')
    for byte in text:
        session.send(bytes([byte]))
    assert [session.reply().code for _ in range(3)] == [250, 250, 354]
    for byte in stuffed(message('bob@bank.test', 'in pieces', body='.\n..\n')) + b'.\r\n':
        session.send(bytes([byte]))
    assert session.reply().code == 250
    assert subjects(postern).count(b'Subject: in pieces') == 1


def test_chunking(postern, session):
    """RFC 3030: BDAT, pipelined; the chunks join at any byte."""
    content = message('bob@bank.test', 'in chunks', body='.\nnot stuffed\n')
    session.send(b'MAIL FROM:<bob@bank.test>\r\nRCPT TO:<ann@contoso.com>\r\n'
                 b'BDAT 11\r\n' + content[:11] + b'BDAT 0\r\nBDAT %d LAST\r\n' % (len(content) - 11) + content[11:])
    assert [session.reply().code for _ in range(5)] == [250] * 5
    (file,) = [path for path in postern.mailbox('ann@contoso.com') if b'Subject: in chunks' in path.read_bytes()]
    assert file.read_bytes().replace(b'\r\n', b'\n').endswith(content.replace(b'\r\n', b'\n'))


def test_a_client_that_leaves_in_the_middle_leaves_nothing(postern):
    count = len(subjects(postern))
    for text in (b'', b'Subject: half\r\n', b'Subject: half\r\n\r\nbody\r\n.\r'):
        with SmtpSession(postern.smtp) as session:
            session.ehlo()
            begin_data(session)
            session.send(text)
            session.abort()
    with SmtpSession(postern.smtp) as session:
        session.ehlo()
        begin_data(session)
        session.send(stuffed(message('bob@bank.test', 'whole')) + b'.\r\n')
        assert session.reply().code == 250
    assert len(subjects(postern)) == count + 1
