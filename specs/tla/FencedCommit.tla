----------------------------- MODULE FencedCommit -----------------------------
(***************************************************************************)
(* The abstract store: what is durable, and how it may change.  Clients    *)
(* are not told apart: any snapshot that was ever read may be the base of  *)
(* a commit at any later time, by a writer that stalled, whose claim       *)
(* ended, or whose request is a late copy.                                 *)
(*                                                                         *)
(* Ghosts carry the history for the properties.  Each base remembers what  *)
(* happened since it was read; they never look at the numbers (version,    *)
(* epoch, tag) by which the guards decide.                                 *)
(***************************************************************************)
EXTENDS Fence

VARIABLES db,       \* the durable state
          bases,    \* every snapshot that was read, marked with what happened since
          tickets,  \* [Tickets -> a marked snapshot, or None]
          backup,   \* a backup of all of the above and of the ghosts, or None
          made,     \* how many commits were ever made: names the tags, and is never rolled back
          ghost,    \* what exists, who holds what and which claims ended, told by the events alone
          wrong     \* what should never have happened, and did

vars == <<db, bases, tickets, backup, made, ghost, wrong>>

(* A snapshot and, since it was read: keys that were written, keys whose ownership was taken away, keys whose version was undone by
   a rollback, whether it is of a past that a rollback undid, and whether the store was restored.
   unsaved: keys written since the backup. *)
Marked(s, unsaved) ==
  [snap |-> Snapshot(s), written |-> {}, taken |-> {}, undone |-> {}, unsaved |-> unsaved, rolled |-> FALSE, restored |-> FALSE]

(* The bases that a client may still come with.  Here all of them: traces know who comes back with what. *)
Kept(marked) == marked

Mark(b, written, taken) == [b EXCEPT !.written = @ \cup written, !.taken = @ \cup taken]

Init ==
  /\ db = Fresh
  /\ bases = {Marked(Fresh, {})}
  /\ tickets = [t \in Tickets |-> None]
  /\ backup = None
  /\ made = 0
  /\ ghost = [live |-> {}, owner |-> NoClaims, ended |-> {}, unsaved |-> {}, rewound |-> FALSE]
  /\ wrong = {}

(* Everything that was read so far hears what happens; the new state is there to be read. *)
Happened(written, taken) ==
  /\ bases' = Kept({Mark(b, written, taken) : b \in bases} \cup {Marked(db', ghost'.unsaved)})
  /\ tickets' = [t \in Tickets |-> IF tickets[t] = None THEN None ELSE Mark(tickets[t], written, taken)]

(* b: the marked base of the commit e. *)
Faults(b, e) ==
  LET decided == (e.put \cup e.delete) \ e.creates
      looked  == e.based \cup e.follows
      scanned == UNION {Below[p] : p \in e.scans} IN
  {f \in {"lost update", "zombie", "skew", "undone", "unnoticed", "restored", "clobbered", "silenced", "trespass"} :
    \/ f = "lost update" /\ (decided \cup e.reduces) \cap b.written # {}
    \/ f = "zombie"      /\ ~b.rolled /\ (looked \cup e.fenced) \cap b.taken # {}
    \/ f = "skew"        /\ (looked \cup (IF b.rolled THEN {} ELSE scanned)) \cap b.written # {}
    \/ f = "undone"      /\ looked \cap b.undone # {}
    \/ f = "unnoticed"   /\ b.rolled /\ ghost.rewound
    \/ f = "restored"    /\ b.restored
    \/ f = "clobbered"   /\ e.put \cap e.creates \cap ghost.live # {}
    \/ f = "silenced"    /\ \E k \in Keys : e.claims[k] \in ghost.ended
    \/ f = "trespass"    /\ \E k \in Written(e) : ghost.owner[k] \notin {None, e.claims[k]}}

(* x: what an accepted commit does; faults: what the ghosts say of it. *)
Commit(x, faults) ==
  /\ x.moved # {}
  /\ db' = AfterCommit(db, x, made + 1)
  /\ made' = made + 1
  /\ wrong' = wrong \cup faults
  /\ ghost' = [ghost EXCEPT !.rewound = FALSE, !.live = (@ \cup x.moved) \ x.gone,
                            !.unsaved = IF backup = None THEN {} ELSE @ \cup x.moved]
  /\ bases' = Kept({Mark(b, x.moved, {}) : b \in bases} \cup {Marked(db', ghost'.unsaved)})
  /\ tickets' = [t \in Tickets |->
       IF tickets[t] = None THEN None ELSE Mark(tickets[t], IF t = x.ticket THEN x.moved \ x.onward ELSE x.moved, {})]
  /\ UNCHANGED backup

