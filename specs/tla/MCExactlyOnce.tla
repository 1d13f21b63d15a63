----------------------------- MODULE MCExactlyOnce -----------------------------
(* Bounds of ExactlyOnce. *)
EXTENDS ExactlyOnce, TLC

CONSTANTS MaxRev, MaxCopies

NoneBelow == [p \in Prefixes |-> {}]

Bounds == db.rev <= MaxRev /\ \A i \in Ids : socket[i] <= MaxCopies

Symmetry == Permutations(Ids)

(* Each of these must be violated: what the models have to reach to be worth anything. *)
NeverReplayed        == \A i \in Ids : ~(socket[i] > 0 /\ memo[i] # None /\ told[i] = {})
NeverForgotten       == \A i \in Ids : ~(happened[i] # {} /\ memo[i] = None)
NeverCopyOfRejected  == \A i \in Ids : ~(socket[i] > 0 /\ Word("rejected") \in told[i])
NeverCopyOfRefused   == \A i \in Ids : ~(socket[i] > 0 /\ Word("refused") \in told[i])

Always1(x) == TRUE
Always2(x, y) == TRUE
===============================================================================
