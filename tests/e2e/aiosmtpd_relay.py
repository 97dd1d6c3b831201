"""A relay made with aiosmtpd, an SMTP server of other authors: its TLS, its parser, its replies.

    with AiosmtpdRelay(certificates.server, require_tls=True) as relay:
        … [delivery] relay = relay.url + '?tls=verify&name=mx.contoso.test' …
        (taken,) = relay.taken
        assert 'REQUIRETLS' in taken.options and taken.tls

Debian 12 has no server that knows REQUIRETLS (Postfix does from 3.11 on). aiosmtpd lets a program add
the extension where RFC 8689 section 2 puts it: a word in the EHLO of a session under TLS, and a parameter
of MAIL. Everything else is aiosmtpd's own.
"""
import ssl
from typing import NamedTuple

import pytest

from postern import free_port, own_address

aiosmtpd = pytest.importorskip('aiosmtpd', reason='needs python3-aiosmtpd')
from aiosmtpd.controller import Controller  # noqa: E402
from aiosmtpd.smtp import SMTP  # noqa: E402


class Taken(NamedTuple):
    """A message that was answered with 250."""
    reverse_path: str
    options: list  # Of MAIL, in capitals.
    forward_paths: list
    content: bytes
    tls: str       # `TLSv1.3`; empty: in clear text.


class Session(SMTP):
    async def smtp_MAIL(self, arg):
        path, *parameters = (arg or '').split(' ')
        if 'REQUIRETLS' not in parameters:
            return await super().smtp_MAIL(arg)
        if not self.event_handler.offers(self.session):
            return await self.push('555 5.5.4 REQUIRETLS was not offered')
        parameters.remove('REQUIRETLS')
        await super().smtp_MAIL(' '.join([path, *parameters]))
        if self.envelope.mail_from is not None:
            self.envelope.mail_options.append('REQUIRETLS')


class AiosmtpdRelay(Controller):
    def __init__(self, pair, require_tls=True, starttls=True):
        """`pair`: certificate and key. `starttls`: offered at all."""
        self.require_tls, self.taken, self.refused = require_tls, [], {}
        self.greetings = []  # (The words of EHLO, whether it was under TLS).
        self.address = own_address()
        context = None
        if starttls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*pair)
        super().__init__(self, hostname=self.address, port=free_port(self.address), tls_context=context,
                         server_hostname='relay.aiosmtpd.test')
        self.url = f'smtp:{self.address}:{self.port}'

    def factory(self):
        return Session(self, **self.SMTP_kwargs)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def offers(self, session):
        return self.require_tls and session.ssl is not None

    # ------------------------------------------------------------------ aiosmtpd's hooks

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        if self.offers(session):
            responses.insert(1, '250-REQUIRETLS')
        self.greetings.append(([line[4:] for line in responses[1:]], session.ssl is not None))
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return '250 2.1.5 ok'

    async def handle_DATA(self, server, session, envelope):
        tls = session.ssl['ssl_object'].version() if session.ssl else ''
        self.taken.append(Taken(envelope.mail_from, list(envelope.mail_options), list(envelope.rcpt_tos),
                                envelope.original_content, tls))
        return '250 2.0.0 taken'