(* What the accepted ones of some requests do on one base.  The requests are made on no base, so that TLC makes them once. *)
Accepted(b, requests) ==
  {[x |-> Effect(db, e), faults |-> Faults(b, e)] : e \in {r \in requests : Accepts(db, [r EXCEPT !.base = b.snap])}}

(* The commits that clients make. *)
Puts(b)    == {[Request(b) EXCEPT !.based = W \cup R, !.put = W] : W \in (SUBSET Keys) \ {{}}, R \in SUBSET Keys}
Deletes(b) == {[Request(b) EXCEPT !.based = {k}, !.delete = {k}] : k \in Keys}
Creates(b) == {[Request(b) EXCEPT !.creates = {k}, !.put = {k}] : k \in Keys}
Blind(b)   == {[Request(b) EXCEPT !.put = {k}] : k \in Keys}
Deltas(b)  == {[Request(b) EXCEPT !.delta = {k}] : k \in Keys}
Reduces(b) == {[Request(b) EXCEPT !.reduces = {k}, !.delta = {k}] : k \in Keys}
Scans(b)   == {[Request(b) EXCEPT !.based = {k}, !.put = {k}, !.scans = {p}] : k \in Keys, p \in Prefixes}
Claimed(b) == UNION {{[Request(b) EXCEPT !.based = {k}, !.put = {k}, !.claims[k] = id],
                      [Request(b) EXCEPT !.fenced = {k}, !.creates = {k}, !.put = {k}, !.claims[k] = id],
                      [Request(b) EXCEPT !.fenced = {k}, !.delta = {k}, !.claims[k] = id]} : k \in Keys, id \in ClaimIds}
Followed(b, t) == UNION {{[Request(b) EXCEPT !.follows = {k}, !.put = {k}, !.ticket = t],
                          [Request(b) EXCEPT !.follows = {k}, !.delta = {k}, !.ticket = t]} : k \in Keys}

Requests(b) == Puts(b) \cup Deletes(b) \cup Creates(b) \cup Blind(b) \cup Deltas(b) \cup Scans(b) \cup Claimed(b)
Asks == Requests(None) \cup Reduces(None)

CommitOnBase   == \E c \in UNION {Accepted(b, Asks) : b \in bases} : Commit(c.x, c.faults)
CommitOnTicket ==
  \E t \in Tickets : tickets[t] # None /\ \E c \in Accepted(tickets[t], Followed(None, t)) : Commit(c.x, c.faults)

TakeTicket(t) ==
  /\ tickets[t] = None
  /\ \E b \in bases : ~b.rolled /\ ~b.restored /\ tickets' = [tickets EXCEPT ![t] = b]
  /\ UNCHANGED <<db, bases, backup, made, ghost, wrong>>

(* A request for a claim may come late, and as a copy. *)
Claim(k, id) ==
  /\ MayClaim(db, k, id)
  /\ \A other \in Keys : db.rec[other].claim # id
  /\ db' = AfterClaim(db, k, id)
  /\ wrong' = wrong \cup (IF ghost.owner[k] # None THEN {"two owners"} ELSE {}) \cup (IF id \in ghost.ended THEN {"revived"} ELSE {})
  /\ ghost' = [ghost EXCEPT !.rewound = FALSE, !.owner[k] = id]
  /\ Happened({}, {})
  /\ UNCHANGED <<backup, made>>

Release(k, id) ==
  /\ MayRelease(db, k, id)
  /\ db' = AfterRelease(db, k, id)
  /\ wrong' = wrong \cup (IF ghost.owner[k] # id THEN {"not the owner"} ELSE {})
  /\ ghost' = [ghost EXCEPT !.rewound = FALSE, !.owner[k] = None, !.ended = @ \cup {id}]
  /\ Happened({}, {})
  /\ UNCHANGED <<backup, made>>

Ended(keys) == {ghost.owner[k] : k \in keys} \ {None}

(* Several keys at once when the claims of one holder are reclaimed, or several claims expire. *)
Reclaim(keys) ==
  /\ db' = AfterReclaim(db, keys)
  /\ ghost' = [ghost EXCEPT !.rewound = FALSE, !.owner = [k \in Keys |-> IF k \in keys THEN None ELSE @[k]], !.ended = @ \cup Ended(keys)]
  /\ Happened({}, keys)
  /\ UNCHANGED <<backup, made, wrong>>

ReclaimPrefix(p) ==
  /\ db' = AfterReclaimPrefix(db, p)
  /\ ghost' = [ghost EXCEPT !.rewound = FALSE, !.owner = [k \in Keys |-> IF k \in Below[p] THEN None ELSE @[k]], !.ended = @ \cup Ended(Below[p])]
  /\ Happened({}, Below[p])
  /\ UNCHANGED <<backup, made, wrong>>

