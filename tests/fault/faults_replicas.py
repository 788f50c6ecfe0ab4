"""What can happen where the store is several servers: a failover behind a cut link, and a slot that moves."""

import signal

from tests.fault.judge import Verdict
from tests.fault.proxy import Proxy
from tests.fault.servers import Server, cluster, in_step, slot_of, wait_until, watched
from tests.fault.trial import Trial

CUT_CRIES = 30
MOVES, MOVES_SHORT = 8, 1


def failover(trial: Trial) -> Verdict:
    """The link between the master and all others is cut for a moment while clients reach it; another is elected.

    Both replicas must confirm. With one of the two the old master and the replica that was passed over confirm to each
    other, until the Sentinels tell them, what the new master never sees; the long form's note counts that.
    """
    trial.replicas = 2
    verdict = _failover(trial)
    for replicas in (0, 1) if trial.long else ():
        with Trial(trial.folder / f"with{replicas}", CUT_CRIES, replicas=replicas) as other:
            told = _failover(other)
        trial.notes.append(f"confirmed by {replicas} of 2: {len(told.lost)} of {told.accepted} accepted lost")
    verdict.note = "; ".join(trial.notes)
    return verdict


def _failover(trial: Trial) -> Verdict:
    with watched(trial.folder / "servers") as (servers, url, wire):
        trial.url = url
        with trial.upkeep():
            trial.start()
            trial.wait_for_all(0.5)
            _cut(trial, servers, url, wire)
            return trial.finish()


def _cut(trial: Trial, servers: list[Server], url: str, wire: Proxy) -> None:
    """Until a replica is master and the old master, reachable again, follows it."""
    wire.cut.set()
    wait_until(lambda: any(server.client.info("replication")["role"] == "master" for server in servers[1:]), 30)
    wire.cut.clear()
    trial.wait_for_more(5, "spooled", "accepted")
    wait_until(lambda: servers[0].client.info("replication")["role"] == "slave", 30)
    new = next(server for server in servers if server.client.info("replication")["role"] == "master")
    wait_until(lambda: in_step(new) == 2, 30)


def master_frozen(trial: Trial) -> Verdict:
    """The master stands still for longer than the Sentinels wait, and wakes up believing that it is master."""
    trial.replicas = 2
    with watched(trial.folder / "servers") as (servers, url, _):
        trial.url = url
        with trial.upkeep():
            trial.start()
            trial.wait_for_all(0.5)
            servers[0].signal(signal.SIGSTOP)
            wait_until(lambda: any(server.client.info("replication")["role"] == "master" for server in servers[1:]), 30)
            servers[0].signal(signal.SIGCONT)
            return trial.finish()


def slot_moved(trial: Trial) -> Verdict:
    """The site's slot moves from master to master under load, whole (CLUSTER MIGRATESLOTS)."""
    with cluster(trial.folder / "servers") as (servers, url):
        trial.url = url
        moves = MOVES if trial.long else MOVES_SHORT
        with trial.upkeep():
            trial.start()
            for number in trial.evenly(range(moves)):
                _move(trial, servers, number)
            verdict = trial.finish()
    verdict.note = f"moved {moves} times"
    return verdict


def _move(trial: Trial, servers: list[Server], number: int) -> None:
    slot = slot_of(f"{{{trial.site}}}")
    home = wait_until(lambda: _home(servers, slot))
    target = servers[(servers.index(home) + 1 + number % 2) % len(servers)]
    name = target.client.execute_command("CLUSTER", "MYID")
    home.client.execute_command("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", name)
    wait_until(lambda: _home(servers, slot) is target, 30)


def _home(servers: list[Server], slot: int) -> Server | None:
    """The master that serves this slot, once all of them say the same."""
    owners = set()
    for server in servers:
        rows = server.client.execute_command("CLUSTER", "SLOTS")
        owners.add(next(int(row[2][1]) for row in rows if int(row[0]) <= slot <= int(row[1])))
    return next((server for server in servers if owners == {server.port}), None)


def slot_moved_by_key(trial: Trial) -> Verdict:
    """The old way of moving a slot, key by key: no script may see a part of the queue, so cries are spooled."""
    with cluster(trial.folder / "servers") as (servers, url):
        trial.url = url
        with trial.upkeep():
            trial.start()
            trial.wait_for_all(0.5)
            slot = slot_of(f"{{{trial.site}}}")
            home = wait_until(lambda: _home(servers, slot))
            target = servers[(servers.index(home) + 1) % len(servers)]
            names = [server.client.execute_command("CLUSTER", "MYID") for server in (home, target)]
            target.client.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", names[0])
            home.client.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", names[1])
            trial.wait_for_more(2, "spooled")
            while keys := home.client.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 100):
                home.client.execute_command("MIGRATE", "127.0.0.1", target.port, "", 0, 2000, "KEYS", *keys)
            for server in (target, home, *servers):
                server.client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", names[1])
            return trial.finish()
