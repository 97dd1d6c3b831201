"""The MTA's side of the milter protocol: what Postfix would say to posternd, octet by octet.

    with MilterClient(address) as mta:
        mta.send(NEGOTIATE + connect('203.0.113.9') + packet('M', b'<bob@bank.test>\\0'))
        mta.read_packets(3)   # [('O', …), ('c', b'')]
"""
import socket
import struct

TIMEOUT = 20  # Seconds until a silent filter is a failure.


def packet(code, data=b''):
    return struct.pack('!I', len(data) + 1) + code.encode() + data


def texts(*values):
    return b''.join(value.encode() + b'\0' for value in values)


NEGOTIATE = packet('O', struct.pack('!III', 6, 0x1ff, 0x1fffff))


def connect(client, host='client.example', port=41000):
    family = '6' if ':' in client else '4'
    return packet('C', texts(host) + family.encode() + struct.pack('!H', port) + texts(client))


def envelope(reverse_path, *forward_paths, hello='client.example'):
    return (packet('H', texts(hello)) + packet('M', texts(f'<{reverse_path}>'))
            + b''.join(packet('R', texts(f'<{path}>')) for path in forward_paths))


def content(fields, body=b'Hello.\r\n'):
    return (b''.join(packet('L', texts(name, value)) for name, value in fields) + packet('N') + packet('B', body)
            + packet('E'))


class MilterClient:
    def __init__(self, server):
        """`server` is (address, port), or the path of a Unix socket."""
        if isinstance(server, tuple):
            self.socket = socket.create_connection(server, timeout=TIMEOUT)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(TIMEOUT)
            self.socket.connect(str(server))
        self.buffer = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, octets):
        self.socket.sendall(octets)

    def finish(self):
        """No more will be sent."""
        self.socket.shutdown(socket.SHUT_WR)

    def read_packet(self):
        """(code, data); None at the end of the stream."""
        while len(self.buffer) < 4 or len(self.buffer) < 4 + self._length():
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                piece = b''
            if not piece:
                assert not self.buffer, f'the stream ended inside a packet: {self.buffer!r}'
                return None
            self.buffer += piece
        length = self._length()
        whole, self.buffer = self.buffer[4:4 + length], self.buffer[4 + length:]
        return chr(whole[0]), whole[1:]

    def read_packets(self, count=None):
        """So many, or all up to the end of the stream."""
        packets = []
        while count is None or len(packets) < count:
            one = self.read_packet()
            if one is None:
                assert count is None, f'the stream ended after {packets}'
                break
            packets.append(one)
        return packets

    def _length(self):
        return struct.unpack('!I', self.buffer[:4])[0]
