"""Builds, starts the servers, runs a few jobs at a time, sums up. Started by tests/run."""
import argparse
import concurrent.futures
import contextlib
import fcntl
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import jobs
from lib.infra import PASSING, Broker, Database, Infra, OwnServers, run_server, unique
from lib.paths import ROOT, WORK
from results import Result

PARALLEL = os.cpu_count() + 2  # many tests wait for something rather than compute
FILE_MAX = 256 * 2**20  # bytes that a job may write to a file: what logs without end is ended by the kernel
SHOWN_LINES = 60
EXPLAINED = 5
STATE = WORK / "state"
RECORD = WORK / "routes"


class Processes:
    """Every process started here, so that none outlives the run."""

    def __init__(self):
        self._running = set()
        self._lock = threading.Lock()
        self._closed = False

    def run(self, command, log, seconds, cwd, env):
        """Exit status; a process over its time is killed and has failed."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "wb") as output:
            with self._lock:
                if self._closed:
                    return 1
                process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=cwd, env=env,
                                           stdin=subprocess.DEVNULL, start_new_session=True)
                self._running.add(process)
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (FILE_MAX, FILE_MAX))
            try:
                return process.wait(seconds)
            except subprocess.TimeoutExpired:
                output.write(f"\nkilled: not done after {seconds} s\n".encode())
                return 1
            finally:
                self._end(process)

    def _end(self, process):
        with self._lock:
            self._running.discard(process)
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()

    def close(self):
        with self._lock:
            self._closed = True
            running = list(self._running)
        for process in running:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def say(text):
    print(text, flush=True)


def tail(path):
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join("    " + line for line in lines[-SHOWN_LINES:])


def build(processes, variant):
    """All programs and test binaries of a variant."""
    log = WORK / "log" / f"build-{variant}.log"
    env = dict(os.environ, VARIANT=variant)
    status = processes.run(["make", "-k", f"-j{os.cpu_count()}", "all", "test-binaries"], log, 1200, ROOT, env)
    if status != 0:
        say(f"build ({variant}) failed:\n{tail(log)}")
    return status == 0


def start_servers():
    """Fresh ones; what an interrupted run has left goes first."""
    stop_servers()
    shutil.rmtree(STATE, ignore_errors=True)
    for server in ("postgres", "rabbitmq"):
        run_server(server, "start", options=PASSING)
    os.environ["TTS_TEST_DB_URL"] = run_server("postgres", "url")
    os.environ["TTS_TEST_AMQP_URL"] = run_server("rabbitmq", "url")
    return Infra()


def stop_servers():
    """Those of this run, and those that a killed suite had of its own."""
    for server in ("postgres", "rabbitmq"):
        run_server(server, "stop")
        run_server(server, "stop", **OwnServers.WHERE)


def run_job(job, infra, processes):
    started = time.monotonic()
    try:
        status = run_process(job, infra, processes)
        result = job.judge(job.log.read_text(encoding="utf-8", errors="replace"), status)
    except Exception as problem:  # pylint: disable=broad-except
        result = failed("the whole process", f"cannot run: {problem!r}")
    seconds = time.monotonic() - started
    if result.failed:
        say("\n".join([f"FAILED {job.name}: {result} ({seconds:.0f} s), more in {job.log.relative_to(ROOT)}",
                       *report(result)]))
    elif seconds >= 5:
        say(f"       {job.name}: {result} ({seconds:.0f} s)")
    for failure in result.failures:
        failure.name = f"{job.name}: {failure.name}"
    return result


def run_process(job, infra, processes):
    """Exit status of the job's process, which gets a database and a broker of its own if it needs them."""
    env = dict(os.environ, **job.env, TTS_ROUTE_RECORD=str(RECORD))
    with contextlib.ExitStack() as own:
        if job.own_database:
            database = Database(infra.db_url, unique("c"))
            own.callback(database.drop)
            broker = Broker(infra.amqp_url, infra.management_url, unique("c"))
            own.callback(broker.drop)
            env.update(TTS_TEST_DB_URL=database.admin_url, TTS_TEST_AMQP_URL=broker.url)
        return processes.run([str(part) for part in job.command], job.log, job.seconds, job.cwd, env)


def report(result):
    """All failed tests by name and reason, then what the first few said."""
    for failure in result.failures:
        yield f"  {failure.name}: {failure.reason}"
    for failure in result.failures[:EXPLAINED]:
        yield f"  ---- {failure.name}"
        yield from ("    " + line for line in failure.detail)


def failed(name, reason):
    result = Result()
    result.add_failure(name, reason)
    return result


def run_all(chosen, is_whole, processes):
    """The results by group."""
    variants = sorted({job.variant for job in chosen}, reverse=True)
    with concurrent.futures.ThreadPoolExecutor(max_workers=3) as pool:
        servers = pool.submit(start_servers)
        built = list(pool.map(lambda variant: build(processes, variant), variants))
        try:
            infra = servers.result()
        except subprocess.CalledProcessError:
            return {"servers": failed("servers", "did not start")}
    groups = {}
    if not all(built):
        groups["build"] = sum((failed(f"build ({variant})", "see its output above")
                               for variant, is_built in zip(variants, built) if not is_built), Result())
        if is_whole:
            return groups

    def add(job, result):
        groups[job.group] = groups.get(job.group, Result()) + result

    with concurrent.futures.ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        futures = {pool.submit(run_job, job, infra, processes): job for job in chosen}
        try:
            for future in concurrent.futures.as_completed(futures):
                add(futures[future], future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            processes.close()
            raise
    if is_whole and jobs.ROUTE_COVERAGE.exists():
        last = jobs.route_coverage()
        add(last, run_job(last, infra, processes))
    return groups


def main():
    parser = argparse.ArgumentParser(prog="tests/run", description="Builds and runs the tests.")
    parser.add_argument("name", nargs="*", help="only the jobs whose name contains one of these: unit, api/test_auth, asan")
    parser.add_argument("--both", action="store_true", help="suites of single programs in the release build too")
    options = parser.parse_args()
    names = options.name
    chosen = [job for job in jobs.all_jobs(options.both) if not names or any(name in job.name for name in names)]
    if not chosen:
        parser.error("no job has such a name")
    WORK.mkdir(parents=True, exist_ok=True)
    with open(WORK / "lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("tests: another run is going on in this checkout")
        started = time.monotonic()
        processes = Processes()
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))
        shutil.rmtree(WORK / "log", ignore_errors=True)
        shutil.rmtree(WORK / "programs", ignore_errors=True)
        RECORD.unlink(missing_ok=True)
        try:
            groups = run_all(chosen, not names, processes)
        except KeyboardInterrupt:
            sys.exit(130)
        finally:
            processes.close()
            stop_servers()
    total = sum(groups.values(), Result())
    say("")
    for group, result in groups.items():
        say(f"  {group:<20} {result}")
    say(f"  in {time.monotonic() - started:.0f} s" + (f", {total.skipped} skipped" if total.skipped else ""))
    for failure in total.failures:
        say(f"FAILED {failure.name}: {failure.reason}")
    say(f"{total.passed} passed, {total.failed} failed")
    sys.exit(1 if total.failed else 0)


if __name__ == "__main__":
    main()
