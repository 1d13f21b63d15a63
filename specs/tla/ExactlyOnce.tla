------------------------------ MODULE ExactlyOnce ------------------------------
(***************************************************************************)
(* Requests over connections that break: lost replies, two copies of one   *)
(* request, a gateway that dies, resolve, the horizon and restore.  A      *)
(* decision is one step here (GroupCommit shows why it may be).  The       *)
(* variables of FencedCommit are the durable state; everything that        *)
(* happens to them is a step of FencedCommit: PROPERTY Spec.               *)
(***************************************************************************)
EXTENDS FencedCommit

CONSTANTS Ids     \* request ids

VARIABLES request,    \* [Ids -> [kind, base, since], or None]: the bytes never change once made
          socket,     \* [Ids -> Nat]: copies that the gateway has not taken up; they die with it
          overdue,    \* ids whose deadline has passed
          memo,       \* durable: [Ids -> None, "refused", or a receipt]
          horizon,    \* durable: ids of older revisions may be forgotten
          closed,     \* of this gateway: ids whose attempt was rejected
          told,       \* [Ids -> set of answers that arrived]
          happened    \* ghost: [Ids -> set of receipts, one for each time it was applied]

wire == <<request, socket, overdue, memo, horizon, closed, told, happened>>
all  == <<vars, wire>>

InitAll ==
  /\ Init
  /\ request  = [i \in Ids |-> None]
  /\ socket   = [i \in Ids |-> 0]
  /\ overdue  = {}
  /\ memo     = [i \in Ids |-> None]
  /\ horizon  = 0
  /\ closed   = {}
  /\ told     = [i \in Ids |-> {}]
  /\ happened = [i \in Ids |-> {}]

Word(w) == [says |-> w]

(* The commit that a request asks for; it is judged by the rules of Fence. *)
Asked(i) ==
  LET b == request[i].base IN
  CASE request[i].kind = "put"   -> [Request(b) EXCEPT !.based = Keys, !.put = Keys]
    [] request[i].kind = "create" -> [Request(b) EXCEPT !.creates = Keys, !.put = Keys]
    [] request[i].kind = "delta" -> [Request(b) EXCEPT !.delta = Keys]

--------------------------------- (* GUARDS *) --------------------------------

Unknown(i)        == memo[i] = None                        \* else: the original receipt, or refused
InTime(i)         == i \notin overdue
InsideHorizon(i)  == request[i].since >= horizon
Open(i)           == i \notin closed                       \* else: the same rejection again
BehindHorizon(i, r) == memo[i].rev <= r
SureUnknown(i)    == request[i].since >= horizon           \* resolve: else it may have been remembered once

------------------------------- (* END GUARDS *) ------------------------------

(* What tells a client that nothing happened.  "expired" does not: it says that it can no longer be told. *)
Negative == {Word("rejected"), Word("late"), Word("refused")}

Answer(i, answer) == told' = [told EXCEPT ![i] = @ \cup {answer}]

Make(i, kind, b) ==
  /\ request[i] = None
  /\ b.snap.store = db.store /\ ~b.rolled /\ ~b.restored
  /\ request' = [request EXCEPT ![i] = [kind |-> kind, base |-> b.snap, since |-> b.snap.rev]]
  /\ UNCHANGED <<vars, socket, overdue, memo, horizon, closed, told, happened>>

(* Again on a new connection as long as no answer arrived. *)
Send(i) ==
  /\ request[i] # None
  /\ told[i] = {}
  /\ socket' = [socket EXCEPT ![i] = @ + 1]
  /\ UNCHANGED <<vars, request, overdue, memo, horizon, closed, told, happened>>

(* An answer arrives, or its connection is broken.  A client that has one listens no longer. *)
Remembered(i) == IF memo[i].says = "refused" THEN Word("refused") ELSE memo[i]
MayArrive(i, answer) == (told[i] = {} /\ Answer(i, answer)) \/ UNCHANGED told

TakeUp(i) == socket[i] > 0 /\ socket' = [socket EXCEPT ![i] = @ - 1] /\ UNCHANGED <<request, overdue, horizon>>

Replay(i) ==
  /\ TakeUp(i)
  /\ ~Unknown(i)
  /\ MayArrive(i, Remembered(i))
  /\ UNCHANGED <<vars, memo, closed, happened>>

