"""Messages of 2 kB as they arrive at an MX, signed with keys of their own, and the zone that vouches
for them.

24 sender domains with SPF (mx and two nested includes), DKIM and DMARC; of 120 messages 84 have an
RSA signature, 12 an RSA and an Ed25519 one, 12 none (SPF passes), and 12 come from a forwarder (SPF
fails, the signature passes). All of them pass DMARC, so that every judge has to do its whole work.
"""
import base64
import pathlib
import subprocess

import dkim

DOMAINS = 24
KINDS = {'rsa': 84, 'rsa and ed25519': 12, 'unsigned': 12, 'forwarded': 12}
SIGNED_FIELDS = [b'from', b'to', b'subject', b'date', b'message-id', b'mime-version', b'content-type']

# Clients are 192.0.2.1 to .200, which the second include allows.
SHARED_RECORDS = [
    'contoso.test. MX 10 mx.contoso.test.',
    'contoso.test. TXT "v=spf1 ip4:203.0.113.0/28 -all"',
    '_spf.esp.test. TXT "v=spf1 include:_spf1.esp.test ip4:198.51.100.0/24 ~all"',
    '_spf1.esp.test. TXT "v=spf1 ip4:203.0.113.64/26 ip4:192.0.2.0/24 ~all"',
    'forwarder.test. TXT "v=spf1 ip4:203.0.113.1 -all"',
    *[f'{n}.2.0.192.in-addr.arpa. PTR h{n}.clients.test.' for n in range(1, 201)],
    *[f'h{n}.clients.test. A 192.0.2.{n}' for n in range(1, 201)],
]


def openssl(*arguments):
    return subprocess.run(['openssl', *arguments], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def character_strings(text):
    return ' '.join(f'"{text[at:at + 200]}"' for at in range(0, len(text), 200))


class Sender:
    """A domain with its two keys; `records` are its lines in the zone."""

    def __init__(self, number, folder):
        self.domain = f'sender{number:02}.test'
        rsa, ed25519 = folder / f'{self.domain}.rsa', folder / f'{self.domain}.ed25519'
        openssl('genrsa', '-traditional', '-out', rsa, '2048')
        openssl('genpkey', '-algorithm', 'ed25519', '-out', ed25519)
        self.rsa = rsa.read_bytes()
        # The last 32 octets of the DER forms are the bare keys (RFC 8410), which is what dkimpy and
        # RFC 8463 want.
        self.ed25519 = base64.b64encode(openssl('pkey', '-in', ed25519, '-outform', 'DER')[-32:])
        public_rsa = openssl('rsa', '-in', rsa, '-pubout', '-outform', 'DER')
        public_ed25519 = openssl('pkey', '-in', ed25519, '-pubout', '-outform', 'DER')[-32:]
        self.records = [
            f'{self.domain}. MX 10 mx.{self.domain}.',
            f'mx.{self.domain}. A 203.0.113.10',
            f'{self.domain}. TXT "v=spf1 mx include:_spf.esp.test -all"',
            f'_dmarc.{self.domain}. TXT "v=DMARC1; p={("none", "quarantine", "reject")[number % 3]}"',
            f's1._domainkey.{self.domain}. TXT ' + character_strings(f'v=DKIM1; k=rsa; p={base64.b64encode(public_rsa).decode()}'),
            f's2._domainkey.{self.domain}. TXT "v=DKIM1; k=ed25519; p={base64.b64encode(public_ed25519).decode()}"',
        ]

    def sign(self, message, selector, key, algorithm):
        return dkim.sign(message, selector, self.domain.encode(), key, canonicalize=(b'relaxed', b'relaxed'),
                         include_headers=SIGNED_FIELDS, signature_algorithm=algorithm) + message


def message_from(sender, number):
    line = 'The quarterly figures are attached, please look at them before Monday.\r\n'
    return (f'Received: from app.{sender} (app.{sender} [10.1.2.7])\r\n\tby out.{sender} (Postfix) with ESMTPS id 4DEADBEEF{number:03};\r\n'
            f'\tSun, 22 Nov 2026 09:00:00 +0000\r\nDate: Sun, 22 Nov 2026 09:00:00 +0000\r\n'
            f'From: Person <person{number}@{sender}>\r\nTo: <ann@contoso.test>\r\nSubject: Figures {number}\r\n'
            f'Message-ID: <{number}@{sender}>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n'
            + line * 16).encode()


def make_corpus(folder):
    """Writes `messages.tsv` and the files it lists into `folder`. Gives the zone as lines, and of each
    kind one (reverse-path, message)."""
    folder = pathlib.Path(folder)
    senders = [Sender(number, folder) for number in range(DOMAINS)]
    examples, lines = {}, []
    # Kinds alternate, so that each run has the same mix.
    kinds = sorted((place / count, kind) for kind, count in KINDS.items() for place in range(count))
    for number, (_, kind) in enumerate(kinds):
        sender = senders[number % DOMAINS]
        message, reverse_path = message_from(sender.domain, number), f'person{number}@{sender.domain}'
        if kind != 'unsigned':
            message = sender.sign(message, b's1', sender.rsa, b'rsa-sha256')
        if kind == 'rsa and ed25519':
            message = sender.sign(message, b's2', sender.ed25519, b'ed25519-sha256')
        if kind == 'forwarded':
            reverse_path = f'person{number}@forwarder.test'
        name = f'{number:03}.eml'
        (folder / name).write_bytes(message)
        lines.append(f'{reverse_path}\t{name}\n')
        examples.setdefault(kind, (reverse_path, message))
    (folder / 'messages.tsv').write_text(''.join(lines))
    return SHARED_RECORDS + [record for sender in senders for record in sender.records], examples
