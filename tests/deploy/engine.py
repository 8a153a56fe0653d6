"""A Docker engine of our own: it touches no other one, and neither bridges, packet filter nor forwarding of the host
outside the time of a test. Its data stay under build/deploy between runs, unless they are asked to go."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from lib.paths import ROOT
from lib.wait import wait_for

WORK = ROOT / "build" / "deploy"
DOCKER = "/usr/bin/docker"  # Debian's; another one on PATH may insist on BuildKit
NETWORKS = "base=10.213.0.0/16,size=24"


class Engine:
    def __init__(self):
        WORK.mkdir(parents=True, exist_ok=True)
        # Short: the path of a socket has at most 107 characters.
        self.run_dir = pathlib.Path(tempfile.mkdtemp(prefix="tts-engine-"))
        self.socket = f"unix://{self.run_dir}/docker.sock"
        (self.run_dir / "daemon.json").write_text("{}", encoding="ascii")
        self.log_path = WORK / "dockerd.log"
        self.env = dict(os.environ, DOCKER_HOST=self.socket, DOCKER_BUILDKIT="0", DOCKER_CONFIG=str(self.run_dir / "client"))
        self.env.pop("DOCKER_CONTEXT", None)
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["dockerd", "--data-root", WORK / "data", "--exec-root", self.run_dir / "exec", "--pidfile",
                 self.run_dir / "pid", "--host", self.socket, "--config-file", self.run_dir / "daemon.json", "--bridge", "none",
                 "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
                 "--default-address-pool", NETWORKS, "--storage-driver", "overlay2"],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            wait_for(self._is_up, 60, "the engine")
        except BaseException:
            self.close()
            raise AssertionError(f"dockerd did not start\n{self.log_path.read_text(errors='replace')[-4000:]}") from None

    def _is_up(self):
        assert self.process.poll() is None, "dockerd ended"
        return self.docker("version", check=False).returncode == 0

    def run(self, *command, check=True, timeout=120, **kwargs):
        """A client of this engine; what it says is in .stdout."""
        done = subprocess.run([str(part) for part in command], env={**self.env, **kwargs.pop("env", {})}, cwd=ROOT,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                              check=False, **kwargs)
        assert not check or done.returncode == 0, f"{command}: {done.stdout[-6000:]}"
        return done

    def docker(self, *args, **kwargs):
        return self.run(DOCKER, *args, **kwargs)

    def inspect(self, name, template):
        return self.docker("inspect", "--format", template, name).stdout.strip()

    def close(self):
        """Ends it and whatever it still runs."""
        if self.process.poll() is None:
            running = self.docker("ps", "-q", check=False).stdout.split()
            if running:
                self.docker("rm", "-f", *running, check=False)
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        for path in mounts_below(WORK / "data") + mounts_below(self.run_dir):
            subprocess.run(["umount", "-l", path], check=False)
        shutil.rmtree(self.run_dir)


def mounts_below(folder):
    """The innermost first: an engine leaves some, even in an orderly end."""
    found = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    return sorted((path for path in found if path == str(folder) or path.startswith(f"{folder}/")), key=len, reverse=True)
