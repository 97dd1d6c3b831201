"""`make run` for a newcomer: scripts/demo prints four verdicts and what was delivered."""
import re
import subprocess

from postern import BIN, TOP, free_port

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
    first, second, third, fourth = re.split(r'\n\d\. ', done.stdout)[1:]
    assert 'X-Postern-Direct-Send: ' in first
    assert 'Ann received:  nothing' in second
    assert 'X-Postern-Connector: Printers' in third
    assert 'spf=pass' in fourth and 'X-Postern-Direct-Send' not in fourth.split('What the trace says')[0]
    trace = done.stdout.split('What the trace says')[1]
    assert trace.count('Reject') >= 1 and trace.count('Accept') == 3