Judgeable(i) == Unknown(i) /\ InTime(i) /\ InsideHorizon(i) /\ Open(i)

Accept(i) ==
  /\ TakeUp(i)
  /\ Judgeable(i)
  /\ Accepts(db, Asked(i))
  /\ LET b == CHOOSE x \in bases : x.snap = request[i].base
         receipt == [says |-> "committed", rev |-> db.rev + 1, ver |-> [k \in Keys |-> Ver(db, k) + 1]] IN
     /\ Commit(Effect(db, Asked(i)), Faults(b, Asked(i)))
     /\ memo' = [memo EXCEPT ![i] = receipt]
     /\ happened' = [happened EXCEPT ![i] = @ \cup {[store |-> db.store, receipt |-> receipt, late |-> i \in overdue]}]
     /\ MayArrive(i, receipt)
  /\ UNCHANGED closed

Reject(i) ==
  /\ TakeUp(i)
  /\ Judgeable(i)
  /\ ~Accepts(db, Asked(i))
  /\ closed' = closed \cup {i}
  /\ MayArrive(i, Word("rejected"))
  /\ UNCHANGED <<vars, memo, happened>>

(* Not judged: too late, too old, or rejected before. *)
TurnAway(i) ==
  /\ TakeUp(i)
  /\ Unknown(i)
  /\ ~Judgeable(i)
  /\ MayArrive(i, Word(IF ~InsideHorizon(i) THEN "expired" ELSE IF ~InTime(i) THEN "late" ELSE "rejected"))
  /\ UNCHANGED <<vars, memo, closed, happened>>

(* A refusal is an event with a revision of its own.  Here it takes the number of the next one without moving the store on:
   it is forgotten no earlier than it should. *)
Resolve(i) ==
  /\ request[i] # None
  /\ told[i] = {}
  /\ IF memo[i] # None
       THEN MayArrive(i, Remembered(i)) /\ UNCHANGED memo
       ELSE IF SureUnknown(i)
         THEN memo' = [memo EXCEPT ![i] = [says |-> "refused", rev |-> db.rev + 1]] /\ MayArrive(i, Word("refused"))
         ELSE MayArrive(i, Word("expired")) /\ UNCHANGED memo
  /\ UNCHANGED <<vars, request, socket, overdue, horizon, closed, happened>>

DeadlinePasses(i) ==
  /\ request[i] # None
  /\ overdue' = overdue \cup {i}
  /\ UNCHANGED <<vars, request, socket, memo, horizon, closed, told, happened>>

Crash ==
  /\ socket' = [i \in Ids |-> 0]
  /\ closed' = {}
  /\ UNCHANGED <<vars, request, overdue, memo, horizon, told, happened>>

ForgetIds(r) ==
  /\ horizon < r
  /\ horizon' = r
  /\ memo' = [i \in Ids |-> IF memo[i] # None /\ BehindHorizon(i, r) THEN None ELSE memo[i]]
  /\ UNCHANGED <<vars, request, socket, overdue, closed, told, happened>>

Elsewhere == (CommitOnBase \/ \E k \in Keys : Reclaim({k})) /\ UNCHANGED wire

NextAll ==
  \/ \E i \in Ids :
       \/ \E kind \in {"put", "create", "delta"}, b \in bases : Make(i, kind, b)
       \/ Send(i) \/ Replay(i) \/ Accept(i) \/ Reject(i) \/ TurnAway(i) \/ Resolve(i) \/ DeadlinePasses(i)
  \/ Crash
  \/ \E r \in 1..db.rev : ForgetIds(r)
  \/ Elsewhere

SpecAll == InitAll /\ [][NextAll]_all

------------------------------------------------------------------------------
AppliedOnce     == \A i \in Ids : Cardinality(happened[i]) <= 1
NegativesAreFinal == \A i \in Ids : told[i] \cap Negative # {} => happened[i] = {}
NothingRunsLate == \A i \in Ids : \A h \in happened[i] : ~h.late
ReplayEqualsOriginal ==
  \A i \in Ids : \A answer \in told[i] : answer.says = "committed" => \E h \in happened[i] : h.receipt = answer
===============================================================================
