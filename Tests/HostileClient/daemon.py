"""A real daemon of a real user, and what can be seen of it from outside."""
import contextlib
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

PROGRAM = os.environ.get("PROFILERD") or os.path.join(
    os.path.dirname(__file__), "../../.build/debug/profilerd")
# Numbers without an account: a daemon needs no more.
USER = 61001
ANOTHER = 61002


def as_user(uid):
    return {"user": uid, "group": uid, "extra_groups": []}


@contextlib.contextmanager
def becoming(uid):
    """What this process does meanwhile, it does as that user, root's capabilities aside."""
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


class Daemon:
    def __init__(self, configuration="", limits=None):
        self.identity = (USER, USER)
        self.directory = tempfile.mkdtemp(prefix="profilerd-hostile.")
        os.chown(self.directory, *self.identity)
        os.chmod(self.directory, 0o711)
        self.path = os.path.join(self.directory, "control.sock")
        self.state = os.path.join(self.directory, "state")
        program = os.path.join(self.directory, "profilerd")
        shutil.copy(PROGRAM, program)
        os.chmod(program, 0o755)
        file = os.path.join(self.directory, "profilerd.toml")
        with open(file, "w", encoding="utf8") as text:
            text.write(configuration)
        os.chmod(file, 0o644)
        self.log = open(os.path.join(self.directory, "log"), "w+b")
        # A list of prlimit(1)'s options.
        prefix = ["prlimit", *limits] if limits else []
        self.process = subprocess.Popen(
            [*prefix, program, "--listen", self.path, "--state-directory", self.state,
             "--config", file],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd="/",
            env={"HOME": self.directory, "PATH": os.environ["PATH"]}, **as_user(USER))
        self.pid = self.process.pid
        wait_until(lambda: os.path.exists(self.path) or self.process.poll() is not None)
        self.target = None

    def start_target(self):
        """A process of the daemon's user that computes, on the CPU that its events count."""
        self.target = subprocess.Popen(
            ["/bin/sh", "-c", "while :; do :; done"], **as_user(USER))
        os.sched_setaffinity(self.target.pid, {0})
        return self.target.pid

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat", encoding="utf8") as text:
            fields = text.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self):
        with open(f"/proc/{self.pid}/statm", encoding="utf8") as text:
            return int(text.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def wakeups(self):
        with open(f"/proc/{self.pid}/status", encoding="utf8") as text:
            return int(next(line for line in text if line.startswith("voluntary")).split()[1])

    def recordings(self):
        return glob.glob(os.path.join(self.state, "*"))

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def is_alive(self):
        return self.process.poll() is None

    def stop(self):
        """Ends daemon and target; the daemon's exit code."""
        if self.target:
            self.target.kill()
            self.target.wait()
        if self.is_alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.log.close()
        shutil.rmtree(self.directory)
        return code


def wait_until(condition, seconds=5):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return condition()
