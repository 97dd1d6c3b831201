"""Contestants that take turns in one run."""
import statistics


def median(results, *path):
    values = []
    for result in results:
        for key in path:
            result = result.get(key, 0)
        values.append(result)
    return statistics.median(values)


def alternate(runs, **contestants):
    """Runs each contestant in turn, so that a noisy moment hits all of them alike. The first
    round warms caches up and is left out."""
    results = {name: [] for name in contestants}
    for round_number in range(runs + 1):
        for name, run in contestants.items():
            result = run()
            if round_number > 0:
                results[name].append(result)
    return results
