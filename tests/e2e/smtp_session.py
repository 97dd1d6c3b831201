"""An SMTP client for tests: it says exactly what the test says, and never waits forever.

    with SmtpSession(postern.smtp, proxy='203.0.113.9') as session:
        session.ehlo()
        assert session.mail('printer@contoso.com').code == 250
        assert session.rcpt('ann@contoso.com').line.startswith('550 5.7.68 ')

smtplib is polite: it will not send a bare line feed, bytes ahead of a handshake, or a
command that makes no sense. This client sends whatever it is given, from an address of
127.0.0.0/8 that the test chooses (`source`) or, through a listener that takes the PROXY
protocol, from any address at all (`proxy`).
"""
import ipaddress
import re
import socket
import ssl
import struct
import zlib
from typing import NamedTuple

TIMEOUT = 20  # Seconds until a silent server is a failure.
TAIL = re.compile(r' \[mx\.contoso\.test \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ([0-9A-F]{16})\]$')


class Reply(NamedTuple):
    code: int
    lines: list  # The text of each line, without code and separator.

    @property
    def text(self):
        return '\n'.join(self.lines)

    @property
    def line(self):
        """`550 5.7.68 Tenant…`, as a log would show it."""
        return f'{self.code} {self.text}'

    @property
    def sentence(self):
        """The line without the bracketed tail, which must be there."""
        tail = TAIL.search(self.line)
        assert tail, f'no tail [server time session] in: {self.line}'
        return self.line[:tail.start()]

    @property
    def session_id(self):
        return TAIL.search(self.line)[1]


def proxy_v1(client, server='192.0.2.254', port=41000):
    family = 'TCP6' if ':' in client else 'TCP4'
    return f'PROXY {family} {client} {server if family == "TCP4" else "2001:db8::254"} {port} 25\r\n'.encode()


def proxy_v2(client, port=41000):
    address = ipaddress.ip_address(client)
    server = ipaddress.ip_address('192.0.2.254' if address.version == 4 else '2001:db8::254')
    body = address.packed + server.packed + struct.pack('!HH', port, 25)
    return (b'\r\n\r\n\x00\r\nQUIT\n'                                # Signature.
            + bytes([0x21, 0x11 if address.version == 4 else 0x21])  # Version 2, PROXY; TCP over IPv4 or IPv6.
            + struct.pack('!H', len(body)) + body)


class SmtpSession:
    def __init__(self, server, source='127.0.0.1', proxy=None, preamble=b''):
        """`server` is (address, port). `proxy` sends a PROXY v1 header for that client first,
        `preamble` any other bytes. Reads the banner into `self.banner`."""
        self.buffer = b''
        self.socket = socket.create_connection(server, timeout=TIMEOUT, source_address=(source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if proxy:
            preamble = proxy_v1(proxy) + preamble
        if preamble:
            self.send(preamble)
        self.banner = self.reply()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def abort(self):
        """Closes with a reset, as a client that crashes."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read_line(self):
        """One line without CRLF; None at the end of the stream."""
        while b'\r\n' not in self.buffer:
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                piece = b''
            if not piece:
                assert not self.buffer, f'the stream ended inside a line: {self.buffer!r}'
                return None
            self.buffer += piece
        line, self.buffer = self.buffer.split(b'\r\n', 1)
        return line.decode()

    def reply(self):
        """The next reply (RFC 5321 section 4.2.1); None when the server has closed."""
        lines = []
        while True:
            line = self.read_line()
            if line is None:
                assert not lines, f'the stream ended inside a reply: {lines}'
                return None
            assert re.match(r'\d{3}([ -]|$)', line), f'not a reply: {line!r}'
            lines.append(line[4:])
            if line[3:4] != '-':
                return Reply(int(line[:3]), lines)

    def is_closed(self):
        """Waits for the server's end of the stream; False if it says something instead."""
        return self.read_line() is None

    def command(self, line):
        self.send(line.encode() + b'\r\n')
        return self.reply()

    def ehlo(self, name='client.example'):
        reply = self.command(f'EHLO {name}')
        assert reply.code == 250, reply.line
        return reply

    def mail(self, reverse_path, parameters=''):
        return self.command(f'MAIL FROM:<{reverse_path}>{parameters}')

    def rcpt(self, forward_path, parameters=''):
        return self.command(f'RCPT TO:<{forward_path}>{parameters}')

    def data(self, message):
        """The reply to the final dot, or to DATA if it was refused. Lines end in CRLF."""
        reply = self.command('DATA')
        if reply.code != 354:
            return reply
        self.send(stuffed(message) + b'.\r\n')
        return self.reply()

    def starttls(self, context=None, server_name=None):
        reply = self.command('STARTTLS')
        assert reply.code == 220, reply.line
        self.handshake(context or client_context(), server_name)
        return reply

    def handshake(self, context, server_name=None):
        assert not self.buffer, f'bytes ahead of the handshake: {self.buffer!r}'
        self.socket = context.wrap_socket(self.socket, server_hostname=server_name)


def client_context(certificate=None, key=None):
    """TLS that trusts any server, with a client certificate if given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate, key)
    return context


def tls_session(server, pair=None, **options):
    """After STARTTLS and the second EHLO, whose reply is `greeting`; with a client certificate if given."""
    session = SmtpSession(server, **options)
    session.ehlo()
    session.starttls(client_context(*pair or ()))
    session.greeting = session.ehlo()
    return session


def stuffed(message):
    """Dot-stuffing (RFC 5321 section 4.5.2) of a message whose lines end in CRLF."""
    assert message.endswith(b'\r\n')
    return re.sub(rb'(?m)^\.', b'..', message)


def message(author='Ann <ann@contoso.com>', subject='A test', fields='', body='Hello.\n'):
    """A small message with CRLF; `fields` are whole header fields, each ended by LF. The same
    arguments make the same bytes, so that a retry is one."""
    text = (f'From: {author}\nTo: ann@contoso.com\nSubject: {subject}\n'
            f'Date: Sun, 22 Nov 2026 09:00:00 +0000\n'
            f'Message-ID: <{zlib.crc32((author + subject + body).encode())}@client.example>\n'
            f'{fields}\n{body}')
    return text.replace('\n', '\r\n').encode()
