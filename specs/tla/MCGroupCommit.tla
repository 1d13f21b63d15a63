----------------------------- MODULE MCGroupCommit -----------------------------
(* Bounds of GroupCommit. *)
EXTENDS GroupCommit, TLC

CONSTANTS MaxLog, MaxPending, MaxTold

NoneBelow == [p \in Prefixes |-> {}]

Bounds ==
  /\ Len(log) <= MaxLog
  /\ Cardinality(pending) <= MaxPending
  /\ Cardinality(told) <= MaxTold

(* Each of these must be violated: what the models have to reach to be worth anything. *)
NeverTornBatch     == ~(status = "down" /\ Len(log) > forced /\ forced > durable)
NeverReadBehind    == ~(status = "up" /\ durable = Len(log) /\ \E a \in told : a.kind = "read" /\ a.at < durable)

NeverAsksAgain     == \A a \in told : a.since = 0

Always0 == TRUE
Always1(x) == TRUE
Always2(x, y) == TRUE
===============================================================================
