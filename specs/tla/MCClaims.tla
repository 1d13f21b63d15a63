------------------------------- MODULE MCClaims -------------------------------
(* Bounds of Claims.  No symmetry: it hides cycles from liveness. *)
EXTENDS Claims

NeverThreeWait   == Len(queue) < 3
NeverLostItsPlace == ~(crashes > 0 /\ holder # None /\ Len(queue) = 2)

Always0 == TRUE
Always1(x) == TRUE
===============================================================================
