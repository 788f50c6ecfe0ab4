"""All faults by name."""

from collections.abc import Callable

from tests.fault import faults_clients, faults_clock, faults_processes, faults_replicas, faults_store
from tests.fault.judge import Verdict
from tests.fault.trial import Trial

FAULTS: dict[str, Callable[[Trial], Verdict]] = {
    fault.__name__: fault
    for fault in (
        faults_store.store_killed,
        faults_processes.processes_killed,
        faults_clients.counsellor_dies,
        faults_store.reply_dropped,
        faults_clients.lease_lapsed,
        faults_store.tail_torn,
        faults_store.disk_full,
        faults_store.memory_full,
        faults_clients.second_launcher,
        faults_store.scripts_forgotten,
        faults_clock.clock_set,
        faults_replicas.failover,
        faults_replicas.master_frozen,
        faults_replicas.slot_moved,
        faults_replicas.slot_moved_by_key,
    )
}
