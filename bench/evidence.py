"""What SPF and DKIM cost, from the figures of auth_spf_bench and auth_dkim_bench: beside the least
that OpenSSL needs, and beside libopendkim and libspf2, all in one run."""
import re
import subprocess

# Each benchmark runs as often as this, in an order of chance; the median counts.
OPTIONS = ['--benchmark_repetitions=7', '--benchmark_enable_random_interleaving=true', '--benchmark_min_time=0.1',
           '--benchmark_display_aggregates_only=true']


def openssl_speed():
    """RSA verifications a second by `openssl speed`, to compare the bare operation with."""
    done = subprocess.run(['openssl', 'speed', '-seconds', '2', 'rsa2048'], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=True)
    return float(re.search(r'rsa 2048 bits.*?(\S+)$', done.stdout, re.MULTILINE)[1])


def medians(benchmarks):
    """Name -> nanoseconds, bytes a second and allocations, of those that were repeated."""
    return {one['run_name']: one for one in benchmarks if one.get('aggregate_name') == 'median'}


def verdicts(found, verdict):
    """`verdict(what, value, unit, goal, is_met)` for each goal that the programs found can show."""
    spf, dkim = medians(found.get('auth_spf_bench', [])), medians(found.get('auth_dkim_bench', []))
    results = []

    def at_most(what, value, unit, goal):
        results.append(verdict(what, value, unit, f'<= {goal}', value <= goal))

    def at_least(what, value, unit, goal):
        results.append(verdict(what, value, unit, f'>= {goal:,}', value >= goal))

    if dkim:
        ours, bare = dkim['verify_message/rsa_2048'], dkim['bare_rsa_and_sha256']
        at_most('DKIM 2 kB, beside bare RSA and SHA-256', ours['cpu_time'] / bare['cpu_time'], 'times', 1.5)
        if 'libopendkim' in dkim:
            at_least('DKIM 2 kB, libopendkim beside it', dkim['libopendkim']['cpu_time'] / ours['cpu_time'], 'times', 4)
        at_most('DKIM 2 kB, allocations (OpenSSL apart)', ours['new'], '', 30)
        hash_rate = dkim['bare_sha256/200000']['bytes_per_second']
        for what, name, goal in (('simple', 'body_hash/simple_text', 0.8), ('relaxed', 'body_hash/relaxed_text', 0.5)):
            at_least(f'body of 200 kB {what}, beside SHA-256', dkim[name]['bytes_per_second'] / hash_rate, 'times', goal)
        print(f'   {"":3}bare RSA verification and SHA-256 {bare["cpu_time"] / 1000:.1f} us; '
              f'openssl speed rsa2048 {1e6 / openssl_speed():.1f} us without the hash')
    if spf:
        at_least('SPF evaluations, two includes, warm', spf['two_includes/records_kept:1']['items_per_second'], 'a second', 500_000)
        if 'libspf2' in spf:
            print(f'   {"":3}libspf2 with the same records: {spf["libspf2"]["items_per_second"]:,.0f} a second')
    return results
