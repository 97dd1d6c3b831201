"""`postern assess`: what it reads, what it says of it, and that its remedies work when pasted."""
import csv
import datetime
import io
import json
import os
import pathlib
import pty
import shutil
import subprocess

import pytest

from postern import BIN, TOP
from smtp_session import SmtpSession

EXAMPLES = TOP / 'tests/assess'
PRINTER, SCANNER, PAYROLL, SPOOFER = '198.51.100.7', '198.51.100.20', '192.0.2.10', '203.0.113.9'


def assess(*arguments, domain='contoso.com'):
    return subprocess.run([BIN / 'postern', 'assess', '--domain', domain, *map(str, arguments)], capture_output=True,
                          text=True, timeout=300)


def report(*arguments, status=0, **options):
    done = assess(*arguments, '--json', **options)
    assert done.returncode == status, done.stderr
    found = json.loads(done.stdout)
    return found, {source['source']: source for source in found['sources']}


@pytest.fixture
def log(tmp_path):
    """A copy of an example that was last written in November 2026, whenever it was checked out."""
    def copy(name):
        path = tmp_path / name
        shutil.copy(EXAMPLES / name, path)
        written = datetime.datetime(2026, 11, 22, tzinfo=datetime.timezone.utc).timestamp()
        os.utime(path, (written, written))
        return path
    return copy


# ---------------------------------------------------------------------- formats

def test_enhanced_summary():
    found, sources = report(EXAMPLES / 'enhanced.csv')
    assert found['files'][0]['format'] == 'message trace (enhanced summary)' and found['badRowCount'] == 0
    assert list(sources) == [PRINTER, SCANNER, SPOOFER, PAYROLL]
    assert {'count': 10, 'wouldBeRefused': 10, 'days': 10, 'firstSeen': '2026-11-02T08:00:01.000Z',
            'kind': 'Unclear'}.items() <= sources[PRINTER].items()
    assert sources[PAYROLL]['kind'] == 'Vouched' and sources[PAYROLL]['wouldBeRefused'] == 0
    assert found['outbound'] == 1 and found['foreign'] == 11
    assert found['forecast']['refused'] == {'messages': 23, 'sources': 3}
    assert any('no results of SPF' in note for note in found['notes'])


@pytest.mark.parametrize('name', ['email-events.csv', 'email-events.json'])
def test_email_events_have_evidence(name):
    found, sources = report(EXAMPLES / name)
    assert found['files'][0]['format'] == 'Advanced Hunting EmailEvents'
    assert sources[PRINTER]['judgement'] == 'Passes SPF and has sent daily for 10 days: probably a device or service of yours.'
    assert (sources[SCANNER]['kind'], sources[SCANNER]['spfTerm']) == ('Unclear', f'ip4:{SCANNER}')
    assert sources[SPOOFER]['judgement'].startswith('Fails everything, and people seem to write to themselves: spoof.')
    assert sources[SPOOFER]['remedy'] == '' and sources[SPOOFER]['selfToSelf'] == 3
    assert found['authorOnly'] == 1
    assert found['forecast']['sentence'] == (
        'Under RejectDirectSend $true 23 messages of 3 sources would have been refused: 10 messages of 1 source '
        'probably yours, 10 messages of 1 source unclear, 3 messages of 1 source probably spoofs.')


def test_extended_counts_messages_not_events():
    found, sources = report(EXAMPLES / 'extended.csv')
    assert found['files'][0]['format'] == 'message trace (extended)' and found['messages'] == 8
    assert [sources[one]['count'] for one in (PRINTER, SCANNER, PAYROLL)] == [2, 2, 2]


def test_plain_summary_says_what_it_cannot_tell():
    found, sources = report(EXAMPLES / 'summary.csv')
    assert sources['printer@contoso.com']['count'] == 2 and sources['printer@contoso.com']['remedy'] == ''
    assert any("no column for the client's address" in note for note in found['notes'])
    assert found['firstSeen'] == '2026-11-02T08:00:01.000Z'


