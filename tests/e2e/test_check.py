"""`postern check`: what it prints, the same as data, and its exit status."""
import json
import subprocess

import dkim
import pytest

from postern import BIN
from signing import make_keys

ZONE = '''\
bank.test.        TXT  "v=spf1 include:_spf.bank.test -all"
_spf.bank.test.   TXT  "v=spf1 ip4:203.0.113.9 ~all"
_dmarc.bank.test. TXT  "v=DMARC1; p=reject"
mail.bank.test.   A    203.0.113.9
9.113.0.203.in-addr.arpa. PTR mail.bank.test.
broken.test.      TXT  "v=spf1 ip4:1.2.3 -all"
'''
MESSAGE = b'From: Bob <bob@bank.test>\r\nTo: ann@contoso.com\r\nSubject: hi\r\n\r\nA line.\r\n'


@pytest.fixture(scope='module')
def bank(tmp_path_factory):
    folder = tmp_path_factory.mktemp('check')
    private, public = make_keys(folder)
    (folder / 'zone').write_text(ZONE + f's1._domainkey.bank.test. TXT "v=DKIM1; p=" {public}\n')
    (folder / 'signed.eml').write_bytes(dkim.sign(MESSAGE, b's1', b'bank.test', private) + MESSAGE)
    (folder / 'plain.eml').write_bytes(MESSAGE)
    return folder


def check(folder, *arguments):
    return subprocess.run([BIN / 'postern', 'check', *arguments, '--zone', folder / 'zone'], capture_output=True,
                          text=True, timeout=60)


FROM_BANK = ['--ip', '203.0.113.9', '--helo', 'mail.bank.test', '--mail-from', 'bob@bank.test']
FROM_ELSEWHERE = ['--ip', '198.51.100.7', '--helo', 'pc.phish.test', '--mail-from', 'bob@bank.test']


def test_every_step_is_told_and_the_status_is_0(bank):
    done = check(bank, bank / 'signed.eml', *FROM_BANK)
    assert done.returncode == 0, done.stderr
    for line in ('spf    pass       MAIL FROM bank.test  (ip4:203.0.113.9 of _spf.bank.test)',
                 '    bank.test: include:_spf.bank.test: match', 'iprev  pass       mail.bank.test',
                 'dkim   pass       d=bank.test s=s1', 'dmarc  pass       From bank.test',
                 '    dkim bank.test: passed, aligned (strict)', 'The message passes.'):
        assert line in done.stdout, done.stdout


def test_a_spoof_is_status_1_and_says_why(bank):
    done = check(bank, bank / 'plain.eml', *FROM_ELSEWHERE)
    assert done.returncode == 1
    assert 'spf    fail       MAIL FROM bank.test  (-all)' in done.stdout
    assert 'p=reject from bank.test' in done.stdout
    assert '    spf bank.test: did not pass, would align (strict)\n' in done.stdout


def test_a_signature_alone_is_enough_and_files_of_unix_verify(bank):
    (bank / 'unix.eml').write_bytes((bank / 'signed.eml').read_bytes().replace(b'\r\n', b'\n'))
    assert check(bank, bank / 'unix.eml', *FROM_ELSEWHERE).returncode == 0
    assert check(bank, bank / 'unix.eml').returncode == 0


def test_what_is_signed_can_be_seen(bank):
    (bank / 'changed.eml').write_bytes((bank / 'signed.eml').read_bytes().replace(b'A line.', b'A lime.'))
    done = check(bank, bank / 'changed.eml', '--octets')
    assert done.returncode == 1 and 'body hash did not verify' in done.stdout
    assert '| A lime.\\r\\n' in done.stdout and '| from:Bob <bob@bank.test>\\r\\n' in done.stdout


def test_json_has_the_same(bank):
    report = json.loads(check(bank, bank / 'signed.eml', *FROM_BANK, '--json').stdout)
    assert report['passes'] and report['spf'][0]['result'] == 'pass' and report['dkim'][0]['keyBits'] == 2048
    assert report['dmarc']['policy'] == 'reject' and report['iprev']['name'] == 'mail.bank.test'
    assert {'name': 'bank.test', 'type': 'TXT'}.items() <= next(one for one in report['dns'] if one['name'] == 'bank.test').items()


@pytest.mark.parametrize('arguments, words', [
    (['/does/not/exist'], 'Cannot read /does/not/exist'),
    (['plain.eml', '--ip', '1.2.3'], '--ip: 1.2.3 is no IP address'),
    (['plain.eml', '--mail-from', 'nobody'], '--mail-from: nobody is no address'),
    (['plain.eml', '--time', 'noon'], '--time: noon is no time'),
    ([], 'FILE is required'),
])
def test_wrong_input_is_status_2(bank, arguments, words):
    done = check(bank, *[bank / one if one.endswith('.eml') else one for one in arguments])
    assert done.returncode == 2 and words in done.stderr
