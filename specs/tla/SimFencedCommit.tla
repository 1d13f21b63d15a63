---------------------------- MODULE SimFencedCommit ----------------------------
(***************************************************************************)
(* Behaviours of FencedCommit for the code to repeat: each step also says  *)
(* what was asked and what the answer was.  What is refused is a step too. *)
(* Everything is chosen at random before it is tried, so that TLC's        *)
(* simulation need not make every successor of a state to follow one.      *)
(***************************************************************************)
EXTENDS FencedCommit, Refusals, TLC

VARIABLE last   \* what was asked, and the answer

SimBelow == [p \in Prefixes |-> IF p = "" THEN Keys ELSE Keys \ {"a"}]
OneOf(S) == RandomElement(S)

(* Replaces Kept: nobody sits on a base for ever. *)
NotTooOld(marked) == {b \in marked : b.snap.rev + 12 >= db.rev}

(* Half of all requests are made on the newest base. *)
Recent == {b \in bases : b.snap.rev = db.rev}

Tries(b, e) ==
  LET accepted == Accepts(db, e) IN
  /\ accepted => Effect(db, e).moved # {}
  /\ IF accepted THEN Commit(Effect(db, e), Faults(b, e)) ELSE UNCHANGED vars
  /\ last' = [op |-> "commit", e |-> e, accepted |-> accepted, based |-> SaysItsBase(e),
              fenced |-> Fenced(db, e), lost |-> Lost(db, e), held |-> Held(db, e), conflict |-> Conflict(db, e)]

TryOnBase == \E b \in {OneOf(IF OneOf({1, 2}) = 1 THEN Recent ELSE bases)} : \E e \in {OneOf(Requests(b.snap))} : Tries(b, e)

(* Through the claim that is live, more often than through another. *)
TryThroughClaim ==
  \E b \in {OneOf(Recent)} : \E k \in {OneOf(Keys)} :
    db.rec[k].claim # None /\ \E e \in {OneOf({r \in Claimed(b.snap) : r.claims[k] = db.rec[k].claim})} : Tries(b, e)

TryOnTicket ==
  \E t \in {OneOf(Tickets)} : tickets[t] # None /\ \E e \in {OneOf(Followed(tickets[t].snap, t))} : Tries(tickets[t], e)

Takes == \E t \in {OneOf(Tickets)} : TakeTicket(t) /\ last' = [op |-> "nothing"]

TryClaim ==
  \E k \in {OneOf(Keys)} : \E id \in {OneOf(ClaimIds)} :
    /\ \A other \in Keys \ {k} : db.rec[other].claim # id
    /\ ~Holds(db, k, id)
    /\ LET accepted == MayClaim(db, k, id) IN
       /\ IF accepted THEN Claim(k, id) ELSE UNCHANGED vars
       /\ last' = [op |-> "claim", key |-> k, claim |-> id, accepted |-> accepted]

TryRelease ==
  \E k \in {OneOf(Keys)} : \E id \in {IF db.rec[k].claim # None /\ OneOf({1, 2}) = 1 THEN db.rec[k].claim ELSE OneOf(ClaimIds)} :
    LET accepted == MayRelease(db, k, id) IN
    /\ IF accepted THEN Release(k, id) ELSE UNCHANGED vars
    /\ last' = [op |-> "release", key |-> k, claim |-> id, accepted |-> accepted]

(* Not often, or nobody's base would ever be good. *)
TakesAway ==
  /\ OneOf(1..4) = 1
  /\ \/ \E k \in {OneOf(Keys)} : Reclaim({k}) /\ last' = [op |-> "reclaim", key |-> k]
     \/ \E p \in {OneOf(Prefixes)} : ReclaimPrefix(p) /\ last' = [op |-> "reclaim prefix", prefix |-> p]

SimInit == Init /\ last = [op |-> "nothing"]
SimNext == TryOnBase \/ TryThroughClaim \/ TryOnTicket \/ Takes \/ TryClaim \/ TryRelease \/ TakesAway
SimSpec == SimInit /\ [][SimNext]_<<vars, last>>
===============================================================================
