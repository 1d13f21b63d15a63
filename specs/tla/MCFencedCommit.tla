---------------------------- MODULE MCFencedCommit ----------------------------
(* Bounds of FencedCommit.  All keys lie below each prefix. *)
EXTENDS FencedCommit, TLC

CONSTANTS MaxRev, MaxEpoch, MaxFloor, MaxBackups

AllBelow == [p \in Prefixes |-> Keys]

Bounds ==
  /\ db.rev <= MaxRev
  /\ made <= MaxRev
  /\ db.floorVer <= MaxFloor
  /\ \A k \in Keys : Epoch(db, k) <= MaxEpoch

(* At most one backup, and it comes back at most once. *)
Backups == backup' # backup => MaxBackups = 1 /\ \A b \in bases : ~b.rolled /\ ~b.restored

Symmetry == Permutations(Keys) \cup Permutations(ClaimIds) \cup Permutations(Tickets)

(* Each of these must be violated: what the models have to reach to be worth anything. *)
NeverReborn          == \A k \in Keys : ~(db.rec[k].live /\ db.floorVer > 0 /\ db.rec[k].ver > db.floorVer)
NeverOnlyEpochTells  == \A b \in bases, k \in Keys : ~(k \in b.taken /\ k \notin b.written /\ db.rec[k].live)
NeverUnbornFenced    == \A b \in bases, k \in Keys : ~(k \in b.taken /\ ~db.rec[k].known)
NeverTicketGoesOn    == \A t \in Tickets, k \in Keys : ~(tickets[t] # None /\ db.rec[k].ticket = t /\ db.rec[k].ver = tickets[t].snap.ver[k] + 2)
NeverTwoKeysAtOnce   == \A k, j \in Keys : k = j \/ ~(db.rec[k].live /\ db.rec[k].tag = db.rec[j].tag)
NeverSecondClaim     == \A k \in Keys : db.rec[k].claim = None \/ ghost.ended = {}
NeverTagTells        == \A b \in bases, k \in Keys : ~(k \in b.undone /\ db.rec[k].live /\ b.snap.ver[k] = db.rec[k].ver)

Always1(x) == TRUE
Always2(x, y) == TRUE
Always3(x, y, z) == TRUE
===============================================================================
