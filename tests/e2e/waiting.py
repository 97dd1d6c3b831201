"""Waiting for something to become true: by looking again and again, with an end."""
import time


def wait_until(condition, what, seconds=20, pause=0.02):
    """The first true value of `condition()`. `what` completes "waited 20 s for …"."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f'waited {seconds} s for {what() if callable(what) else what}'
        time.sleep(pause)
