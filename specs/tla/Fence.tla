-------------------------------- MODULE Fence --------------------------------
(***************************************************************************)
(* The rules, pure, as in the Java package mortmain.fence: a state and a   *)
(* request go in, a verdict and the next state come out.                   *)
(*                                                                         *)
(* Between the lines GUARDS and END GUARDS every operator is a guard: the  *)
(* runner finds them there, and each needs a mutant that turns a model red *)
(* on a named property.  No property of any module mentions a guard.       *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets

CONSTANTS Keys,       \* the keys
          Prefixes,   \* the path levels that can be reclaimed or scanned as a whole
          Below,      \* [Prefixes -> SUBSET Keys]
          ClaimIds,   \* 128 random bits each: no two clients ever make the same
          Tickets,    \* names of tickets, unique as well
          None

Max(a, b) == IF a > b THEN a ELSE b
Greatest(S) == CHOOSE x \in S : \A y \in S : x >= y
Above == [k \in Keys |-> {p \in Prefixes : k \in Below[p]}]

RECURSIVE Sum(_, _)
Sum(f, S) == IF S = {} THEN 0 ELSE LET x == CHOOSE x \in S : TRUE IN f[x] + Sum(f, S \ {x})

(* A key without a record: its version and epoch are the floors of the store. *)
Unborn == [known |-> FALSE, live |-> FALSE, ver |-> 0, tag |-> 0, own |-> 0, claim |-> None, ticket |-> None, at |-> 0]

Fresh ==
  [store      |-> 1,                               \* storeId: another number is another random id
   rev        |-> 0,
   rec        |-> [k \in Keys |-> Unborn],
   count      |-> [p \in Prefixes |-> 0],          \* reclamations of exactly this prefix
   newest     |-> [p \in Prefixes |-> 0],          \* newest write revision below it
   floorVer   |-> 0, floorEpoch |-> 0,             \* the greatest that was ever forgotten
   over       |-> {}]                              \* claim ids that ended

Ver(s, k)   == IF s.rec[k].known THEN s.rec[k].ver ELSE s.floorVer
Epoch(s, k) == (IF s.rec[k].known THEN s.rec[k].own ELSE s.floorEpoch) + Sum(s.count, Above[k])

(* What a read returns, of all keys at one revision. *)
Snapshot(s) ==
  [store |-> s.store, rev |-> s.rev,
   ver   |-> [k \in Keys |-> Ver(s, k)],
   tag   |-> [k \in Keys |-> s.rec[k].tag],
   epoch |-> [k \in Keys |-> Epoch(s, k)]]

(* A commit: guards on keys (based: VersionIs and EpochIs; fenced: EpochIs alone; follows: the ticket; creates: Absent), the
   claims that it presents, the prefixes that it scanned, and its writes.  reduces: deltas whose value a function of the gateway
   made of the value in the base, outside of every lock; nobody who asked for one has read anything. *)
NoClaims == [k \in Keys |-> None]
Request(b) ==
  [base |-> b, based |-> {}, fenced |-> {}, follows |-> {}, creates |-> {}, ticket |-> None, claims |-> NoClaims, scans |-> {},
   put |-> {}, delete |-> {}, delta |-> {}, reduces |-> {}]
Written(e) == e.put \cup e.delete \cup e.delta

--------------------------------- (* GUARDS *) --------------------------------

StoreIs(s, e)         == e.base.store = s.store
BaseNotAhead(s, e)    == e.base.rev <= s.rev
SaysItsBase(e)        == e.put \cup e.delete \subseteq e.based \cup e.follows \cup e.creates
VersionIs(s, b, k)    == b.ver[k] = Ver(s, k)
TagIs(s, b, k)        == b.tag[k] = s.rec[k].tag
EpochIs(s, b, k)      == b.epoch[k] = Epoch(s, k)
Follows(s, e, k)      == \/ e.base.ver[k] = Ver(s, k) /\ e.base.tag[k] = s.rec[k].tag
                         \/ e.ticket = s.rec[k].ticket
Absent(s, k)          == ~s.rec[k].live
Holds(s, k, id)       == s.rec[k].claim = id
Unclaimed(s, e, k)    == s.rec[k].claim = None \/ s.rec[k].claim = e.claims[k]
UnchangedSince(s, p, r) == s.newest[p] <= r
IsReduced(s, b, k)    == b.ver[k] = Ver(s, k) /\ b.tag[k] = s.rec[k].tag   \* else: the function runs again
ClaimIsFree(s, k)     == s.rec[k].claim = None
ClaimIdIsNew(s, id)   == id \notin s.over
Forgettable(s, k)     == ~s.rec[k].live /\ s.rec[k].claim = None

------------------------------- (* END GUARDS *) ------------------------------

(* All guards are judged against one state; if any fails, nothing changes. *)
Accepts(s, e) ==
  /\ StoreIs(s, e)
  /\ BaseNotAhead(s, e)
  /\ SaysItsBase(e)
  /\ \A k \in e.based : VersionIs(s, e.base, k) /\ TagIs(s, e.base, k)
  /\ \A k \in e.based \cup e.fenced \cup e.follows : EpochIs(s, e.base, k)
  /\ \A k \in e.follows : Follows(s, e, k)
  /\ \A k \in e.creates : Absent(s, k)
  /\ \A k \in Keys : e.claims[k] = None \/ Holds(s, k, e.claims[k])
  /\ \A k \in Written(e) : Unclaimed(s, e, k)
  /\ \A p \in e.scans : UnchangedSince(s, p, e.base.rev)
  /\ \A k \in e.reduces : IsReduced(s, e.base, k)

(* What an accepted commit does.  A delta creates an absent key; deleting what is absent changes nothing. *)
Effect(s, e) ==
  [moved  |-> {k \in Written(e) : k \in e.delete => s.rec[k].live},
   gone   |-> e.delete,
   onward |-> e.follows,
   ticket |-> e.ticket]

Born(s, k) == IF s.rec[k].known THEN s.rec[k] ELSE [Unborn EXCEPT !.known = TRUE, !.ver = s.floorVer, !.own = s.floorEpoch]

AfterCommit(s, x, tag) ==
  [s EXCEPT
    !.rev = @ + 1,
    !.rec = [k \in Keys |->
      IF k \in x.moved
        THEN [Born(s, k) EXCEPT !.live = (k \notin x.gone), !.ver = @ + 1, !.tag = tag, !.at = s.rev + 1,
                                !.ticket = IF k \in x.onward THEN x.ticket ELSE None]
        ELSE s.rec[k]],
    !.newest = [p \in Prefixes |-> IF Below[p] \cap x.moved # {} THEN s.rev + 1 ELSE s.newest[p]]]

MayClaim(s, k, id) == ClaimIsFree(s, k) /\ ClaimIdIsNew(s, id)
AfterClaim(s, k, id) == [s EXCEPT !.rev = @ + 1, !.rec[k] = [Born(s, k) EXCEPT !.claim = id, !.at = s.rev + 1]]

MayRelease(s, k, id) == Holds(s, k, id)
AfterRelease(s, k, id) ==
  [s EXCEPT !.rev = @ + 1, !.rec[k] = [Born(s, k) EXCEPT !.claim = None, !.at = s.rev + 1], !.over = @ \cup {id}]

(* Ownership of keys is taken away: by expiry or by an operator, whether or not a claim is live. *)
AfterReclaim(s, keys) ==
  [s EXCEPT
    !.rev = @ + 1,
    !.rec = [k \in Keys |->
      IF k \in keys THEN [Born(s, k) EXCEPT !.own = @ + 1, !.claim = None, !.at = s.rev + 1] ELSE s.rec[k]],
    !.over = @ \cup ({s.rec[k].claim : k \in keys} \ {None})]

(* One event, which also fences writers of keys below the prefix that do not exist yet. *)
AfterReclaimPrefix(s, p) ==
  LET ended == {k \in Below[p] : s.rec[k].claim # None} IN
  [s EXCEPT
    !.rev = @ + 1,
    !.count[p] = @ + 1,
    !.rec = [k \in Keys |-> IF k \in ended THEN [s.rec[k] EXCEPT !.claim = None, !.at = s.rev + 1] ELSE s.rec[k]],
    !.over = @ \cup {s.rec[k].claim : k \in ended}]

(* Tombstones behind the horizon go; the store keeps the greatest version and epoch among them.  A write that was forgotten may have
   been as new as the horizon: scans are refused more often than they have to be. *)
MayForget(s, k) == s.rec[k].known /\ Forgettable(s, k)
AfterForget(s, keys, horizon) ==
  [s EXCEPT
    !.rev = @ + 1,
    !.rec = [k \in Keys |-> IF k \in keys THEN Unborn ELSE s.rec[k]],
    !.newest = [p \in Prefixes |-> Max(@[p], horizon)],
    !.floorVer = Greatest({@} \cup {Ver(s, k) : k \in keys}),
    !.floorEpoch = Greatest({@} \cup {Epoch(s, k) : k \in keys})]

(* A backup comes back: under a new storeId, with everything reclaimed, or silently, by a copy of the directory. *)
Roots == {p \in Prefixes : Below[p] = Keys}
Root  == CHOOSE p \in Roots : TRUE
AfterRestore(s, backup) ==
  [backup EXCEPT
    !.store = s.store + 1,
    !.count = IF Roots = {} THEN @ ELSE [@ EXCEPT ![Root] = @ + 1],
    !.rec = [k \in Keys |-> [backup.rec[k] EXCEPT !.claim = None]],
    !.over = @ \cup ({backup.rec[k].claim : k \in Keys} \ {None})]
===============================================================================
