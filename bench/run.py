#!/usr/bin/python3
"""Measures posternd beside Postfix's smtp-sink, in one run on one machine; README.md says how
to read the result. Needs what `make bench` builds and Debian's package postfix.

    bench/run.py [--seconds 2] [--runs 5] [--sessions 10000] [--only edge|milter|micro]
"""
import argparse
import json
import os
import pathlib
import platform
import resource
import subprocess
import tempfile

import evidence
import milter
from contest import alternate, median
from world import BIN, TOP, World, pss_kilobytes

TWENTY = ['--connections', '20']


def expect_replies(results, code):
    for result in results:
        if list(result['replies']) != [str(code)] or result['broken']:
            raise SystemExit(f'expected only replies {code}, got {result["replies"]}, {result["broken"]} broken')


def rejections(world, options):
    """MAIL, RCPT (550 5.7.68), RSET: ten a connection."""
    dialog = ['--mode', 'reject', *TWENTY, '--per-connection', '10', '--seconds', str(options.seconds),
              '--sender-domain', 'contoso.test']
    results = alternate(options.runs, sink=lambda: world.load('sink', *dialog), postern=lambda: world.load('plain', *dialog))
    expect_replies(results['postern'], 550)
    expect_replies(results['sink'], 250)
    return results


def acceptances(world, options):
    """Messages of 2 kB over LMTP to a sink, SPF checked with a warm cache: five a connection."""
    dialog = ['--mode', 'deliver', *TWENTY, '--per-connection', '5', '--seconds', str(options.seconds)]
    results = alternate(options.runs, sink=lambda: world.load('sink', *dialog),
                        postern=lambda: world.load('proxied', *dialog, '--proxy', '192.0.2.'))
    expect_replies(results['postern'], 250)
    return results


def idle_sessions(world, options):
    """What one session costs that said EHLO and nothing more."""
    pid = world.pid('posternd')
    before = pss_kilobytes(pid)
    generator = subprocess.Popen([BIN / 'loadgen', '--port', str(world.ports['plain']), '--mode', 'idle',
                                  '--connections', str(options.sessions)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    held = json.loads(generator.stdout.readline())
    after = pss_kilobytes(pid)
    generator.communicate(timeout=120)
    if held['held'] != options.sessions:
        raise SystemExit(f'only {held["held"]} of {options.sessions} sessions were held')
    return {'sessions': held['held'], 'pss_before_kb': before, 'pss_with_kb': after,
            'kb_per_session': (after - before) / held['held']}


def microbenchmarks():
    """The programs that stand beside the sources (X_bench.cpp): figures of those that are made with
    Google Benchmark."""
    found = {}
    for program in sorted(BIN.glob('*_bench')):
        print(f'\n{program.name}:', flush=True)
        if program.name == 'store_directory_bench':
            subprocess.run([program], check=True)  # prints its figures beside their goals
            continue
        with tempfile.NamedTemporaryFile(suffix='.json') as out:
            options = evidence.OPTIONS if program.name.startswith('auth_') else []
            done = subprocess.run([program, f'--benchmark_out={out.name}', '--benchmark_out_format=json', *options])
            if done.returncode != 0:
                raise SystemExit(f'{program.name} failed')
            found[program.name] = json.loads(pathlib.Path(out.name).read_text())['benchmarks']
    return found


def print_contest(title, results):
    print(f'\n{title}')
    print(f'   {"":10}{"per second":>12}{"p50 ms":>9}{"p99 ms":>9}   cores used: '
          f'{"server":>8}{"generator":>11}{"LMTP sink":>11}{"runs (per second)":>30}')
    for name, runs in results.items():
        server = 'posternd' if name == 'postern' else 'sink'
        print(f'   {name:10}{median(runs, "rate"):12.0f}{median(runs, "p50_ms"):9.2f}{median(runs, "p99_ms"):9.2f}'
              f'{"":16}{median(runs, "cores", server):8.2f}{median(runs, "cores", "generator"):11.2f}'
              f'{median(runs, "cores", "lmtp"):11.2f}     {" ".join(format(run["rate"], ".0f") for run in runs)}')


def verdict(what, value, unit, goal, is_met):
    print(f'   {what:46}{value:12,.2f} {unit:14} goal {goal:10} {"met" if is_met else "MISSED"}')
    return {'value': value, 'goal': goal, 'met': is_met}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seconds', type=float, default=2, help='of one run (default 2)')
    parser.add_argument('--runs', type=int, default=5, help='of which the median counts (default 5)')
    parser.add_argument('--sessions', type=int, default=10_000, help='held idle (default 10000)')
    parser.add_argument('--only', choices=['edge', 'milter', 'micro'], help='leave the other parts out')
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    report = {'machine': f'{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}', 'load_before': os.getloadavg()}

    if options.only in (None, 'edge'):
        print(f'{report["machine"]}; load average before: {report["load_before"][0]:.2f}; '
              f'{options.runs} runs of {options.seconds:g} s, medians', flush=True)
        with tempfile.TemporaryDirectory(prefix='postern-bench-') as folder, World(pathlib.Path(folder)) as world:
            report['rejections'] = rejections(world, options)
            print_contest('Refused at RCPT (5.7.68), 10 a connection, 20 connections', report['rejections'])
            report['acceptances'] = acceptances(world, options)
            print_contest('Accepted, 2 kB, SPF with a warm cache, to LMTP, 5 a connection, 20 connections',
                          report['acceptances'])
            report['idle'] = idle_sessions(world, options)
        refused, accepted, idle = report['rejections'], report['acceptances'], report['idle']
        print(f'\nIdle: {idle["sessions"]} plaintext sessions after EHLO, PSS {idle["pss_before_kb"] / 1024:.1f} MB before, '
              f'{idle["pss_with_kb"] / 1024:.1f} MB with them\n')
        ratio = median(refused['postern'], 'rate') / median(refused['sink'], 'rate')
        share = median(accepted['postern'], 'rate') / median(accepted['sink'], 'rate')
        cpu = median(accepted['postern'], 'cpu_per_1000')
        report['verdicts'] = [
            verdict('refused, beside what smtp-sink accepts', ratio, 'times', '>= 0.50', ratio >= 0.5),
            verdict('accepted, beside smtp-sink', share, 'times', '>= 0.40', share >= 0.4),
            verdict('posternd per 1000 accepted messages', cpu, 'CPU seconds', '<= 0.20', cpu <= 0.2),
            verdict('PSS growth of an idle session', idle['kb_per_session'], 'kB', '<= 10', idle['kb_per_session'] <= 10),
        ]
    if options.only in (None, 'milter'):
        report['relayed'] = milter.relayed(options)
    if options.only in (None, 'micro'):
        report['microbenchmarks'] = microbenchmarks()
        print()
        report['verdicts'] = report.get('verdicts', []) + evidence.verdicts(report['microbenchmarks'], verdict)

    file = TOP / 'bench/results.json'
    file.write_text(json.dumps(report, indent=1))
    print(f'\nAll figures: {file}')


main()
