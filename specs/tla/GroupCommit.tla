------------------------------ MODULE GroupCommit ------------------------------
(***************************************************************************)
(* The journal under the store: decisions are judged on memory, appended   *)
(* to a tail, forced in batches, and answered when what they were judged   *)
(* on is forced.  The process may be killed (the page cache survives), the *)
(* machine may lose power (any prefix of the unforced tail survives), and  *)
(* a force may fail.                                                       *)
(*                                                                         *)
(* What is durable refines FencedCommit: PROPERTY Durable!Spec, where the  *)
(* durable state is the one that is left after a power loss at the worst   *)
(* moment.  A batch is made of whole frames; here any event of it may be   *)
(* the last that survives, which allows more than the disk does.           *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS Keys, Prefixes, Below, ClaimIds, Tickets, None, Clients

VARIABLES log,      \* every state of the store since its creation, as the page cache has it: states of FencedCommit
          forced,   \* what survives a power loss for sure: log[1..forced]
          batch,    \* where the batch ends whose force is in flight; empty or one long
          durable,  \* what the gateway holds for durable
          status,   \* "up", "down" (killed, or no power) "poisoned" (a force failed) or "damaged" (it cannot open)
          pending,  \* answers that wait for a force
          told,     \* ghost: answers that left: [client, kind, at, shows, since], as log positions with the states they had
          watched   \* [Clients -> the sequence of states that a watcher was shown]

journal == <<log, forced, batch, durable, status, pending, told, watched>>

Memory == log[Len(log)]

Durable ==
  INSTANCE FencedCommit WITH
    db <- log[forced].db, bases <- log[forced].bases, tickets <- log[forced].tickets, backup <- log[forced].backup,
    made <- log[forced].made, ghost <- log[forced].ghost, wrong <- log[forced].wrong

Rules == INSTANCE Fence

--------------------------------- (* GUARDS *) --------------------------------

ReceiptWaits(a)   == a.kind = "receipt" => a.seen <= durable
RejectionWaits(a) == a.kind = "rejection" => a.seen <= durable
ReadWaits(a)      == a.kind = "read" => a.seen <= durable
WatchWaits(n)     == n <= durable
WatchGoesOn(w, n) == n = w + 1
ShowsWhatItJudged(a, n) == n = a.seen
ForcedInOrder     == batch = <<>>              \* one force at a time
ForcedWhole       == forced >= Head(batch)    \* a force has returned only when all of its batch is on disk
NotPoisoned       == status # "poisoned"       \* never retry a failed force: the kernel marked the pages clean
RecoveredIsForced == forced = Len(log)         \* before a recovered tail is served

------------------------------- (* END GUARDS *) ------------------------------

InitialState ==
  [db |-> Rules!Fresh, bases |-> {Durable!Marked(Rules!Fresh, {})}, tickets |-> [t \in Tickets |-> None], backup |-> None, made |-> 0,
   ghost |-> [live |-> {}, owner |-> Rules!NoClaims, ended |-> {}, unsaved |-> {}, rewound |-> FALSE], wrong |-> {}]

Init ==
  /\ log = <<InitialState>>
  /\ forced = 1
  /\ batch = <<>>
  /\ durable = 1
  /\ status = "up"
  /\ pending = {}
  /\ told = {}
  /\ watched = [c \in Clients |-> <<InitialState.db>>]

(* A put of one key on the newest base, by the rules; a reclamation. *)
Put(k) ==
  LET m == Memory
      e == [Rules!Request(Rules!Snapshot(m.db)) EXCEPT !.based = {k}, !.put = {k}]
      x == Rules!Effect(m.db, e)
      s == Rules!AfterCommit(m.db, x, m.made + 1) IN
  [m EXCEPT !.db = s, !.made = @ + 1,
            !.bases = {Durable!Mark(b, x.moved, {}) : b \in m.bases} \cup {Durable!Marked(s, {})},
            !.ghost.live = @ \cup {k}]

Taken(k) ==
  LET m == Memory
      s == Rules!AfterReclaim(m.db, {k}) IN
  [m EXCEPT !.db = s, !.bases = {Durable!Mark(b, {}, {k}) : b \in m.bases} \cup {Durable!Marked(s, {})}]

(* since: the newest that this client was shown before it asked. *)
Question(c, kind, n) == [client |-> c, kind |-> kind, seen |-> n, since |-> Rules!Greatest({0} \cup {a.at : a \in {b \in told : b.client = c}})]

Decide(c) ==
  /\ status = "up"
  /\ \E k \in Keys : \E next \in {Put(k), Taken(k)} : log' = Append(log, next)
  /\ pending' = pending \cup {Question(c, "receipt", Len(log) + 1)}
  /\ UNCHANGED <<forced, batch, durable, status, told, watched>>

(* A read, or a rejection: nothing is appended, but what was judged may be unforced. *)
Look(c, kind) ==
  /\ status = "up"
  /\ pending' = pending \cup {Question(c, kind, Len(log))}
  /\ UNCHANGED <<log, forced, batch, durable, status, told, watched>>

(* a.shows: the state whose values the answer carries. *)
Answer(a, n) ==
  /\ status # "down"
  /\ a \in pending
  /\ ReceiptWaits(a) /\ RejectionWaits(a) /\ ReadWaits(a)
  /\ n <= Len(log) /\ ShowsWhatItJudged(a, n)
  /\ pending' = pending \ {a}
  /\ told' = told \cup {[client |-> a.client, kind |-> a.kind, at |-> n, shows |-> log[n].db, since |-> a.since]}
  /\ UNCHANGED <<log, forced, batch, durable, status, watched>>

Watch(c, n) ==
  /\ status # "down"
  /\ n <= Len(log)
  /\ WatchWaits(n)
  /\ WatchGoesOn(Len(watched[c]), n)
  /\ watched' = [watched EXCEPT ![c] = Append(@, log[n].db)]
  /\ UNCHANGED <<log, forced, batch, durable, status, pending, told>>

Force ==
  /\ status # "down"
  /\ NotPoisoned
  /\ durable < Len(log)
  /\ ForcedInOrder
  /\ batch' = Append(batch, Len(log))
  /\ UNCHANGED <<log, forced, durable, status, pending, told, watched>>

(* The disk takes one event after the other. *)
Reaches ==
  /\ status = "up"
  /\ batch # <<>> /\ forced < Head(batch)
  /\ forced' = forced + 1
  /\ UNCHANGED <<log, batch, durable, status, pending, told, watched>>

(* After a failed force the next one "succeeds": the pages are clean, and nothing reaches the disk. *)
Returns ==
  /\ batch # <<>>
  /\ ForcedWhole \/ status = "poisoned"
  /\ durable' = Head(batch)
  /\ batch' = Tail(batch)
  /\ UNCHANGED <<log, forced, status, pending, told, watched>>

Fails ==
  /\ status = "up"
  /\ batch # <<>> /\ forced < Head(batch)
  /\ status' = "poisoned"
  /\ batch' = <<>>
  /\ UNCHANGED <<log, forced, durable, pending, told, watched>>

Down(how) == status' \in how /\ batch' = <<>> /\ pending' = {}

Killed ==
  /\ status # "down"
  /\ Down({"down"})
  /\ UNCHANGED <<log, forced, durable, told, watched>>

(* Of two batches in flight the later one may be there without the earlier: that is not a torn tail but damage. *)
PowerLost(n) ==
  /\ n \in forced..Len(log)
  /\ log' = SubSeq(log, 1, n)
  /\ Down(IF Len(batch) > 1 /\ n < Head(batch) THEN {"down", "damaged"} ELSE {"down"})
  /\ UNCHANGED <<forced, durable, told, watched>>

(* Writes the tail again and forces it. *)
Rewrites ==
  /\ status = "down"
  /\ forced < Len(log)
  /\ forced' = forced + 1
  /\ UNCHANGED <<log, batch, durable, status, pending, told, watched>>

Serves ==
  /\ status = "down"
  /\ RecoveredIsForced
  /\ status' = "up"
  /\ durable' = Len(log)
  /\ UNCHANGED <<log, forced, batch, pending, told, watched>>

Next ==
  \/ \E c \in Clients : Decide(c) \/ Look(c, "read") \/ Look(c, "rejection")
  \/ \E a \in pending, n \in 1..Len(log) : Answer(a, n)
  \/ \E c \in Clients, n \in 1..Len(log) : Watch(c, n)
  \/ Force \/ Reaches \/ Returns \/ Fails
  \/ Killed \/ \E n \in 1..Len(log) : PowerLost(n)
  \/ Rewrites \/ Serves

Spec == Init /\ [][Next]_journal

------------------------------------------------------------------------------
(* What left is true of what will be left: of the page cache now, and of the disk if the power goes. *)
Lasting(n, shows) == n <= forced /\ log[n].db = shows

AcknowledgedIsDurable  == \A a \in told : a.kind = "receipt" => Lasting(a.at, a.shows)
RejectionsAreTruthful  == \A a \in told : a.kind = "rejection" => Lasting(a.at, a.shows)
ReadsAreDurable        == \A a \in told : a.kind = "read" => Lasting(a.at, a.shows)
WatchHasNoGap          == \A c \in Clients : \A n \in 1..Len(watched[c]) : Lasting(n, watched[c][n])
MonotonicReads         == \A a \in told : a.at >= a.since   \* nobody is shown anything older than what he was shown before he asked
AlwaysOpens            == status # "damaged"
Refines                == Durable!Spec
===============================================================================
