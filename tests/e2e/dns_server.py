"""A small DNS server for tests and the demo: answers from master files over UDP and TCP.

    dns_server.py --listen 127.0.0.1:5353 contoso.zone fabrikam.zone

prints `listening on 127.0.0.1:5353` when it is ready (port 0 takes a free one). In a test:

    with DnsServer('contoso.test. TXT "v=spf1 -all"') as dns: … dns.address …

The zone files are those of src/dns/zone.h, one record a line or joined by parentheses, with its
two pseudo-types: `name TIMEOUT [TYPE…]` gets no reply, `name SERVFAIL [TYPE…]` that RCODE.
"""
import argparse
import ipaddress
import re
import signal
import socket
import socketserver
import struct
import threading

TYPES = {'A': 1, 'NS': 2, 'CNAME': 5, 'SOA': 6, 'PTR': 12, 'MX': 15, 'TXT': 16, 'AAAA': 28, 'TLSA': 52}
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
WORD = re.compile(r'"((?:\\.|[^"\\])*)"|([^\s()";]+)|([()])|;.*')


def name_to_wire(name):
    return b''.join(bytes([len(label)]) + label.encode('latin-1')
                    for label in name.split('.') if label) + b'\0'


def unescape(text):
    return re.sub(r'\\(\d{3}|.)', lambda m: chr(int(m[1])) if m[1].isdigit() else m[1], text)


class Zone:
    def __init__(self, *texts):
        self.records = {}   # name -> [(type number, ttl, rdata)]
        self.failures = {}  # name -> [(set of type numbers, or None for the rest, word)]
        for text in texts:
            self._read(text)
        # Names above an owner exist (empty non-terminals).
        for name in list(self.records) + list(self.failures):
            while name:
                self.records.setdefault(name, [])
                name = name.partition('.')[2]

    def _read(self, text):
        origin, ttl, owner, words, depth = '', 300, '', [], 0
        absolute = lambda n: (origin if n == '@' else n[:-1] if n.endswith('.')
                              else f'{n}.{origin}'.rstrip('.')).lower()
        for number, line in enumerate(text.splitlines(), 1):
            if not depth:
                words, blank = [], line[:1].isspace()
            for match in WORD.finditer(line):
                if match[3]:
                    depth += 1 if match[3] == '(' else -1
                elif match[0][0] != ';':
                    words.append(match[2] if match[2] is not None else unescape(match[1]))
            if depth or not words:
                continue
            try:
                if words[0] == '$ORIGIN':
                    origin = words[1].rstrip('.').lower()
                    continue
                if words[0] == '$TTL':
                    ttl = int(words[1])
                    continue
                if not blank:
                    owner = absolute(words.pop(0))
                own_ttl = ttl
                while words[0].upper() == 'IN' or words[0].isdigit():
                    word = words.pop(0)
                    own_ttl = int(word) if word.isdigit() else own_ttl
                self._add(owner, own_ttl, words[0].upper(), words[1:], absolute)
            except (IndexError, KeyError, ValueError) as trouble:
                raise SystemExit(f'zone line {number}: {line!r}: {trouble!r}')

    def _add(self, owner, ttl, word, data, absolute):
        if word in ('TIMEOUT', 'SERVFAIL'):
            types = {TYPES[t.upper()] for t in data} or None
            self.failures.setdefault(owner, []).append((types, word))
            return
        if word in ('A', 'AAAA'):
            rdata = ipaddress.ip_address(data[0]).packed
        elif word == 'TXT':
            strings = [s.encode('latin-1') for s in data]
            rdata = b''.join(bytes([len(s)]) + s for s in strings)
        elif word == 'MX':
            rdata = struct.pack('!H', int(data[0])) + name_to_wire(absolute(data[1]))
        elif word == 'SOA':
            rdata = (name_to_wire(absolute(data[0])) + name_to_wire(absolute(data[1]))
                     + struct.pack('!5I', *map(int, data[2:7])))
        elif word == 'TLSA':
            rdata = bytes(map(int, data[:3])) + bytes.fromhex(''.join(data[3:]))
        else:
            rdata = name_to_wire(absolute(data[0]))
        self.records.setdefault(owner, []).append((TYPES[word], ttl, rdata))

    def look_up(self, name, qtype):
        """The RCODE (None: stay silent) and the records (owner, type, ttl, rdata)."""
        found = []
        for _ in range(16):
            own = self.records.get(name)
            if own is None:
                above = name
                while above and above not in self.records:
                    above = above.partition('.')[2]
                own = self.records.get(f'*.{above}' if above else '*')
            matching = [r for r in own or [] if r[0] == qtype]
            for types, word in self.failures.get(name, []):
                if qtype in types if types else not matching:
                    return (None if word == 'TIMEOUT' else SERVFAIL), []
            if own is None:
                return NXDOMAIN, found
            found += [(name, *r) for r in matching]
            alias = next((r for r in own if r[0] == TYPES['CNAME']), None)
            if matching or not alias:
                return NOERROR, found
            found.append((name, *alias))
            name = wire_to_name(alias[2], 0)[0]
        return SERVFAIL, []

    def answer(self, query, limit):
        """The reply to a query in wire format; None: no reply."""
        if len(query) < 17:
            return None
        name, end = wire_to_name(query, 12)
        question = query[12:end + 4]
        rcode, records = self.look_up(name, struct.unpack_from('!H', query, end)[0])
        if rcode is None:
            return None
        body = b''.join(name_to_wire(owner) + struct.pack('!HHIH', rtype, 1, ttl, len(rdata)) + rdata
                        for owner, rtype, ttl, rdata in records)
        # A negative answer is believed with a SOA.
        soa = b''
        if rcode != SERVFAIL and not records:
            rdata = b'\0\0' + struct.pack('!5I', 1, 1, 1, 1, 60)
            soa = b'\0' + struct.pack('!HHIH', TYPES['SOA'], 1, 60, len(rdata)) + rdata
        flags, counts = 0x8580 | rcode, (1, len(records), bool(soa), 0)
        reply = query[:2] + struct.pack('!5H', flags, *counts) + question + body + soa
        if len(reply) > limit:
            reply = query[:2] + struct.pack('!5H', flags | 0x200, 1, 0, 0, 0) + question
        return reply


