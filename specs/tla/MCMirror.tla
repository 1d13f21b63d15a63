------------------------------- MODULE MCMirror -------------------------------
(* Bounds of Mirror. *)
EXTENDS Mirror, TLC

CONSTANTS MaxMade

NoneBelow == [p \in Prefixes |-> {}]
Bounds == made <= MaxMade

(* Each of these must be violated: what the models have to reach to be worth anything. *)
NeverRolledForward == ~(up /\ through > 0 /\ \E k \in Keys : file[k] = Empty /\ Newest(k) > 0 /\ put[k] = Empty)
NeverEditedBetween == \A k \in Keys : ~(temp[k] # None /\ IsEdit(file[k]))

Always1(x) == TRUE
Always2(x, y) == TRUE
===============================================================================
