-------------------------------- MODULE Claims --------------------------------
(***************************************************************************)
(* Progress: everybody who waits for a key is granted it, though holders   *)
(* die with it and the gateway dies with the queue.  One key; its epoch    *)
(* and claim are what is durable, the queue is a hint.                     *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS Agents, None, MaxCrashes

VARIABLES holder,   \* durable: who has the claim, or None
          queue,    \* of this gateway: who waits, in order
          agent,    \* [Agents -> "idle", "wants", "holds" or "dead"]
          granted,  \* ghost: [Agents -> how often it was granted since it last began to want], told by the events
          crashes

vars == <<holder, queue, agent, granted, crashes>>

Init ==
  /\ holder = None
  /\ queue = <<>>
  /\ agent = [a \in Agents |-> "idle"]
  /\ granted = [a \in Agents |-> 0]
  /\ crashes = 0

Queued(a) == \E n \in 1..Len(queue) : queue[n] = a
Without(a) == SelectSeq(queue, LAMBDA x : x # a)

--------------------------------- (* GUARDS *) --------------------------------

NobodyBefore(a) == Head(queue) = a           \* first come, first served
IsFree          == holder = None

------------------------------- (* END GUARDS *) ------------------------------

Want(a) ==
  /\ agent[a] = "idle"
  /\ agent' = [agent EXCEPT ![a] = "wants"]
  /\ granted' = [granted EXCEPT ![a] = 0]
  /\ UNCHANGED <<holder, queue, crashes>>

(* Also again, with the same claimId, after the gateway died. *)
Enter(a) ==
  /\ agent[a] = "wants" /\ ~Queued(a)
  /\ queue' = Append(queue, a)
  /\ UNCHANGED <<holder, agent, granted, crashes>>

Grant(a) ==
  /\ Queued(a)
  /\ agent[a] = "wants"
  /\ NobodyBefore(a)
  /\ IsFree
  /\ holder' = a
  /\ queue' = Without(a)
  /\ agent' = [agent EXCEPT ![a] = "holds"]
  /\ granted' = [granted EXCEPT ![a] = @ + 1]
  /\ UNCHANGED crashes

Release(a) ==
  /\ agent[a] = "holds"
  /\ holder' = IF holder = a THEN None ELSE holder
  /\ agent' = [agent EXCEPT ![a] = "idle"]
  /\ UNCHANGED <<queue, granted, crashes>>

(* The agent dies with the claim: nobody renews it. *)
Dies(a) ==
  /\ agent[a] = "holds"
  /\ agent' = [agent EXCEPT ![a] = "dead"]
  /\ UNCHANGED <<holder, queue, granted, crashes>>

(* Its time runs out; the epoch goes up (FencedCommit). *)
Expires(a) ==
  /\ holder = a /\ agent[a] = "dead"
  /\ holder' = None
  /\ UNCHANGED <<queue, agent, granted, crashes>>

(* A waiter dies, or gives up: its place goes. *)
Leaves(a) ==
  /\ agent[a] = "wants" /\ Queued(a)
  /\ agent' = [agent EXCEPT ![a] = "dead"]
  /\ queue' = Without(a)
  /\ UNCHANGED <<holder, granted, crashes>>

(* Somebody else is started in its place. *)
Returns(a) ==
  /\ agent[a] = "dead" /\ holder # a
  /\ agent' = [agent EXCEPT ![a] = "idle"]
  /\ UNCHANGED <<holder, queue, granted, crashes>>

GatewayDies ==
  /\ crashes < MaxCrashes
  /\ crashes' = crashes + 1
  /\ queue' = <<>>
  /\ UNCHANGED <<holder, agent, granted>>

Next ==
  \/ \E a \in Agents : Want(a) \/ Enter(a) \/ Grant(a) \/ Release(a) \/ Dies(a) \/ Expires(a) \/ Leaves(a) \/ Returns(a)
  \/ GatewayDies

(* Weak fairness: the gateway decides, holders release or die, time runs, clients come back on a new connection. *)
Fairness ==
  \A a \in Agents :
    WF_vars(Enter(a)) /\ WF_vars(Grant(a)) /\ WF_vars(Release(a) \/ Dies(a)) /\ WF_vars(Expires(a))

Spec == Init /\ [][Next]_vars /\ Fairness

------------------------------------------------------------------------------
(* Everybody who wants it and does not leave gets it. *)
EveryWaiterIsGranted == \A a \in Agents : (agent[a] = "wants") ~> (granted[a] > 0 \/ agent[a] = "dead")

OneHolder == Cardinality({a \in Agents : agent[a] = "holds"}) <= 1
===============================================================================
