"""The faults that the pipeline must survive, and what must hold when they strike."""

from typing import NamedTuple


class Fault(NamedTuple):
    """One fault: its id, what happens, and what must hold all the same."""

    id: str
    happens: str
    holds: str


SECTIONS: dict[str, tuple[Fault, ...]] = {
    "The source's meaning": (
        Fault("F01", "a transaction commits late, with an older stamp", "the row arrives with the next run"),
        Fault("F02", "a transaction stays open longer than overlap and grace", "the row arrives once it commits"),
        Fault("F03", "a row commits between the bound and the read", "it is read now or by the next run"),
        Fault("F04", "many rows with one stamp, at a window's edge too", "none is cut off"),
        Fault("F05", "a row stamped in the past", "reconcile finds and repairs it"),
        Fault("F06", "a row stamped in the future", "the watermark is not poisoned; the row comes in its time"),
        Fault("F07", "a cursor that is NULL", "refused before anything is written"),
        Fault("F08", "an update that leaves the cursor untouched", "reconcile finds and repairs it"),
        Fault("F09", "a hard delete", "a tombstone through all layers; mass deletion stops the table"),
        Fault("F10", "a key deleted and inserted again", "one row, the new one"),
        Fault("F11", "a primary key changes", "the old key is gone, the new one there"),
        Fault("F12", "rows change while they are read", "nothing lost or doubled after the next run"),
        Fault("F13", "columns change before or during the read", "no half-typed rows; an error names the column"),
        Fault("F14", "hostile values of every type", "they arrive exactly, or are refused by column"),
        Fault("F15", "time zones, leap days, the year 9999", "the same result in every zone"),
        Fault("F16", "the source is killed in mid-read and restarted", "a retry, no short read; then all is there"),
        Fault("F17", "a connection is killed, or fails over, in mid-read", "a retry, never a short read"),
        Fault("F18", "locks, no free connection, a slow link at the source", "no wait beyond the deadline"),
        Fault("F19", "a replica lags", "its rows are bounded by its own horizon, or it is refused"),
        Fault("F20", "an empty table, one that grows 1000 times, a value of 64 MB", "carried within the memory"),
    ),
    "Death at a boundary": (
        Fault("F21", "killed when the run is planned (K0)", "the next run ends where an unkilled one would"),
        Fault("F22", "killed with the snapshot open (K1)", "the same"),
        Fault("F23", "killed with rows read and nothing written (K2)", "the same"),
        Fault("F24", "killed with bronze files written and no commit (K3)", "the same; the files are ignored"),
        Fault("F25", "killed after the bronze commit (K4)", "the same; no second copy"),
        Fault("F26", "killed with silver files written and no commit (K5)", "the same; the files are ignored"),
        Fault("F27", "killed after the silver commit (K6)", "the same"),
        Fault("F28", "killed after the gold commit (K7)", "the same"),
        Fault("F29", "killed inside the warehouse's transaction (K8)", "the same; readers saw the old version"),
        Fault("F30", "killed with the release verified and not committed (K9)", "the same"),
        Fault("F31", "killed after the release, before the end (K10)", "the next run does nothing twice"),
        Fault("F32", "killed at each external effect in turn", "the same for each"),
        Fault("F33", "killed again while recovering", "the same"),
        Fault("F34", "told to end (SIGTERM)", "the run is canceled and leaves nothing behind"),
        Fault("F35", "the JVM dies, Python lives", "an error, no hang"),
        Fault("F36", "one table fails, others live", "the others complete; marts that need it are kept"),
    ),
    "Runs that meet": (
        Fault("F37", "the same run started twice at once", "one wins each commit, the other goes on from it"),
        Fault("F38", "a run stands still and goes on after another", "it loses every commit, and turns nothing back"),
        Fault("F39", "the orchestrator forgets a run", "the next run is right without its slots or states"),
        Fault("F40", "an old window is read again", "no older row comes back, no row twice"),
        Fault("F41", "days without a run", "one run catches up, in bounded memory"),
    ),
    "Network": (
        Fault("F42", "a connection to the source is reset after any byte", "a retry, never a short read"),
        Fault("F43", "the source falls silent", "an error at the timeout, no hang"),
        Fault("F44", "a commit succeeds and its reply is lost", "its outcome is looked up before it is repeated"),
        Fault("F45", "a link to the source that crawls or flaps", "success or an error before the deadline"),
        Fault("F46", "a wrong authority, a wrong host, no encryption", "the connection is refused"),
        Fault("F47", "a name that does not resolve", "an error that may be retried"),
    ),
    "Object store and Delta": (
        Fault("F48", "503 and 500 from the store", "success or a retry; no commit twice"),
        Fault("F49", "a PUT succeeds and its reply is lost", "no log entry is written over; the commit is found"),
        Fault("F50", "403 in mid-run", "an error; the next run converges"),
        Fault("F51", "two writers commit one version of a table", "one wins, the other sees it and goes on"),
        Fault("F52", "damaged checkpoints, lost data files", "found and named"),
        Fault("F53", "a listing that is stale", "no log entry is written over"),
    ),
    "Warehouse": (
        Fault("F54", "the warehouse dies, fills up or is locked in mid-release", "the old version is served"),
        Fault("F55", "rows are staged twice or in part", "the release is refused, the old version is served"),
    ),
    "Host": (
        Fault("F56", "full or read-only disks", "an error; the next run converges"),
        Fault("F57", "memory, file or clock trouble", "an error; the next run converges"),
        Fault("F58", "SQL in names, secrets, log-forging values, very wide tables", "quoted, hidden, or refused"),
    ),
}  # fmt: skip
