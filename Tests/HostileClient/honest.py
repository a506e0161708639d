"""What honest clients do, and how long each call takes them."""
import time

from wire import Peer, begin_parameters


def connect(path, identity):
    """As profilerctl does: where the listener's queue is full, it waits."""
    end = time.monotonic() + 10
    while True:
        try:
            return Peer(path, identity, timeout=10)
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(0.001)


def ask(path, identity, target, seconds):
    """Asks one after the other; the seconds of each call, by its name."""
    times = {name: [] for name in ("connect and GetInfo", "List", "Begin")}

    def measured(name, body):
        started = time.monotonic()
        result = body()
        times[name].append(time.monotonic() - started)
        return result

    def first():
        peer = connect(path, identity)
        assert "error" not in peer.call("org.varlink.service.GetInfo")
        return peer

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with measured("connect and GetInfo", first) as peer:
            for _ in range(5):
                reply = measured("List", lambda: peer.call("List"))
                assert "error" not in reply, reply
            reply = measured("Begin", lambda: peer.call("Begin", begin_parameters(target)))
            assert "error" not in reply, reply
        time.sleep(0.005)
    return times
