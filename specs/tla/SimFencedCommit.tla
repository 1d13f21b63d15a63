---------------------------- MODULE SimFencedCommit ----------------------------
(***************************************************************************)
(* Behaviours of FencedCommit for the code to repeat: each step also says  *)
(* what was asked and what the answer was.  What is refused is a step too. *)
(* Everything is chosen at random before it is tried, so that TLC's        *)
(* simulation need not make every successor of a state to follow one.      *)
(***************************************************************************)
EXTENDS FencedCommit, Refusals, TLC

VARIABLES last,   \* what was asked, and the answer
          aside   \* [since: the horizon goes back no further, reclaimed: by key, the revision of the newest reclamation,
                  \*  kept: both at the time of the backup, backups: how many were made]

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
              store |-> StoreIs(db, e) /\ BaseNotAhead(db, e), fenced |-> Fenced(db, e), lost |-> Lost(db, e), held |-> Held(db, e), conflict |-> Conflict(db, e)]

TryOnBase == \E b \in {OneOf(IF OneOf({1, 2}) = 1 THEN Recent ELSE bases)} : \E e \in {OneOf(Requests(b.snap))} : Tries(b, e)

TryDelete ==
  \E b \in {OneOf(Recent)} : \E k \in {OneOf(Keys)} :
    db.rec[k].live /\ Tries(b, [Request(b.snap) EXCEPT !.based = {k}, !.delete = {k}])

(* Through the claim that is live, more often than through another. *)
TryThroughClaim ==
  \E b \in {OneOf(Recent)} : \E k \in {OneOf(Keys)} :
    db.rec[k].claim # None /\ \E e \in {OneOf({r \in Claimed(b.snap) : r.claims[k] = db.rec[k].claim})} : Tries(b, e)

(* On a base whose version was undone, and is there again with another history: only the tag tells. *)
TryOnTwin ==
  LET twins == {<<b, k>> \in {b \in bases : b.rolled} \X Keys :
                  /\ b.snap.rev <= db.rev /\ b.snap.store = db.store
                  /\ b.snap.ver[k] = Ver(db, k) /\ b.snap.tag[k] # db.rec[k].tag /\ b.snap.epoch[k] = Epoch(db, k)} IN
  twins # {} /\ \E t \in {OneOf(twins)} : Tries(t[1], [Request(t[1].snap) EXCEPT !.based = {t[2]}, !.put = {t[2]}])

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
  /\ \/ \E k \in {OneOf(Keys)} :
          Reclaim({k}) /\ last' = [op |-> "reclaim", key |-> k] /\ aside' = [aside EXCEPT !.reclaimed[k] = db'.rev]
     \/ \E p \in {OneOf(Prefixes)} :
          /\ ReclaimPrefix(p)
          /\ last' = [op |-> "reclaim prefix", prefix |-> p]
          /\ aside' = [aside EXCEPT !.reclaimed = [k \in Keys |-> IF k \in Below[p] THEN db'.rev ELSE @[k]]]

(* Everything that the store may forget when its horizon is there. *)
Forgets ==
  /\ OneOf(1..4) = 1
  /\ \E h \in {OneOf(aside.since..db.rev)} :
       LET keys == {k \in Keys : MayForget(db, k) /\ db.rec[k].at <= h /\ aside.reclaimed[k] <= h} IN
       /\ keys # {}
       /\ Forget(keys, h)
       /\ last' = [op |-> "forget", horizon |-> h]
       /\ aside' = [aside EXCEPT !.since = h]

(* One backup, which comes back once at most; seldom one with claims in it, see RollsBack. *)
Quiet(s) == \A k \in Keys : s.rec[k].claim = None
BacksUp ==
  /\ aside.backups = 0 /\ db.rev > 6
  /\ Quiet(db) \/ OneOf(1..8) = 1
  /\ Backup
  /\ last' = [op |-> "backup"]
  /\ aside' = [aside EXCEPT !.backups = 1, !.kept = [since |-> aside.since, reclaimed |-> aside.reclaimed]]

Restores ==
  /\ backup # None /\ db.rev > backup.db.rev + 4
  /\ OneOf(1..3) = 1
  /\ Restore
  /\ last' = [op |-> "restore"]
  /\ aside' = [aside EXCEPT !.since = db'.rev, !.reclaimed = [k \in Keys |-> db'.rev]]

(* The store writes down that it was opened if there are claims: a step that the specification does not have. *)
RollsBack ==
  /\ backup # None /\ db.rev > backup.db.rev + 4
  /\ Quiet(backup.db)
  /\ RollBack
  /\ last' = [op |-> "roll back"]
  /\ aside' = [aside EXCEPT !.since = aside.kept.since, !.reclaimed = aside.kept.reclaimed]

SimInit ==
  /\ Init
  /\ last = [op |-> "nothing"]
  /\ aside = [since |-> 0, reclaimed |-> [k \in Keys |-> 0], kept |-> None, backups |-> 0]
SimNext ==
  \/ (TryOnBase \/ TryOnTwin \/ TryThroughClaim \/ TryDelete \/ TryOnTicket \/ Takes \/ TryClaim \/ TryRelease) /\ UNCHANGED aside
  \/ TakesAway \/ Forgets \/ BacksUp \/ Restores \/ RollsBack
SimSpec == SimInit /\ [][SimNext]_<<vars, last, aside>>
===============================================================================
