"""DKIM, ARC, DMARC and iprev of real messages, signed and sealed by dkimpy, which has no line in common
with posternd: what is stamped, and what the trace says."""
import re

import dkim
import pytest

from conftest import CONTOSO, temporary_folder
from postern import ZONE, Postern
from signing import make_keys
from smtp_session import SmtpSession

EXT = '203.0.113.9'
NAMED = '203.0.113.77'


@pytest.fixture(scope='module')
def world(certificates, tmp_path_factory):
    private, public = make_keys(tmp_path_factory.mktemp('keys'))
    zone = ZONE + (f's1._domainkey.bank.test. TXT "v=DKIM1; p=" {public}\n'
                   f'arc._domainkey.list.test. TXT "v=DKIM1; p=" {public}\n'
                   f'arc._domainkey.gate.test. TXT "v=DKIM1; p=" {public}\n'
                   '_dmarc.mail.cut.test. TXT "v=DMARC1; p=none"\n'
                   'gone._domainkey.bank.test. TXT "v=DKIM1; p="\n'
                   '_dmarc.bank.test. TXT "v=DMARC1; p=reject; adkim=s"\n'
                   '_dmarc.soft.test. TXT "v=DMARC1; p=quarantine; sp=none"\n'
                   '77.113.0.203.in-addr.arpa. PTR mail77.bank.test.\n'
                   'mail77.bank.test. A 203.0.113.77\n')
    with temporary_folder() as folder, Postern(folder, certificates, zone=zone) as postern:
        # What is found out is looked at here, also where DMARC would have the mail refused.
        postern.cmdlets(*CONTOSO, 'Set-AntiPhishPolicy Default -HonorDmarcPolicy $false')
        yield postern, private


BODY = b'A line.\r\n\r\nblanks   inside and behind \t \r\n' + b'0123456789' * 7 + b'\r\n\r\n\r\n'
HEADER = b'From: Bob <bob@bank.test>\r\nTo: ann@contoso.com\r\nSubject:  folded\r\n\tsubject \r\nDate: Sun, 22 Nov 2026 09:00:00 +0000\r\nMessage-ID: <%d@bank.test>\r\n'


def message(number, body=BODY):
    return HEADER % number + b'\r\n' + body


def sign(world, content, selector=b's1', canonicalize=(b'relaxed', b'simple')):
    return dkim.sign(content, selector, b'bank.test', world[1], canonicalize=canonicalize) + content


def deliver(world, content, client=EXT, reverse_path='bob@bank.test'):
    """The stamped results, and the row of the trace."""
    postern = world[0]
    before = set(postern.mailbox('ann@contoso.com'))
    with SmtpSession(postern.proxied, proxy=client) as session:
        session.ehlo()
        assert session.mail(reverse_path).code == 250
        assert session.rcpt('ann@contoso.com').code == 250
        reply = session.data(content)
        assert reply.code == 250, reply.line
    (file,) = set(postern.mailbox('ann@contoso.com')) - before
    header = re.sub(rb'\r?\n[ \t]+', b' ', file.read_bytes()).partition(b'\n\n')[0].decode('latin-1')
    results = re.search(r'^Authentication-Results: (.*)$', header, re.M).group(1).strip()
    identity = re.search(r'id ([0-9a-f-]{36})', reply.line).group(1)
    (row,) = postern.objects(f'Get-MessageTraceV2 -MessageTraceId {identity}')
    return results, row


@pytest.mark.parametrize('canonicalize', [(a, b) for a in (b'simple', b'relaxed') for b in (b'simple', b'relaxed')])
def test_a_signature_of_dkimpy_passes(world, canonicalize):
    results, row = deliver(world, sign(world, message(1), canonicalize=canonicalize))
    assert 'dkim=pass header.d=bank.test header.i=@bank.test header.s=s1 header.a=rsa-sha256' in results
    assert row['Dkim'] == ['pass d=bank.test s=s1']


def test_a_changed_body_fails_and_says_so(world):
    results, row = deliver(world, sign(world, message(2)).replace(b'A line.', b'A lime.'))
    assert 'dkim=fail reason="body hash did not verify' in results
    assert row['Dkim'] == ['fail d=bank.test s=s1: body hash did not verify']


def test_a_body_that_is_written_to_a_file_verifies(world):
    body = b''.join(b'line %d of a message that does not stay in memory\r\n' % number for number in range(8000))
    results, _ = deliver(world, sign(world, message(3, body)))
    assert 'dkim=pass' in results


def test_a_revoked_and_a_missing_key(world):
    _, row = deliver(world, sign(world, sign(world, message(4), b'gone'), b'never'))
    assert row['Dkim'] == ['permerror d=bank.test s=never: no key for signature',
                           'permerror d=bank.test s=gone: key is revoked']


def test_without_a_signature_there_is_none(world):
    results, row = deliver(world, message(5))
    assert 'dkim=none' in results and '; arc=' not in results
    assert row['Dkim'] == [] and row['Arc'] == ''


