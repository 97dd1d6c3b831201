"""The refusals at RCPT, word for word; each is followed by the tail [server time session]."""
DIRECT_SEND = ('550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization '
               'from unauthorized sources')
PARTNER = ("550 5.7.51 TenantInboundAttribution; There is a partner connector configured that matched the message's "
           'recipient domain. The connector had either the RestrictDomainsToIPAddresses or '
           'RestrictDomainsToCertificate set')
RELAY = '550 5.7.64 TenantAttribution; Relay Access Denied'
UNKNOWN_RECIPIENT = '550 5.4.1 Recipient address rejected: Access denied'
TLS_REQUIRED = '451 5.7.3 STARTTLS is required to send mail'
BAD_HELLO = '550 5.7.506 Access Denied, Bad HELO'
NO_REVERSE_NAME = '550 5.7.25 Access denied, the sending IPv6 address [{}] must have a reverse DNS record'
NO_FROM_FIELD = '550 5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant'
ACCEPTED = '250 2.1.5'


def assert_reply(reply, expected):
    """`expected` is one of the refusals above, or ACCEPTED."""
    if expected == ACCEPTED:
        assert reply.line.startswith('250 '), reply.line
    else:
        assert reply.sentence == expected
