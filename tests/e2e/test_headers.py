"""What is written on a message, what is taken off it, and that nothing else changes (row 42)."""
import re

import pytest

from smtp_session import SmtpSession

EXT = '203.0.113.9'

# Forgeries in the spellings that strangers try: other case, folded, a comment or a version
# beside our name, white space before the colon (RFC 5322 section 4.5).
FORGED = [
    b'X-MS-Exchange-Organization-AuthAs: Internal\r\n',
    b'x-ms-exchange-organization-authsource: mx.contoso.test\r\n',
    b'X-MS-Exchange-Organization-Folded:\r\n\tover\r\n  three lines\r\n',
    b'X-MS-Exchange-Organization-Spaced : Internal\r\n',
    b'X-Postern-Direct-Send: no\r\n',
    b'X-POSTERN-Connector: Printers\r\n',
    b'Authentication-Results: mx.contoso.test; spf=pass smtp.mailfrom=contoso.com\r\n',
    b'Authentication-Results: MX.CONTOSO.TEST 1; dkim=pass header.d=contoso.com\r\n',
    b'Authentication-Results: (a comment) mx.contoso.test;\r\n dmarc=pass header.from=contoso.com\r\n',
]
# What looks like them and is not ours to touch.
KEPT = [
    b'Received: from a.example by b.example; Sun, 22 Nov 2026 08:59:00 +0000\r\n',
    b'Authentication-Results: mx.other.test; spf=pass smtp.mailfrom=bank.test\r\n',
    b'X-MS-Exchange-CrossTenant-Id: 5\r\n',
    b'X-MS-Exchange-OrganizationX: not the prefix\r\n',
    b'DKIM-Signature: v=1; a=rsa-sha256; d=bank.test; s=s1;\r\n\th=from:to:subject;  bh=aGk=;\r\n\tb=aGk=\r\n',
    b'From: =?utf-8?q?B=C3=B6b?= <bob@bank.test>\r\n',
    b'subject:no blank after the colon\r\n',
    b'To: ann@contoso.com,\r\n \tbob@contoso.com   \r\n',
    b'X-Eight-Bit: \xe4\xf6\xfc \xc3\xa4\r\n',
    b'X-Empty:\r\n',
    b'X-Long: ' + b'x' * 980 + b'\r\n',
]
BODY = (b'\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n'  # Only a body line.
        b'.\r\n..two dots\r\n.leading dot\r\ntrailing blanks   \t\r\n'
        b'\xff\xfe raw octets \x01\x7f\r\n' + b'y' * 998 + b'\r\n\r\n\r\n')
STAMPED = {b'return-path', b'delivered-to', b'received', b'received-spf', b'authentication-results'}


def deliver(postern, content, reverse_path='bob@bank.test', client=EXT, body=''):
    """Sends it to ann and returns the bytes of the delivered file, lines ended by CRLF."""
    before = set(postern.mailbox('ann@contoso.com'))
    with SmtpSession(postern.proxied, proxy=client) as session:
        session.ehlo()
        assert session.mail(reverse_path, body).code == 250
        assert session.rcpt('ann@contoso.com').code == 250
        reply = session.data(content)
        assert reply.code == 250, reply.line
    (file,) = set(postern.mailbox('ann@contoso.com')) - before
    return file.read_bytes().replace(b'\r\n', b'\n').replace(b'\n', b'\r\n')


def interleaved():
    lines = []
    for number in range(max(len(KEPT), len(FORGED))):
        lines += KEPT[number:number + 1] + FORGED[number:number + 1]
    return b''.join(lines)


@pytest.mark.parametrize('header', [b''.join(FORGED + KEPT), b''.join(KEPT + FORGED), interleaved()],
                         ids=['first', 'last', 'interleaved'])
def test_row_42_forgeries_are_removed_and_the_rest_is_untouched(postern, header):
    delivered = deliver(postern, header + BODY, body=' BODY=8BITMIME')
    ours, rest = delivered[:-len(b''.join(KEPT) + BODY)], delivered[-len(b''.join(KEPT) + BODY):]
    assert rest == b''.join(KEPT) + BODY
    names = {line.split(b':')[0].lower() for line in re.sub(rb'\r\n[ \t]+', b' ', ours).splitlines()}
    assert {name for name in names if not name.startswith(b'x-postern-')} <= STAMPED
    assert ours.count(b'X-Postern-Direct-Send') == 0


