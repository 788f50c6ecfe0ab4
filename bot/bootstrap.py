"""Makes the environments and hands over to `anlu`: the only file that runs before anything is installed.

Standard library only, any Python from 3.8. Environments live in ``$ANLU_CACHE`` (default ``~/.cache/anlu``), one
folder for each lock file's hash and interpreter, so a second run or a second clone finds them ready.
Everything is said on standard error: standard output belongs to the command that follows.
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("ANLU_CACHE") or pathlib.Path.home() / ".cache" / "anlu")
LOWEST, NEWEST = (3, 10), (3, 13)
NO_TESTS = 5
"""How pytest ends when no test fits the words given."""
RASA_PYTHON = (3, 10)
ENCODER_PYTHON = (3, 11)
NEEDS_RASA = {"run", "ask", "talk", "train", "evaluate", "bench", "dialogue-check"}


class SetupError(Exception):
    """What is missing, as a sentence for the person at the keyboard."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def dotted(version):
    return ".".join(map(str, version))


def candidates(version):
    """Paths that may be a Python of this version: PATH, pyenv, uv."""
    name = "python" + dotted(version)
    found = shutil.which(name)
    if found:
        yield found
    for root in {os.environ.get("PYENV_ROOT"), str(pathlib.Path.home() / ".pyenv")} - {None}:
        for folder in sorted(pathlib.Path(root).glob("versions/%s.*" % dotted(version)), reverse=True):
            yield str(folder / "bin" / "python")
    uv = shutil.which("uv")
    if uv:
        command = [uv, "python", "find", "--no-python-downloads", dotted(version)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            yield answer.stdout.strip()
    yield sys.executable


def interpreter(version):
    """The path of a working Python of this version, or None."""
    probe = "import sys, venv, ensurepip, ssl; print(*sys.version_info[:2])"
    for path in candidates(version):
        with contextlib.suppress(OSError):
            answer = subprocess.run([path, "-c", probe], capture_output=True, text=True, check=False)
            if answer.returncode == 0 and answer.stdout.split() == list(map(str, version)):
                return path
    return None


def supported():
    """Every Python from the lowest to the newest that this machine has: {version: path}."""
    versions = [(3, minor) for minor in range(LOWEST[1], NEWEST[1] + 1)]
    return {v: path for v in versions for path in [interpreter(v)] if path}


def require(version, why):
    path = interpreter(version)
    if path is None:
        raise SetupError(
            "Python %s is not on this machine, and %s needs it. Install it (for example `pyenv install %s`, "
            "`uv python install %s`, or your system's package python%s with its venv module) and try again."
            % (dotted(version), why, dotted(version), dotted(version), dotted(version))
        )
    return path


@contextlib.contextmanager
def only_one(path):
    """Holds a file lock, so that two set-ups at once do not build the same environment twice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(str(path), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("  waiting for another set-up to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def environment(name, python, version, hashed=True):
    """The Python of the environment `name` (requirements/<name>.txt; .in without hashes), made when it is missing."""
    lock = ROOT / "requirements" / (name + (".txt" if hashed else ".in"))
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    folder = CACHE / "env" / ("%s-%s-%s" % (name, dotted(version), digest))
    binary, mark = folder / "bin" / "python", folder / "complete"
    with only_one(folder.with_suffix(".lock")):
        if mark.exists():
            return binary
        started = time.monotonic()
        say("· %s environment (Python %s): installing, this happens once" % (name, dotted(version)))
        shutil.rmtree(str(folder), ignore_errors=True)
        run_or_explain([python, "-m", "venv", str(folder)], "make a virtual environment")
        install = [str(binary), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        hashes = ["--require-hashes"] if hashed else []
        run_or_explain([*install, *hashes, "-r", str(lock)], "install " + lock.name)
        mark.touch()
        say("  done in %.0f s" % (time.monotonic() - started))
    return binary


def run_or_explain(command, aim):
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if answer.returncode:
        tail = "\n".join(answer.stdout.strip().splitlines()[-12:])
        raise SetupError("Could not %s. What it said last:\n%s" % (aim, tail))


def rasa_environment():
    return environment("rasa", require(RASA_PYTHON, "the dialogue engine (Rasa 3.6)"), RASA_PYTHON)


def app_environment():
    """The service itself runs on the newest supported Python that is there."""
    found = supported()
    if not found:
        require(LOWEST, "the service")
    version = max(found)
    return environment("app", found[version], version)


def surroundings(rasa):
    """The environment variables for `anlu` and the tests."""
    extra = {"PYTHONPATH": str(ROOT), "ANLU_CACHE": str(CACHE)}
    if rasa is not None:
        extra["ANLU_RASA_PYTHON"] = str(rasa)
    return {**os.environ, **extra}


def hand_over(arguments, with_rasa=True):
    """Becomes `anlu <arguments>`."""
    app = app_environment()
    rasa = rasa_environment() if with_rasa else None
    os.execve(str(app), [str(app), "-m", "bot.cli", *arguments], surroundings(rasa))


def test(arguments):
    """Runs the tests on the lowest supported Python and on the newest that is there.

    Those that start whole services and kill them run on the newest alone, which `make run` uses, and one at a time.
    """
    rasa = rasa_environment()
    found = supported()
    found.setdefault(LOWEST, require(LOWEST, "the test suite"))
    for version in sorted({min(found), max(found)}):
        python = environment("dev", found[version], version)
        # Before the tests, each of which has a limit of time: at once when nothing has changed.
        run_aloud("training", [str(python), "-m", "bot.cli", "train"], rasa)
        parts = [["-n", "2", "-m", "not slow"]] + [["-m", "slow"]] * (version == max(found))
        for part in parts:
            say("· tests on Python %s (%s)" % (dotted(version), part[-1]))
            command = [str(python), "-m", "pytest", *part, *arguments]
            code = subprocess.run(command, cwd=str(ROOT), env=surroundings(rasa), check=False).returncode
            if code and not (code == NO_TESTS and arguments):
                sys.exit(code)


def check(_arguments):
    """Runs the checks that are not tests: style, types, import rules, and the dialogue engine's own."""
    rasa = rasa_environment()
    python = environment("dev", require(LOWEST, "the checks"), LOWEST)
    run_aloud("ruff", [str(python), "-m", "ruff", "check", "."])
    run_aloud("ruff format", [str(python), "-m", "ruff", "format", "--check", "."])
    run_aloud("mypy", [str(python), "-m", "mypy"])
    run_aloud("import-linter", [str(python.parent / "lint-imports")])
    run_aloud("content check", [str(python), "-m", "bot.cli", "content", "check"])
    run_aloud("dialogue check", [str(python), "-m", "bot.cli", "dialogue-check"], rasa)


def fault(arguments):
    """Kills, fills, tears and cuts off the store and its clients under load, about ten minutes; prints a table."""
    python = environment("dev", require(LOWEST, "the faults"), LOWEST)
    run_aloud("faults", [str(python), "-m", "tests.fault", *arguments])


def encoder(arguments):
    """Fine-tunes the sentence encoder anew, in an environment of its own (PyTorch; about an hour and a half)."""
    found = require(ENCODER_PYTHON, "the encoder's training")
    python = environment("encoder", found, ENCODER_PYTHON, hashed=False)
    run_aloud("fine-tuning", [str(python), "-m", "nlu.encoder.train", *arguments])


def screen_model(_arguments):
    """Makes the screen's cues, its reader and its balance anew from the texts (about an hour; needs PyTorch)."""
    if not (ROOT / "var" / "encoder" / "second.pt").exists():
        raise SetupError("The topic encoder's checkpoint var/encoder/second.pt is missing: run `make encoder` first.")
    found = require(ENCODER_PYTHON, "the screen's training")
    python = environment("encoder", found, ENCODER_PYTHON, hashed=False)
    for name in ("cues", "train", "fit"):
        run_aloud(name, [str(python), "-m", "nlu.screen." + name])


def run_aloud(name, command, rasa=None):
    """Runs one check with its output shown; its failure ends everything."""
    say("· %s" % name)
    if subprocess.run(command, cwd=str(ROOT), env=surroundings(rasa), check=False).returncode:
        raise SetupError("%s found something: see above." % name)


def main(arguments):
    verb, rest = (arguments or ["run"])[0], arguments[1:]
    os.chdir(str(ROOT))
    if verb == "test":
        test(rest)
    elif verb == "check":
        check(rest)
    elif verb == "fault":
        fault(rest)
    elif verb == "encoder":
        encoder(rest)
    elif verb == "screen-model":
        screen_model(rest)
    elif verb == "envs":
        app_environment(), rasa_environment()
    else:
        hand_over([verb, *rest], with_rasa=verb in NEEDS_RASA)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SetupError as error:
        say("anlu: %s" % error)
        sys.exit(2)
