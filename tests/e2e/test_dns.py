"""Questions to a real DNS server over [dns] servers: names under .test, a server on loopback
and reverse names of documentation prefixes must all work."""
import ipaddress
import re

import pytest

from conftest import CONTOSO, temporary_folder
from dns_server import DnsServer
from postern import IPV6_WITH_PTR, IPV6_WITHOUT_PTR, ZONE, Postern
from replies import ACCEPTED, NO_REVERSE_NAME, assert_reply
from smtp_session import SmtpSession, message
from waiting import wait_until

EXT = '203.0.113.9'
MORE = '''\
long.test.         TXT   "v=spf1 %s ip4:203.0.113.9 -all"
esp.test.          TXT   "v=spf1 mx include:_a.esp.test -all"
esp.test.          MX    10 mx.esp.test.
mx.esp.test.       A     198.51.100.1
_a.esp.test.       TXT   "v=spf1 include:_b.esp.test -all"
_b.esp.test.       TXT   "v=spf1 ip4:203.0.113.0/28 -all"
alias.test.        TXT   "v=spf1 redirect=esp.test"
half.test.         TXT   "v=spf1 include:servfail.test -all"
'''
HEALS = '2001:db8:25::99'
MORE += f'{ipaddress.ip_address(HEALS).reverse_pointer}. PTR mail.bank.test.\n'


@pytest.fixture(scope='module')
def dns():
    with DnsServer(ZONE + MORE % ' '.join(f'ip4:198.51.100.{n}' for n in range(80))) as dns:
        dns.broken |= {'servfail.test', '9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.7.0.0.8.b.d.0.1.0.0.2.ip6.arpa'}
        yield dns


@pytest.fixture(scope='module')
def asking(dns, certificates):
    with temporary_folder() as folder:
        postern = Postern(folder, certificates)
        postern.tables['dns'] = {'servers': [dns.endpoint]}
        postern.write_config()
        with postern:
            postern.cmdlets(*CONTOSO)
            yield postern


def deliver(postern, reverse_path, client=EXT):
    """The SPF result that was stamped for MAIL FROM."""
    before = set(postern.mailbox('ann@contoso.com'))
    with SmtpSession(postern.proxied, proxy=client) as session:
        session.ehlo('mail.bank.test')
        session.mail(reverse_path)
        assert session.rcpt('ann@contoso.com').code == 250
        assert session.data(message(reverse_path)).code == 250
    (file,) = set(postern.mailbox('ann@contoso.com')) - before
    results = re.search(r'(?s)Authentication-Results:.*?\n(?=\S)', file.read_text())[0]
    return re.search(r'spf=(\w+)[^;]*smtp\.mailfrom', results)[1]


@pytest.mark.parametrize('reverse_path, result', [
    ('a@bank.test', 'pass'), ('a@esp.test', 'pass'), ('a@alias.test', 'pass'), ('a@phish.test', 'pass'),
    ('a@soft.test', 'softfail'), ('a@broken.test', 'permerror'), ('a@nowhere.test', 'none'),
    ('a@servfail.test', 'temperror'), ('a@half.test', 'temperror'),
    pytest.param('a@long.test', 'pass', id='an answer that needs TCP'),
])
def test_spf(asking, reverse_path, result):
    assert deliver(asking, reverse_path) == result


def test_answers_are_kept(asking, dns):
    deliver(asking, 'first@esp.test')
    before = dns.asked.copy()
    for number in range(5):
        assert deliver(asking, f'user{number}@esp.test') == 'pass'
    # Each thread of posternd has a cache of its own, so some may still have been asked.
    asked_again = {question: count for question, count in (dns.asked - before).items() if question[0].endswith('esp.test')}
    assert all(count <= asking.tables['server']['threads'] - 1 for count in asked_again.values()), asked_again


def test_reverse_names(asking):
    def rcpt(client):
        with SmtpSession(asking.proxied, proxy=client) as session:
            session.ehlo()
            session.mail('bob@bank.test')
            return session.rcpt('ann@contoso.com')

    assert_reply(rcpt(IPV6_WITH_PTR), ACCEPTED)
    assert_reply(rcpt(IPV6_WITHOUT_PTR), NO_REVERSE_NAME.format(IPV6_WITHOUT_PTR))
    assert rcpt('2001:db8:77::9').code // 100 == 4, 'nothing is known, so nobody is refused for good'


def test_a_reverse_name_is_asked_for_again_with_the_next_mail(asking, dns):
    """A client that stays connected while the DNS recovers."""
    name = ipaddress.ip_address(HEALS).reverse_pointer
    dns.broken.add(name)
    with SmtpSession(asking.proxied, proxy=HEALS) as session:
        session.ehlo()

        def rcpt():
            session.command('RSET')
            session.mail('bob@bank.test')
            return session.rcpt('ann@contoso.com').code

        assert rcpt() // 100 == 4
        dns.broken.discard(name)
        # Failures are kept for seconds, here and in the resolver.
        wait_until(lambda: rcpt() == 250, 'the recipient accepted', seconds=60, pause=0.5)