def fields(delivered, name):
    """The fields of the name, unfolded."""
    header = re.sub(r'\r?\n[ \t]+', ' ', re.split(r'\r?\n\r?\n', delivered.decode('latin-1'))[0])
    return re.findall(rf'(?mi)^{name}: ?(.*?)\r?$', header)


def field(delivered, name):
    (value,) = fields(delivered, name)
    return value


def received_spf_of_mail_from(delivered):
    """There is one Received-SPF for MAIL FROM and one for HELO (RFC 7208 section 9.1)."""
    (value,) = [value for value in fields(delivered, 'Received-SPF') if 'identity=mailfrom' in value]
    return value


def test_the_fields_that_are_stamped(postern):
    delivered = deliver(postern, b'From: bob@bank.test\r\n\r\nHello.\r\n')
    received = field(delivered, 'Received')
    assert re.match(r'from client\.example \(.*203\.0\.113\.9.*\) by mx\.contoso\.test .*with ESMTP.*; '
                    r'\w{3}, \d\d? \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}', received), received
    results = field(delivered, 'Authentication-Results')
    assert results.startswith('mx.contoso.test;')
    assert 'spf=pass' in results and 'smtp.mailfrom=' in results and 'bank.test' in results
    received_spf = received_spf_of_mail_from(delivered)
    assert received_spf.startswith('pass ')
    assert 'client-ip=203.0.113.9' in received_spf and 'receiver=mx.contoso.test' in received_spf


@pytest.mark.parametrize('reverse_path, client, result', [
    ('bob@bank.test', EXT, 'pass'),
    ('bob@bank.test', '203.0.113.10', 'fail'),
    ('x@soft.test', EXT, 'softfail'),
    ('x@broken.test', EXT, 'permerror'),
    ('x@nothing.test', EXT, 'none'),
])
def test_spf_results(postern, reverse_path, client, result):
    delivered = deliver(postern, b'From: x@bank.test\r\n\r\nHello.\r\n', reverse_path, client)
    assert f'spf={result}' in field(delivered, 'Authentication-Results')
    assert received_spf_of_mail_from(delivered).startswith(result + ' ')


def test_the_null_reverse_path_is_checked_by_its_hello_name(postern):
    with SmtpSession(postern.proxied, proxy=EXT) as session:
        session.ehlo('bank.test')
        session.mail('')
        session.rcpt('bob@contoso.com')
        assert session.data(b'From: MAILER-DAEMON@bank.test\r\nSubject: DSN\r\n\r\nSorry.\r\n').code == 250
    (file,) = [path for path in postern.mailbox('bob@contoso.com') if b'Subject: DSN' in path.read_bytes()]
    results = field(file.read_bytes(), 'Authentication-Results')
    assert 'spf=pass' in results and 'smtp.helo=bank.test' in results


def test_a_name_in_hello_is_checked_once_and_anew_when_another_is_said(postern):
    """What was found out about a name serves all messages after it, and none after the next."""
    names = [('bank.test', 'pass'), ('bank.test', 'pass'), ('soft.test', 'softfail'), ('bank.test', 'pass')]
    with SmtpSession(postern.proxied, proxy=EXT) as session:
        said = None
        for number, (name, _) in enumerate(names):
            if name != said:
                session.ehlo(name)
                said = name
            session.mail('bob@bank.test')
            session.rcpt('bob@contoso.com')
            content = f'From: bob@bank.test\r\nSubject: hello {number}\r\n\r\nHello.\r\n'.encode()
            assert session.data(content).code == 250
    for number, (name, result) in enumerate(names):
        subject = f'Subject: hello {number}'.encode()
        (file,) = [path for path in postern.mailbox('bob@contoso.com') if subject in path.read_bytes()]
        (received_spf,) = [value for value in fields(file.read_bytes(), 'Received-SPF') if 'identity=helo' in value]
        assert received_spf.startswith(result + ' ') and f'helo={name}' in received_spf, received_spf


def test_tls_is_told_in_received(postern):
    with SmtpSession(postern.proxied, proxy=EXT) as session:
        session.ehlo()
        session.starttls()
        session.ehlo()
        session.mail('bob@bank.test')
        session.rcpt('bob@contoso.com')
        assert session.data(b'From: bob@bank.test\r\nSubject: over TLS\r\n\r\nHello.\r\n').code == 250
    (file,) = [path for path in postern.mailbox('bob@contoso.com') if b'Subject: over TLS' in path.read_bytes()]
    received = field(file.read_bytes(), 'Received')
    assert 'with ESMTPS' in received and 'TLSv1.3' in received