@pytest.mark.parametrize('name, words', [('postfix.log', 'Postfix log'), ('exim.log', 'Exim log')])
def test_logs(log, name, words):
    found, sources = report(log(name))
    assert found['files'][0]['format'] == words and found['messages'] == 12
    assert (sources[PRINTER]['count'], sources[PRINTER]['firstSeen']) == (3, '2026-11-02T08:00:01.000Z')
    assert sources[PAYROLL]['kind'] == 'Vouched'  # By its login.
    if name == 'postfix.log':
        assert sources[PRINTER]['ptrDomain'] == 'branch.contoso.test'


def test_a_folder_of_messages(tmp_path):
    folder = tmp_path / 'mails'
    shutil.copytree(EXAMPLES / 'messages', folder / 'deeper')
    (folder / 'other.eml').write_text('From: a@b.test\n\nnot by way of Exchange\n')
    found, sources = report(folder)
    assert sources[SPOOFER]['kind'] == 'Spoof' and sources[PRINTER]['kind'] == 'Yours'
    assert [(pathlib.Path(row['file']).name, row['line']) for row in found['badRows']] == [('other.eml', 1)]


@pytest.mark.parametrize('encoding', ['utf-16-le', 'utf-16-be', 'utf-8-sig'])
def test_encodings_say_the_same(tmp_path, encoding):
    text = (EXAMPLES / 'enhanced.csv').read_text()
    mark = '' if encoding == 'utf-8-sig' else '\ufeff'
    (tmp_path / 'trace.csv').write_bytes((mark + text).encode(encoding))
    assert report(tmp_path / 'trace.csv')[1] == report(EXAMPLES / 'enhanced.csv')[1]


def test_semicolons_and_powershell(tmp_path):
    """Export-Csv on a German Windows, with FromIP as Get-MessageTraceV2 has it."""
    (tmp_path / 'trace.csv').write_text('#TYPE Deserialized.X\n"Received";"SenderAddress";"RecipientAddress";"FromIP";"MessageTraceId"\n'
                                        '"02.11.2026 08:00:01";"printer@contoso.com";"ann@contoso.com";"198.51.100.7";"1"\n')
    found, sources = report(tmp_path / 'trace.csv')
    assert found['badRowCount'] == 0 and sources[PRINTER]['firstSeen'] == '2026-11-02T08:00:01.000Z'


def test_exports_that_overlap_are_counted_once():
    once, twice = report(EXAMPLES / 'enhanced.csv'), report(EXAMPLES / 'enhanced.csv', EXAMPLES / 'email-events.csv')
    assert [source['count'] for source in twice[0]['sources']] == [source['count'] for source in once[0]['sources']]


# ---------------------------------------------------------------------- trouble

def test_bad_rows_are_named_and_never_fatal(tmp_path):
    lines = (EXAMPLES / 'enhanced.csv').read_text().splitlines()
    lines[3] = 'only,three,fields'
    lines[5] = lines[5].replace('2026-11-03T08:00:01Z', 'someday')
    lines[7] = '"' + lines[7]
    path = tmp_path / 'trace.csv'
    path.write_text('\n'.join(lines) + '\n')
    done = assess(path)
    assert done.returncode == 0
    assert f'{path}:4: the row has 3 fields, the header 11' in done.stdout
    assert f'{path}:6: the time "someday" is not understood' in done.stdout
    assert '3 rows could not be read:' in done.stdout


def test_a_file_of_nothing_known_is_told_and_the_others_are_read(tmp_path):
    (tmp_path / 'people.csv').write_text('Name,Age\nann,42\n')
    done = assess(tmp_path / 'people.csv', '/does/not/exist', EXAMPLES / 'enhanced.csv')
    assert done.returncode == 1 and PRINTER in done.stdout
    assert 'people.csv: it is neither a message trace' in done.stderr and 'Cannot read /does/not/exist' in done.stderr
    assert assess(tmp_path / 'people.csv').returncode == 2
    assert assess(tmp_path).returncode == 2


@pytest.mark.parametrize('arguments', [['--domain', 'a b', EXAMPLES / 'summary.csv'], ['--domain', 'contoso.com'],
                                       [EXAMPLES / 'summary.csv']])
