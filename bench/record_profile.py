#!/usr/bin/python3
"""Records cmake/postern.profdata, which Release builds are optimized with: `make profile`, which builds
what this needs. Why it is done so: docs/decisions/0007-profile.md.

A posternd that counts (preset profile) gets the mail of the benchmarks, with the log that it has by
default: refusals at RCPT; messages with SPF alone to an LMTP sink; signed messages, with everything that
auth/ finds out about them, to an SMTP sink; and the same by STARTTLS. Each load is a number of messages,
not a time, so that the weights do not depend on the machine. Nothing is written if a single message was
not answered as it should be.
"""
import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile

os.environ['POSTERN_BIN_DIR'] = 'build/profile/bin'  # Before world.py looks.
from relay_world import ProxiedClient, RelayWorld  # noqa: E402
from world import TOP, World  # noqa: E402

COMMITTED = TOP / 'cmake/postern.profdata'
REFUSED = ACCEPTED = EVIDENCE = 20_000
ENCRYPTED = 1_000
LONGEST = 150  # seconds that a load may take

# Functions that were never run this often are left out. To the compiler a function that ran once is a cold
# one, to be made small rather than quick; but what runs once here (reading a directory of one
# organization) may be what another site waits for. What is left out is compiled as without a profile.
RARE = (REFUSED + ACCEPTED + EVIDENCE) // 100


def profdata(*arguments):
    subprocess.run(['llvm-profdata-19', *map(str, arguments)], check=True)


class Counting:
    """Mixed into a world: its posternd leaves its counts in the world's folder when it ends."""

    def start_postern(self, config):
        quiet = 'level = "warning"'
        assert quiet in config
        super().start_postern(config.replace(quiet, 'level = "info"'))

    def start(self, name, command):
        # The other programs of the preset count too; theirs are nobody's.
        file = 'posternd' if name == 'posternd' else '%p'
        super().start(name, ['env', f'LLVM_PROFILE_FILE={self.folder / file}.profraw', *command])

    def run(self):
        """Gives the file with the counts."""
        with self:
            self.train()
        status = self.processes['posternd'].returncode
        counts = self.folder / 'posternd.profraw'
        if status != 0 or not counts.exists():
            raise SystemExit(f'posternd ended with {status} and left no counts:\n' + (self.folder / 'posternd.log').read_text()[-3000:])
        return counts


def expect(result, code, count):
    if result['replies'] != {str(code): count} or result['broken']:
        raise SystemExit(f'expected {count} replies {code}, got {result["replies"]}, {result["broken"]} broken')
    print(f'   {count} replies {code} in {result["wall"]:.0f} s', flush=True)


class EdgeTraining(Counting, World):
    def train(self):
        dialog = ['--connections', '20', '--seconds', str(LONGEST)]
        refused = self.load('plain', '--mode', 'reject', *dialog, '--per-connection', '10', '--sender-domain', 'contoso.test', '--count', str(REFUSED))
        expect(refused, 550, REFUSED)
        accepted = self.load('proxied', '--mode', 'deliver', *dialog, '--per-connection', '5', '--proxy', '192.0.2.', '--count', str(ACCEPTED))
        expect(accepted, 250, ACCEPTED)


class EvidenceTraining(Counting, RelayWorld):
    def start_contestants(self):
        return {}

    def train(self):
        expect(self.relay('postern', LONGEST, EVIDENCE), 250, EVIDENCE)
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        messages = list(self.examples.values())
        for begin in range(0, ENCRYPTED, 5):
            client = ProxiedClient(*self.edge(), timeout=60)
            client.starttls(context=trusting)
            for number in range(begin, begin + 5):
                reverse_path, message = messages[number % len(messages)]
                client.sendmail(reverse_path, 'ann@contoso.test', message)  # Raises unless all is answered 250.
            client.quit()
        print(f'   {ENCRYPTED} messages by STARTTLS')


def without_rare_functions(text):
    """The profile as text, of which each paragraph is a function: its name, hash, counters and the values
    seen; lines before the first name belong to the file."""
    kept = []
    for number, paragraph in enumerate(text.strip('\n').split('\n\n')):
        lines = paragraph.split('\n')
        if number == 0:
            first = next(at for at, line in enumerate(lines) if not line.startswith((':', '#')))
            kept.append('\n'.join(lines[:first]))
            lines = lines[first:]
        begin = lines.index('# Counter Values:') + 1
        count = int(lines[lines.index('# Num Counters:') + 1])
        if max(map(int, lines[begin:begin + count])) >= RARE:
            kept.append('\n'.join(lines) + '\n')
    if len(kept) < 1000:
        raise SystemExit(f'the profile has only {len(kept)} functions')
    print(f'   {len(kept) - 1} functions')
    return '\n'.join(kept) + '\n'


def main():
    memory = pathlib.Path('/dev/shm')
    with tempfile.TemporaryDirectory(prefix='postern-profile-', dir=memory if memory.is_dir() else None) as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o755)  # Sinks run as a user of their own.
        os.environ['LLVM_PROFILE_FILE'] = str(folder / '%p.profraw')
        counts = []
        for training in (EdgeTraining, EvidenceTraining):
            print(training.__name__, flush=True)
            (folder / training.__name__).mkdir(mode=0o755)
            counts.append(training(folder / training.__name__).run())
        profdata('merge', '--sparse', '--text', '-o', folder / 'all', *counts)
        (folder / 'often').write_text(without_rare_functions((folder / 'all').read_text()))
        profdata('merge', '--sparse', '-o', folder / 'profdata', folder / 'often')
        shutil.copyfile(folder / 'profdata', COMMITTED)
    print(f'{COMMITTED}: {COMMITTED.stat().st_size // 1024} kB')


main()
