"""Messages a second through Postfix with Postern as its milter, beside Postfix with rspamd, Postfix alone,
and Postern as the edge: the same messages, DNS and delivery, in turns."""
import os
import pathlib
import shutil
import tempfile

from contest import alternate, median

MEANING = {'postfix': 'Postfix alone, which judges nothing', 'postfix+postern': 'Postfix, with Postern as its milter',
           'postfix+rspamd': 'Postfix, with rspamd as its milter', 'postern': 'Postern as the edge, to the sink',
           'postern>postfix': 'Postern as the edge, to a Postfix that relays to the sink'}


def print_contest(results):
    print(f'   {"":17}{"accepted/s":>11}{"relayed/s":>11}{"p50 ms":>9}{"p99 ms":>9}   CPU seconds per 1000: {"all":>6}{"the judge":>11}{"DNS":>7}'
          f'   runs (relayed/s)')
    for name, runs in results.items():
        print(f'   {name:17}{median(runs, "rate"):11.0f}{median(runs, "delivered_rate"):11.0f}{median(runs, "p50_ms"):9.2f}{median(runs, "p99_ms"):9.2f}'
              f'{"":25}{median(runs, "cpu_per_1000"):6.2f}{median(runs, "cpu_per_1000_judge"):11.2f}{median(runs, "cpu_per_1000_dns"):7.2f}'
              f'   {" ".join(format(run["delivered_rate"], ".0f") for run in runs)}')


def ratios(results):
    def beside(what, name, other, key):
        value = median(results[name], key) / median(results[other], key)
        print(f'   {what:66}{value:7.2f} times')
        return value

    return {
        'rate_milter_beside_rspamd': beside('relayed a second, Postfix + Postern beside Postfix + rspamd', 'postfix+postern', 'postfix+rspamd', 'delivered_rate'),
        'rate_milter_beside_postfix': beside('relayed a second, Postfix + Postern beside Postfix alone', 'postfix+postern', 'postfix', 'delivered_rate'),
        'rate_edge_beside_rspamd': beside('relayed a second, Postern before Postfix, beside Postfix + rspamd', 'postern>postfix', 'postfix+rspamd', 'delivered_rate'),
        'rate_edge_alone_beside_rspamd': beside('relayed a second, Postern alone, beside Postfix + rspamd', 'postern', 'postfix+rspamd', 'delivered_rate'),
        'cpu_judge_beside_rspamd': beside('CPU time of the judge, Postern as a milter beside rspamd', 'postfix+postern', 'postfix+rspamd', 'cpu_per_1000_judge'),
        'cpu_all_beside_rspamd': beside('CPU time of all, Postfix + Postern beside Postfix + rspamd', 'postfix+postern', 'postfix+rspamd', 'cpu_per_1000'),
    }


def relayed(options):
    """Queues are in memory where the machine has /dev/shm: how quick a disk is at fsync is another question."""
    from relay_world import RelayWorld  # Needs Postfix; the other parts do not.
    if os.geteuid() != 0 or not all(shutil.which(program, path='/usr/sbin:/usr/bin') for program in ('postfix', 'rspamd', 'nsd')):
        raise SystemExit('This part needs root, and Debian\'s packages postfix, rspamd and nsd.')
    memory = pathlib.Path('/dev/shm')
    with tempfile.TemporaryDirectory(prefix='postern-bench-', dir=memory if memory.is_dir() else None) as folder, \
            RelayWorld(pathlib.Path(folder)) as world:
        results = alternate(options.runs, **{name: lambda name=name: world.relay(name, options.seconds) for name in world.contestants})
    print('\nRelayed, 2 kB, 9 of 10 with DKIM signatures, SPF, DMARC; 5 a connection, 20 connections')
    for name, meaning in MEANING.items():
        print(f'   {name:17}{meaning}')
    print()
    print_contest(results)
    print()
    return {'runs': results, 'ratios': ratios(results)}
