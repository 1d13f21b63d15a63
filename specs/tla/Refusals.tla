-------------------------------- MODULE Refusals --------------------------------
(* Why a commit is refused, in the words of the wire; for traces and for behaviours that are replayed. *)
EXTENDS Fence

LooksAt(e) == Written(e) \cup e.based \cup e.fenced \cup e.follows \cup e.creates \cup {k \in Keys : e.claims[k] # None}

Fenced(s, e) == \E k \in e.based \cup e.fenced \cup e.follows : ~EpochIs(s, e.base, k)
Lost(s, e)   == \E k \in Keys : e.claims[k] # None /\ ~Holds(s, k, e.claims[k])
Held(s, e)   == \E k \in Written(e) : ~Unclaimed(s, e, k)
Conflict(s, e) ==
  \/ \E k \in e.based : ~(VersionIs(s, e.base, k) /\ TagIs(s, e.base, k))
  \/ \E k \in e.follows : EpochIs(s, e.base, k) /\ ~Follows(s, e, k)
  \/ \E k \in e.creates : ~Absent(s, k)
  \/ \E p \in e.scans : ~UnchangedSince(s, p, e.base.rev)

(* A claim that does not hold is FENCED when it was taken away, CLAIM_LOST when it was released. *)
Tells(s, e, codes) ==
  /\ codes \subseteq {"FENCED", "CLAIM_LOST", "CLAIM_HELD", "VERSION_CONFLICT"}
  /\ ("CLAIM_HELD" \in codes) = Held(s, e)
  /\ ("VERSION_CONFLICT" \in codes) = Conflict(s, e)
  /\ Fenced(s, e) => "FENCED" \in codes
  /\ Lost(s, e) => codes \cap {"FENCED", "CLAIM_LOST"} # {}
  /\ ~Lost(s, e) => "CLAIM_LOST" \notin codes /\ ("FENCED" \in codes => Fenced(s, e))
===============================================================================
