"""tests/cases for end-to-end tests: the same files that the unit test of the decision plays.

Every RCPT of a case is one question: a directory (as cmdlets), a client, an envelope, and how the
reply must begin.
"""
import copy
import dataclasses
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parents[1] / 'cases'


@dataclasses.dataclass
class Question:
    name: str = ''
    organization: str = ''
    cmdlets: list = dataclasses.field(default_factory=list)
    client: str = '203.0.113.9'
    tls: bool = False
    names: list = dataclasses.field(default_factory=list)  # of the client's certificate
    hello: str = 'client.example'
    reverse_name: str = ''
    reverse_path: str = ''
    forward_path: str = ''
    reply: str = ''


def questions():
    return [question for file in sorted(FOLDER.glob('*.txt')) if file.name != 'README.md' for question in _of_file(file)]


def _of_file(file):
    base, now, number, found = Question(), None, 0, []
    for line in file.read_text().splitlines():
        word, _, rest = line.strip().partition(' ')
        rest = rest.strip()
        if not word or word.startswith('#'):
            continue
        if word == 'case':
            base = base if now else copy.deepcopy(base)
            now, number = copy.deepcopy(base), 0
            now.name, now.organization = f'{file.stem} {rest.split()[0]}', 'Contoso'
            continue
        at = now or base
        if word == 'organization':
            at.organization = rest
            if f'New-Organization -Name {rest}' not in at.cmdlets:
                at.cmdlets.append(f'New-Organization -Name {rest}')
        elif word.startswith('RejectDirectSend'):
            at.cmdlets.append(f'Set-OrganizationConfig -{word} {rest} -Organization {at.organization}')
        elif word in ('AcceptedDomain', 'Recipient', 'InboundConnector', 'DirectSendException'):
            # Exchange's `smtp:*;1` would end the cmdlet.
            rest = re.sub(r'[^\s,]*;[^\s,]*', r"'\g<0>'", rest)
            at.cmdlets.append(f'New-{word} {rest} -Organization {at.organization}')
        elif word == 'error':
            at.cmdlets.pop()
        elif word == 'client':
            at.client = rest
        elif word == 'tls':
            at.tls = True
        elif word == 'certificate':
            at.tls, at.names = True, rest.split()
        elif word == 'helo':
            at.hello = rest
        elif word == 'reverse-name':
            at.reverse_name = rest
        elif word == 'MAIL':
            at.reverse_path = rest.removeprefix('FROM:').strip().strip('<>')
        elif word == 'RCPT':
            number += 1
            at.forward_path = rest.removeprefix('TO:').strip().strip('<>')
            found.append(copy.deepcopy(at))
            found[-1].name += f'.{number}' if number > 1 else ''
        elif word.isdigit():
            found[-1].reply = f'{word} {rest}'
    return found
