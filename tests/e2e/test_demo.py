"""`make run` for a newcomer: scripts/demo prints four verdicts and what was delivered; and the thirty days of
mail that posternd makes up for it."""
import re
import subprocess

from judged import explain
from postern import BIN, TOP, Postern, free_port

import pytest


@pytest.mark.skipif(BIN != TOP / 'build/bin', reason='the demo runs what is in build/bin')
def test_the_demo(folder):
    done = subprocess.run([TOP / 'scripts/demo', '--once', '--folder', folder / 'demo',
                           '--smtp', str(free_port('127.0.0.1')), '--admin', str(free_port('127.0.0.1'))],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = re.findall(r'Postern said:\s+(\d{3} \S+)', done.stdout)
    assert [verdict.split()[0] for verdict in verdicts] == ['250', '550', '250', '250']
    assert verdicts[1] == '550 5.7.68'
    before, first, second, third, fourth = re.split(r'\n\d\. ', done.stdout)
    assert 'X-Postern-Direct-Send: ' in first
    assert 'Ann received:  nothing' in second
    assert 'X-Postern-Connector: Printers' in third
    assert 'spf=pass' in fourth and 'X-Postern-Direct-Send' not in fourth.split('What the trace says')[0]
    assert re.search(r'^192\.0\.2\.77 +\d+ +Forwarder ', before, re.M), before
    assert re.search(r'^198\.51\.100\.3 +\d+ +Yours +Passes SPF ', before, re.M), before
    assert re.search(r'^198\.51\.100\.41 +\d+ +Unclear ', before, re.M), before
    trace = done.stdout.split('What the trace says')[1]
    assert trace.count('Reject') >= 1 and trace.count('Accept') == 3


DEMO_ZONE = '''\
contoso.test.        TXT "v=spf1 ip4:198.51.100.0/28 include:_spf.payroll.test -all"
_spf.payroll.test.   TXT "v=spf1 ip4:203.0.113.128/29 -all"
'''


@pytest.fixture
def seeded(certificates, folder):
    postern = Postern(folder, certificates, zone=DEMO_ZONE)
    postern.options = ['--seed-demo']
    with postern:
        yield postern


def test_thirty_days_that_can_be_judged_again(seeded):
    (config,) = seeded.objects('Get-OrganizationConfig')
    assert config['DemoData'] is True and config['RejectDirectSend'] is False
    assert 'demo_data' in seeded.log_text() and (seeded.data / 'demo-data').exists()

    # What the switch would do is told of those who were really there, by what they really are.
    sources = seeded.objects('Test-DirectSend -RejectDirectSend $true -StartDate (Get-Date).AddDays(-31)')
    kinds = {one['Source']: one['Kind'] for one in sources}
    assert kinds['198.51.100.3'] == kinds['198.51.100.4'] == 'Yours'
    assert kinds['203.0.113.130'] == 'Yours' and kinds['192.0.2.77'] == 'Forwarder'
    assert kinds['198.51.100.41'] == 'Unclear' and '198.51.100.40' not in kinds
    bots = [kind for source, kind in kinds.items() if source.startswith('198.18.')]
    assert len(bots) > 10 and set(bots) == {'Spoof'}
    assert sum(one['Count'] for one in sources if one['Source'].startswith('198.18.')) == 480
    payroll = next(one for one in sources if one['Source'] == '203.0.113.130')
    assert '-TlsSenderCertificateName smtp.payroll.test' in payroll['Remedy']
    left = seeded.objects("Test-DirectSend -RejectDirectSend $true -StartDate (Get-Date).AddDays(-31) "
                          f"-With '{payroll['Remedy']}'")
    assert not [one for one in left if one['Source'].startswith('203.0.113.13')]

    # The rows are rows like any other: explained, and judged again to the same.
    rows = seeded.objects('Get-MessageTraceV2 -StartDate (Get-Date).AddDays(-9) -ResultSize 5000')
    assert len(rows) > 300
    assert {row['Status'] for row in rows} >= {'Delivered', 'Failed', 'FilteredAsSpam'}
    some = {}
    for row in rows:
        some.setdefault((row['Status'], row['CompAuth'], row['SenderAddress'].split('@')[0][:6]), row)
    script = '\n'.join(f'Test-Message {row["MessageTraceId"]} | Where-Object Changed' for row in list(some.values())[:40])
    (seeded.folder / 'again.ps1').write_text(script + '\n')
    done = seeded.run_postern('-f', seeded.folder / 'again.ps1')
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, '', '')
    scanner = next(row for row in rows if row['FromIP'] == '198.51.100.41')
    steps, text = explain(seeded, scanner)
    assert 'connector Scanner lists 198.51.100.40' in text and 'Contradiction' not in steps

    # It is not seeded twice.
    total = seeded.objects('Get-MessageTraceV2 -StartDate (Get-Date).AddDays(-9) -ResultSize 5000')
    seeded.stop()
    seeded.start()
    assert len(seeded.objects('Get-MessageTraceV2 -StartDate (Get-Date).AddDays(-9) -ResultSize 5000')) == len(total)


def test_demo_data_are_refused_where_there_are_others(certificates, folder):
    postern = Postern(folder, certificates)
    with postern:
        postern.cmdlet('New-Organization Contoso')
        assert 'DemoData' not in postern.objects('Get-OrganizationConfig')[0]
    done = subprocess.run([BIN / 'posternd', '--seed-demo', '--config', postern.file], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 1 and 'is not empty and not a demo' in done.stderr
    assert not (postern.data / 'demo-data').exists()


def test_demo_data_ask_nobody_in_the_real_dns(certificates, folder):
    postern = Postern(folder, certificates, dns={'zone': ''})
    done = subprocess.run([BIN / 'posternd', '--seed-demo', '--config', postern.file], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 1 and 'needs [dns] zone' in done.stderr, done.stderr
    assert not postern.data.exists()
