"""A next hop for tests, LMTP or SMTP, that answers and dies as it is told.

    with HopServer('lmtp') as hop:
        hop.after_dot['bob@contoso.com'] = '452 4.2.2 Mailbox full'   # LMTP: a reply per recipient
        hop.die_at = 'data'                                           # once; then it lives on
        …
        assert hop.copies('ann@contoso.com') == 1

Only what it has answered with 250 counts as delivered, as with a server that keeps its word.
`hold` makes it wait with the reply to the final dot until it is set.
"""
import socket
import threading

from postern import own_address

TIMEOUT = 30
STEPS = ['connect', 'banner', 'hello', 'mail', 'rcpt', 'data', 'content', 'dot', 'first-reply']


class Died(Exception):
    pass


class HopServer:
    def __init__(self, protocol, address=None):
        self.is_lmtp = protocol == 'lmtp'
        self.at_rcpt = {}     # Address: reply, for RCPT.
        self.after_dot = {}   # Address: reply after the final dot; SMTP answers with the first one's.
        self.die_at = None    # One of STEPS: the connection is reset there, once.
        self.hold = threading.Event()
        self.hold.set()
        self.waiting = threading.Event()  # Somebody waits for `hold`: the final dot has come.
        self.delivered = []   # (forward-path, content), in order.
        self.commands = []    # Lines of all sessions, without those of contents.
        self.sessions = 0     # Connections that came.
        self.transactions = 0
        self.extensions = ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES', 'SIZE']
        self.lock = threading.Lock()
        self.listener = socket.create_server((address or own_address(), 0))
        self.address, self.port = self.listener.getsockname()
        self.url = f'{protocol}:{self.address}:{self.port}'

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.hold.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def copies(self, address):
        with self.lock:
            return sum(1 for recipient, _ in self.delivered if recipient.lower() == address)

    def contents(self):
        with self.lock:
            return [content for _, content in self.delivered]

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.sessions += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _step(self, connection, step):
        with self.lock:
            if self.die_at != step:
                return
            self.die_at = None
        # A reset, as of a machine that lost power and came back.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\x01\x00\x00\x00\x00\x00\x00\x00')
        raise Died

    def _serve(self, connection):
        connection.settimeout(TIMEOUT)
        with connection, connection.makefile('rb') as lines:
            try:
                self._step(connection, 'connect')
                self._say(connection, '220 hop.test ready')
                self._step(connection, 'banner')
                self._converse(connection, lines)
            except (Died, OSError):
                pass

    def _say(self, connection, *replies):
        connection.sendall(''.join(reply + '\r\n' for reply in replies).encode())

    def _converse(self, connection, lines):
        recipients = []
        while line := lines.readline():
            self.commands.append(line.decode().strip())
            verb, _, argument = line.decode().strip().partition(' ')
            verb = verb.upper()
            if verb in ('EHLO', 'HELO', 'LHLO'):
                self._step(connection, 'hello')
                if (verb == 'LHLO') != self.is_lmtp:
                    self._say(connection, '500 5.5.1 the other protocol is spoken here')
                    continue
                words = ['hop.test', *self.extensions]
                self._say(connection, *[f'250-{word}' for word in words[:-1]], f'250 {words[-1]}')
            elif verb == 'MAIL':
                self.transactions += 1
                recipients = []
                self._step(connection, 'mail')
                self._say(connection, '250 2.1.0 ok')
            elif verb == 'RCPT':
                address = argument[argument.index('<') + 1:argument.index('>')]
                self._step(connection, 'rcpt')
                reply = self.at_rcpt.get(address.lower(), '250 2.1.5 ok')
                if reply.startswith('2'):
                    recipients.append(address)
                self._say(connection, reply)
            elif verb == 'DATA':
                self._step(connection, 'data')
                if not recipients:
                    self._say(connection, '503 5.5.1 no recipients')
                    continue
                self._say(connection, '354 go ahead')
                self._take(connection, lines, recipients)
                recipients = []
            elif verb == 'QUIT':
                self._say(connection, '221 2.0.0 bye')
                return
            else:
                self._say(connection, '250 2.0.0 ok' if verb in ('RSET', 'NOOP') else '500 5.5.2 what?')

    def _take(self, connection, lines, recipients):
        content = b''
        while (line := lines.readline()) != b'.\r\n':
            if not line:
                raise Died  # The client left in the middle.
            content += line[1:] if line.startswith(b'.') else line
            self._step(connection, 'content')
        self._step(connection, 'dot')
        self.waiting.set()
        if not self.hold.wait(TIMEOUT):
            raise Died
        self.waiting.clear()
        if self.is_lmtp:
            for recipient in recipients:
                self._finish(connection, content, [recipient])
                self._step(connection, 'first-reply')
        else:
            self._finish(connection, content, recipients)

    def _finish(self, connection, content, recipients):
        reply = self.after_dot.get(recipients[0].lower(), '250 2.0.0 delivered')
        if reply.startswith('2'):
            with self.lock:
                self.delivered += [(recipient, content) for recipient in recipients]
        self._say(connection, reply)