def wire_to_name(wire, at):
    labels = []
    while wire[at]:
        labels.append(wire[at + 1:at + 1 + wire[at]].decode('latin-1').lower())
        at += 1 + wire[at]
    return '.'.join(labels), at + 1


class DnsServer:
    """Serves until it is closed. `address` is `127.0.0.1:port`; `zone` may be replaced meanwhile."""

    def __init__(self, *zones, host='127.0.0.1', port=0):
        self.zone = Zone(*zones)
        outer = self

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self):
                data, sock = self.request
                reply = outer.zone.answer(data, 512)
                if reply:
                    sock.sendto(reply, self.client_address)

        class Connection(socketserver.StreamRequestHandler):
            timeout = 5

            def handle(self):
                length = self.rfile.read(2)
                while len(length) == 2:
                    reply = outer.zone.answer(self.rfile.read(*struct.unpack('!H', length)), 65535)
                    if reply:
                        self.wfile.write(struct.pack('!H', len(reply)) + reply)
                    length = self.rfile.read(2)

        class Tcp(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        # A port that is free for both; another program may take it in between.
        for attempt in range(20):
            self._udp = socketserver.UDPServer((host, port), Datagram)
            try:
                self._tcp = Tcp((host, self._udp.server_address[1]), Connection)
                break
            except OSError:
                self._udp.server_close()
                if port or attempt == 19:
                    raise
        self.address = f'{host}:{self._udp.server_address[1]}'
        for server in (self._udp, self._tcp):
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def close(self):
        for server in (self._udp, self._tcp):
            server.shutdown()
            server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--listen', default='127.0.0.1:5353')
    parser.add_argument('zones', nargs='+', metavar='ZONE')
    arguments = parser.parse_args()
    host, _, port = arguments.listen.rpartition(':')
    # Blocked first, so that no thread takes the signals that main waits for.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    read = lambda: [open(name, encoding='latin-1').read() for name in arguments.zones]
    server = DnsServer(*read(), host=host, port=int(port))
    print(f'listening on {server.address}', flush=True)
    while signal.sigwait({signal.SIGTERM, signal.SIGINT, signal.SIGHUP}) == signal.SIGHUP:
        server.zone = Zone(*read())
    server.close()


if __name__ == '__main__':
    main()
