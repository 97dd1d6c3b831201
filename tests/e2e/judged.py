"""Is every row of the trace what judging again gives? For the end of tests that played mail."""
from waiting import wait_until


def assert_judged_again(postern, rows=1):
    """Of every organization, by the settings of then: whatever they are by now."""
    lines = []
    for organization in postern.objects('Get-Organization'):
        name = organization['Name']
        found = postern.objects(f'Get-MessageTraceV2 -ResultSize 5000 -Organization {name}')
        ids = dict.fromkeys(row['MessageTraceId'] for row in found)
        lines += [f'Test-Message {one} -Organization {name} | Where-Object Changed' for one in ids]
    assert len(lines) >= rows
    script = postern.folder / 'judge_again.ps1'
    script.write_text('\n'.join(lines) + '\n')
    done = postern.run_postern('-f', script)
    assert (done.returncode, done.stderr, done.stdout.strip()) == (0, '', ''), done.stderr or done.stdout
    return len(lines)


def explain(postern, row, *arguments):
    """The steps of `postern explain`: {event: [(action, detail), …]}, and the text."""
    done = wait_until(lambda: (once := postern.run_postern('explain', row['MessageTraceId'], *arguments)).returncode == 0
                      and once, 'postern explain')
    steps = {}
    for line in done.stdout.splitlines():
        if line.startswith('  '):
            event, action, detail = line[2:19].strip(), line[20:34].strip(), line[35:]
            steps.setdefault(event, []).append((action, detail))
    return steps, done.stdout