def test_a_chain_that_dkimpy_sealed_passes_until_the_seal_is_touched(world):
    content = b'Authentication-Results: list.test; spf=pass smtp.mailfrom=bank.test\r\n' + message(6)
    fields = dkim.arc_sign(content, b'arc', b'list.test', world[1], b'list.test')
    sealed = b''.join(fields) + content
    results, row = deliver(world, sealed)
    assert 'arc=pass (i=1)' in results and row['Arc'] == 'pass'
    results, row = deliver(world, sealed.replace(b'cv=none', b'cv=pass'))
    assert 'arc=fail' in results and row['Arc'] == 'fail'


def seal(world, content, domain, results):
    """`content` as `domain` passes it on, which found `results`."""
    name = domain.encode()
    content = b'Authentication-Results: %s; %s\r\n' % (name, results) + content
    return b''.join(dkim.arc_sign(content, b'arc', name, world[1], name)) + content


@pytest.fixture
def trust(world):
    """Says whose seals are trusted, for the time of a test."""
    yield lambda sealers: world[0].cmdlet(f'Set-ArcConfig -ArcTrustedSealers {sealers}')
    world[0].cmdlet('Set-ArcConfig -ArcTrustedSealers $null')


def test_a_trusted_sealer_is_stamped_and_speaks_for_the_author(world, trust):
    sealed = seal(world, message(20), 'list.test', b'spf=pass smtp.mailfrom=bank.test; dkim=none; dmarc=pass header.from=bank.test')
    results, row = deliver(world, sealed, reverse_path='list@phish.test')
    assert 'arc=pass' in results and 'trusted' not in results and row['Arc'] == 'pass'
    trust('other.test,LIST.test.')
    assert world[0].objects('Get-ArcConfig')[0]['ArcTrustedSealers'] == ['list.test', 'other.test']
    trusted, row = deliver(world, sealed, reverse_path='list@phish.test')
    assert 'header.oldest-pass=0 policy.trusted-sealer=list.test;' in trusted
    assert row['Arc'] == 'pass, trusted sealer list.test i=1: spf=pass dkim=none dmarc=pass'
    assert trusted.replace(' policy.trusted-sealer=list.test', '').replace('pass reason=130', 'fail reason=000') == results
    assert (row['Dmarc'], row['Decision'], row['Status']) == ('fail', 'Accept', 'Delivered')
    _, row = deliver(world, sealed.replace(b'subject', b'sobject'), reverse_path='list@phish.test')
    assert row['Arc'] == 'fail'


def test_whoever_sealed_last_must_be_trusted_first(world, trust):
    sealed = seal(world, message(21), 'list.test', b'spf=pass smtp.mailfrom=bank.test; dmarc=pass header.from=bank.test')
    both = seal(world, sealed, 'gate.test', b'arc=pass; spf=fail smtp.mailfrom=list.test; dmarc=fail header.from=bank.test')
    for sealers, arc in [('list.test', 'pass'),
                         ('gate.test', 'pass, trusted sealer gate.test i=2: spf=fail dmarc=fail'),
                         ('gate.test,list.test', 'pass, trusted sealer list.test i=1: spf=pass dmarc=pass')]:
        trust(sealers)
        results, row = deliver(world, both)
        assert 'arc=pass (i=2)' in results and row['Arc'] == arc


def test_the_public_suffix_list_is_compared_with_the_tree_walk(world):
    _, row = deliver(world, message(22).replace(b'bob@bank.test', b'bob@mail.cut.test'))
    assert row['Reason'] == ['OrganizationalDomain: mail.cut.test, by the public suffix list cut.test']
    assert (row['Dmarc'], row['Status']) == ('fail', 'Delivered')
    _, row = deliver(world, message(23))
    assert row['Reason'] == []


def test_the_clients_name_counts_when_it_leads_back(world):
    results, row = deliver(world, message(7), client=NAMED)
    assert 'iprev=pass (mail77.bank.test) policy.iprev=203.0.113.77' in results
    assert (row['Iprev'], row['Ptr']) == ('pass', 'mail77.bank.test')
    results, row = deliver(world, message(8))
    assert 'iprev=permerror' in results
    assert (row['Iprev'], row['Ptr']) == ('permerror', '')


def test_dmarc_passes_by_spf_or_by_dkim(world):
    results, row = deliver(world, message(9))
    assert 'dmarc=pass (p=reject) header.from=bank.test' in results
    assert (row['Dmarc'], row['DmarcPolicy']) == ('pass', 'reject')
    results, _ = deliver(world, sign(world, message(10)), client=NAMED, reverse_path='list@phish.test')
    assert 'dmarc=pass' in results


def test_dmarc_fails_and_says_what_the_author_asks_for(world):
    results, row = deliver(world, message(11), reverse_path='list@phish.test')
    assert 'spf=pass' in results and 'dmarc=fail' in results
    assert (row['Dmarc'], row['DmarcPolicy']) == ('fail', 'reject')
    results, row = deliver(world, message(12).replace(b'bob@bank.test', b'bob@mail.soft.test'))
    assert 'dmarc=fail (sp=none)' in results
    results, row = deliver(world, message(13).replace(b'bob@bank.test', b'bob@nowhere.test'))
    assert 'dmarc=none' in results and (row['Dmarc'], row['DmarcPolicy']) == ('none', '')


def test_a_null_reverse_path_stands_for_the_client_name(world):
    results, row = deliver(world, message(14), reverse_path='')
    assert results.count('spf=') == 1
    assert row['SpfDomain'] == 'client.example'