Forget(keys, horizon) ==
  /\ \A k \in keys : MayForget(db, k) /\ db.rec[k].at <= horizon
  /\ db' = AfterForget(db, keys, horizon)
  /\ ghost' = [ghost EXCEPT !.rewound = FALSE]
  /\ UNCHANGED <<backup, made, wrong>>
  /\ Happened({}, {})

Backup ==
  /\ backup = None
  /\ backup' = [db |-> db, bases |-> bases, tickets |-> tickets, ghost |-> ghost]
  /\ UNCHANGED <<db, bases, tickets, made, ghost, wrong>>

(* Marks go back with the store: what was undone did not happen to the bases that are older than the backup. *)
Undone(b, restored) ==
  LET before == {x \in backup.bases : x.snap = b.snap} IN
  IF before # {}
    THEN [(CHOOSE x \in before : TRUE) EXCEPT !.restored = b.restored \/ restored]
    ELSE [b EXCEPT !.written = {}, !.taken = {}, !.undone = b.unsaved, !.unsaved = {}, !.rolled = TRUE, !.restored = @ \/ restored]

Back(restored) ==
  /\ bases' = {Undone(b, restored) : b \in bases} \cup {Marked(db', {})}
  /\ tickets' = [t \in Tickets |->
       IF tickets[t] = None THEN None
       ELSE IF backup.tickets[t] # None THEN [backup.tickets[t] EXCEPT !.restored = restored]
       ELSE Undone(tickets[t], restored)]
  /\ backup' = None
  /\ UNCHANGED <<made, wrong>>

(* An id of a claim that the backup has never seen is new to the restored store. *)
Restore ==
  /\ backup # None
  /\ db' = AfterRestore(db, backup.db)
  /\ ghost' = [live |-> backup.ghost.live, owner |-> NoClaims, unsaved |-> {}, rewound |-> FALSE,
               ended |-> backup.ghost.ended \cup ({backup.ghost.owner[k] : k \in Keys} \ {None})]
  /\ Back(TRUE)

RollBack ==
  /\ backup # None
  /\ db' = backup.db
  /\ ghost' = [backup.ghost EXCEPT !.unsaved = {}, !.rewound = TRUE]
  /\ Back(FALSE)

Next ==
  \/ CommitOnBase
  \/ CommitOnTicket
  \/ \E t \in Tickets : TakeTicket(t)
  \/ \E k \in Keys, id \in ClaimIds : Claim(k, id) \/ Release(k, id)
  \/ \E k \in Keys : Reclaim({k}) \/ Forget({k}, db.rec[k].at)
  \/ \E p \in Prefixes : ReclaimPrefix(p)
  \/ Backup \/ Restore \/ RollBack

Spec == Init /\ [][Next]_vars

------------------------------------------------------------------------------
(* Properties.  All but the last three are told by ghosts. *)

NoLostUpdate         == "lost update" \notin wrong   \* no applied write's base had been overwritten since it was read
NoZombieApply        == "zombie" \notin wrong        \* no applied write's base was read before a reclamation
NoWriteSkew          == "skew" \notin wrong          \* nothing that an applied commit looked at had been written since
RolledBackBaseRefused == "undone" \notin wrong       \* no applied commit's base was a version that a rollback had undone
RollbackIsNoticed    == "unnoticed" \notin wrong     \* at once: no base of the undone past is good until something happens
RestoreFences        == "restored" \notin wrong      \* no applied commit's base was read before a restore
CreateNeverClobbers  == "clobbered" \notin wrong
EndedClaimIsSilent   == {"silenced", "revived", "not the owner"} \cap wrong = {}
ClaimIsExclusive     == {"trespass", "two owners"} \cap wrong = {}

(* Forgetting loses no value and no claim. *)
NothingVanishes ==
  /\ ghost.live = {k \in Keys : db.rec[k].live}
  /\ ghost.owner = [k \in Keys |-> db.rec[k].claim]

(* Guards are not stricter than they have to be: whoever read last wins, unless a claim is in the way. *)
FreshBaseWins == \A k \in Keys : db.rec[k].claim = None => Accepts(db, [Request(Snapshot(db)) EXCEPT !.based = {k}, !.put = {k}])

(* Versions and epochs never start again, also over delete, forget and re-create. *)
NeverStartsAgain ==
  [][(backup' = None /\ backup # None) \/ \A k \in Keys : Ver(db', k) >= Ver(db, k) /\ Epoch(db', k) >= Epoch(db, k)]_vars

RevisionsIncrease == [][db' = db \/ backup' # backup \/ db'.rev = db.rev + 1]_vars
===============================================================================
