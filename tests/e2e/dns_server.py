"""A small DNS server on loopback, UDP and TCP, that answers from a zone as text.

    with DnsServer('bank.test. TXT "v=spf1 -all"\\n') as dns:
        … [dns] servers = [dns.endpoint] …
        dns.broken.add('broken.test')      # SERVFAIL for this name
        assert dns.asked['bank.test', 'TXT'] == 1

It claims authority for everything: a name that is not in the zone does not exist. Answers that
do not fit a datagram are truncated, so that the client comes back over TCP (RFC 1035 section
4.2.1, RFC 7766).
"""
import collections
import ipaddress
import re
import shlex
import socket
import struct
import threading

from postern import own_address

TYPES = {'A': 1, 'NS': 2, 'CNAME': 5, 'SOA': 6, 'PTR': 12, 'MX': 15, 'TXT': 16, 'AAAA': 28}
NAMES = {number: name for name, number in TYPES.items()}
NXDOMAIN, SERVFAIL = 3, 2
DATAGRAM = 512


def encode_name(name):
    labels = [label.encode() for label in name.rstrip('.').split('.') if label]
    return b''.join(bytes([len(label)]) + label for label in labels) + b'\0'


def decode_name(packet, offset):
    labels = []
    while length := packet[offset]:
        labels.append(packet[offset + 1:offset + 1 + length].decode('latin-1').lower())
        offset += 1 + length
    return '.'.join(labels), offset + 1


def encode_rdata(kind, words):
    if kind in ('A', 'AAAA'):
        return ipaddress.ip_address(words[0]).packed
    if kind == 'MX':
        return struct.pack('!H', int(words[0])) + encode_name(words[1])
    if kind == 'TXT':
        pieces = [piece for word in words for piece in re.findall(r'(?s).{1,255}', word) or ['']]
        return b''.join(bytes([len(piece)]) + piece.encode() for piece in pieces)
    return encode_name(words[0])


class DnsServer:
    def __init__(self, zone):
        self.records = collections.defaultdict(list)  # (name, type): rdata
        self.broken = set()
        self.asked = collections.Counter()
        for line in zone.splitlines():
            words = shlex.split(line, comments=False) if not line.startswith(';') else []
            if words:
                name, kind, *rest = words
                self.records[name.rstrip('.').lower(), kind].append(encode_rdata(kind, rest))
        self.names = {name for name, _ in self.records}
        self.address = own_address()
        self.tcp = socket.create_server((self.address, 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((self.address, self.port))
        self.endpoint = f'{self.address}:{self.port}'

    def __enter__(self):
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        for listener in (self.udp, self.tcp):
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # A datagram socket is not connected; its reader wakes up all the same.
            listener.close()

    def _serve_udp(self):
        while True:
            try:
                query, client = self.udp.recvfrom(4096)
                if not query:
                    return  # Shut down.
                reply = self.answer(query)
                if len(reply) > DATAGRAM:
                    # Header with TC, and the question; the rest by TCP.
                    end = decode_name(query, 12)[1] + 4
                    reply = query[:2] + struct.pack('!HHHHH', 0x8780, 1, 0, 0, 0) + query[12:end]
                self.udp.sendto(reply, client)
            except OSError:
                return

    def _serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_connection, args=(connection,), daemon=True).start()

    def _serve_connection(self, connection):
        with connection, connection.makefile('rwb') as stream:
            while len(prefix := stream.read(2)) == 2:
                reply = self.answer(stream.read(struct.unpack('!H', prefix)[0]))
                stream.write(struct.pack('!H', len(reply)) + reply)
                stream.flush()

    def answer(self, query):
        name, end = decode_name(query, 12)
        kind = NAMES.get(struct.unpack('!H', query[end:end + 2])[0], 'other')
        self.asked[name, kind] += 1
        code, answers, authority = 0, [], []
        if name in self.broken:
            code = SERVFAIL
        else:
            answers = [self._record(encode_name(name), kind, rdata) for rdata in self.records[name, kind]]
            if not answers:
                # An empty non-terminal exists (RFC 8020).
                exists = any(known == name or known.endswith('.' + name) for known in self.names)
                code = 0 if exists or not name else NXDOMAIN
                authority = [self._soa()]
        flags = 0x8580 | code  # A response, authoritative, recursion desired and available.
        return (query[:2] + struct.pack('!HHHHH', flags, 1, len(answers), len(authority), 0)
                + query[12:end + 4] + b''.join(answers + authority))

    def _record(self, name, kind, rdata):
        return name + struct.pack('!HHIH', TYPES[kind], 1, 300, len(rdata)) + rdata

    def _soa(self):
        numbers = struct.pack('!IIIII', 1, 3600, 600, 86400, 60)
        return self._record(b'\0', 'SOA', encode_name('ns.test') + encode_name('hostmaster.test') + numbers)