def test_wrong_usage_is_status_2(arguments):
    assert subprocess.run([BIN / 'postern', 'assess', *arguments], capture_output=True, timeout=60).returncode == 2


# ---------------------------------------------------------------------- output

def test_the_table_says_it_in_words():
    done = assess(EXAMPLES / 'email-events.csv', '--top', '1')
    assert done.returncode == 0 and done.stderr == ''
    assert '    Passes SPF and has sent daily for 10 days: probably a device or service of yours.\n' in done.stdout
    assert f'-SenderIPAddresses {PRINTER} -RequireTls $false\n' in done.stdout
    assert '… 3 more sources' in done.stdout and 'Under RejectDirectSend $true 23 messages' in done.stdout


def test_csv_has_all_sources_and_no_formulas(tmp_path):
    (tmp_path / 'trace.csv').write_text('Received,SenderAddress,RecipientAddress,FromIP\n'
                                        '2026-11-02,=cmd@contoso.com,ann@contoso.com,198.51.100.7\n')
    rows = list(csv.DictReader(io.StringIO(assess(tmp_path / 'trace.csv', '--csv', '-').stdout)))
    assert [row['Senders'] for row in rows] == ["'=cmd@contoso.com"]
    out = tmp_path / 'out.csv'
    assert assess(EXAMPLES / 'email-events.csv', '--csv', out).returncode == 0
    with open(out, newline='') as file:
        assert [(row['Source'], row['Kind']) for row in csv.DictReader(file)] == [
            (PRINTER, 'Yours'), (SCANNER, 'Unclear'), (SPOOFER, 'Spoof'), (PAYROLL, 'Vouched')]
    assert assess(EXAMPLES / 'email-events.csv', '--csv', '/does/not/exist').returncode == 1


def test_progress_is_for_terminals_only(tmp_path):
    path = tmp_path / 'trace.csv'
    lines = (EXAMPLES / 'enhanced.csv').read_text().splitlines()
    path.write_text('\n'.join([lines[0], *lines[1:] * 200]) + '\n')
    ours, theirs = pty.openpty()
    with subprocess.Popen([BIN / 'postern', 'assess', '--domain', 'contoso.com', path], stdout=subprocess.DEVNULL,
                          stderr=theirs) as process:
        os.close(theirs)
        seen = b''
        try:
            while piece := os.read(ours, 4096):
                seen += piece
        except OSError:
            pass  # The other side was closed.
        assert process.wait(60) == 0
    os.close(ours)
    assert b' %' in seen and seen.endswith(b'\r\x1b[K')
    assert assess(path).stderr == ''


# ---------------------------------------------------------------------- remedies

def rcpt(postern, client, sender):
    with SmtpSession(postern.proxied, proxy=client) as session:
        session.ehlo()
        session.mail(sender)
        return session.rcpt('ann@contoso.com').code


def test_remedies_work_when_they_are_pasted(postern):
    sources = report(EXAMPLES / 'email-events.csv', '--for', 'postern')[1]
    assert rcpt(postern, PRINTER, 'printer@contoso.com') == 550
    postern.cmdlets(*[source['remedy'] for source in sources.values() if source['remedy']])
    assert rcpt(postern, PRINTER, 'printer@contoso.com') == 250
    assert rcpt(postern, SCANNER, 'scanner@contoso.com') == 250
    assert rcpt(postern, SPOOFER, 'ann@contoso.com') == 550


def test_a_remedy_for_ipv6_works_here_and_is_not_offered_to_exchange(postern, tmp_path):
    (tmp_path / 'trace.csv').write_text('Received,SenderAddress,RecipientAddress,FromIP\n'
                                        '2026-11-02,app@contoso.com,ann@contoso.com,2001:db8:25::25\n')
    assert report(tmp_path / 'trace.csv')[1]['2001:db8:25::25']['remedy'] == ''
    remedy = report(tmp_path / 'trace.csv', '--for', 'postern')[1]['2001:db8:25::25']['remedy']
    assert rcpt(postern, '2001:db8:25::25', 'app@contoso.com') == 550
    postern.cmdlet(remedy)
    assert rcpt(postern, '2001:db8:25::25', 'app@contoso.com') == 250
