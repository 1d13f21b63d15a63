--------------------------- MODULE TraceFencedCommit ---------------------------
(***************************************************************************)
(* The code against the specification: a trace of the real file engine,    *)
(* one line for each event, in the order in which they happened.  Each     *)
(* line is one step; what moves the store is an action of FencedCommit     *)
(* with the arguments of the line, and the line says what the state is     *)
(* after it.  A line that no step explains ends the behaviour there: a     *)
(* trace is accepted when all of its lines were taken.                     *)
(*                                                                         *)
(* db is what the engine has in memory.  `forced` is what the disk has for *)
(* sure, and `tail` has the states since then: a crash goes back to one of *)
(* them.  Nothing that was told may go back with it.                       *)
(***************************************************************************)
EXTENDS FencedCommit, Refusals, Sequences, TLC, TraceFile

VARIABLES trace,    \* which one
          n,        \* lines that were taken
          forced,   \* every revision up to it is on disk
          tail,     \* the state after each event from `forced` on
          pending,  \* answers that were judged and did not leave: [number -> [needs, slot, rev]]
          held,     \* slots of clients -> the revision of the base that they hold
          promised, \* the newest revision that anything that left rests on
          memo      \* requests that are asked for again later -> the revision of their receipt, or Refused

run == <<trace, n, forced, tail, pending, held, promised, memo>>

Refused == 0 - 1
Empty == [x \in {} |-> 0]
Below0 == [p \in Prefixes |-> IF p = "" THEN Keys ELSE IF p = "p/" THEN {"p/a", "p/b", "p/q/a"} ELSE {"p/q/a"}]

Without(f, x) == [y \in DOMAIN f \ {x} |-> f[y]]
With(f, x, v) == [y \in DOMAIN f \cup {x} |-> IF y = x THEN v ELSE f[y]]
Values(f) == {f[x] : x \in DOMAIN f}
Newest(S) == IF S = {} THEN 0 ELSE Greatest(S)

(* A condition: TLC makes no branches of what is inside. *)
Is(condition) == condition = TRUE

(* Replaces Sum, for the three prefixes of the traces. *)
SumOfThree(f, S) == (IF "" \in S THEN f[""] ELSE 0) + (IF "p/" \in S THEN f["p/"] ELSE 0) + (IF "p/q/" \in S THEN f["p/q/"] ELSE 0)

(* Replaces Kept: the bases that clients hold, or are about to. *)
HeldBases(marked) == LET revs == Values(held) \cup {pending[i].rev : i \in DOMAIN pending} IN {b \in marked : b.snap.rev \in revs}

(* What the code shows of a state. *)
Shown(s, k) ==
  [ver |-> Ver(s, k), tag |-> s.rec[k].tag, epoch |-> Epoch(s, k), live |-> s.rec[k].live, claim |-> s.rec[k].claim, ticket |-> s.rec[k].ticket]
Shows(s, post) ==
  /\ \A k \in Keys : post.keys[k] = Shown(s, k)
  /\ \A p \in Prefixes : post.newest[p] = s.newest[p] /\ post.count[p] = s.count[p]

Saved(s, bs, ts, g, m) == [db |-> s, bases |-> bs, tickets |-> ts, ghost |-> g, memo |-> m]

IsNew(line) == Is("id" \in DOMAIN line => line.id \notin DOMAIN pending)

(* After an event: what the line says is what the specification comes to. *)
Moved(line) ==
  /\ IsNew(line)
  /\ db'.rev = line.rev
  /\ Is("post" \in DOMAIN line => Shows(db', line.post))
  /\ tail' = Append(tail, Saved(db', bases', tickets', ghost', memo'))
  /\ pending' = IF "id" \in DOMAIN line THEN With(pending, line.id, [needs |-> line.rev, slot |-> None, rev |-> Refused]) ELSE pending
  /\ UNCHANGED <<forced, held, promised>>

(* Nothing moved: an answer that rests on what it was judged on. *)
Judged(line, needs) ==
  /\ IsNew(line)
  /\ line.rev = db.rev
  /\ pending' = With(pending, line.id, [needs |-> needs, slot |-> None, rev |-> Refused])
  /\ UNCHANGED <<vars, forced, tail, held, promised, memo>>

------------------------------------------------------------------------------
(* The base that a line names by its revision; a commit without one is on what is there. *)
Fresh0 == Marked(db, {})
HasBase(line) ==
  IF line.ticket # None THEN tickets[line.ticket] # None ELSE line.on = Refused \/ \E b \in bases : b.snap.rev = line.on
Base(line) ==
  IF line.ticket # None THEN tickets[line.ticket]
  ELSE IF line.on = Refused THEN Fresh0
  ELSE CHOOSE b \in bases : b.snap.rev = line.on

Asked(line, b) ==
  [Request(b.snap) EXCEPT
    !.based = line.based, !.fenced = line.fenced, !.follows = line.follows, !.creates = line.creates, !.ticket = line.ticket,
    !.claims = [k \in Keys |-> IF k \in DOMAIN line.claims THEN line.claims[k] ELSE None],
    !.scans = line.scans, !.put = line.put, !.delete = line.delete, !.delta = line.delta]

Committed(line) ==
  /\ Is(HasBase(line))
  /\ line.request \notin DOMAIN memo
  /\ LET b == Base(line)
         e == Asked(line, b) IN
       /\ Is(Accepts(db, e))
       /\ Commit(Effect(db, e), Faults(b, e))
  /\ memo' = IF line.again THEN With(memo, line.request, line.rev) ELSE memo
  /\ Moved(line)

Rejected(line) ==
  /\ Is(HasBase(line))
  /\ LET e == Asked(line, Base(line)) IN
       /\ Is(~Accepts(db, e))
       /\ Is(Tells(db, e, line.codes))
       /\ Judged(line, Newest({db.rec[k].at : k \in LooksAt(e)} \cup {db.newest[p] : p \in e.scans}))

(* The receipt of before, whatever the state is now. *)
Replayed(line) ==
  /\ line.request \in DOMAIN memo /\ memo[line.request] = line.says /\ line.says # Refused
  /\ Judged(line, line.says)

(* Settled as never to be: told, or found out. *)
Known(line) ==
  /\ line.request \in DOMAIN memo /\ memo[line.request] = Refused
  /\ Judged(line, 0)

Refuses(line) ==
  /\ line.request \notin DOMAIN memo
  /\ db' = [db EXCEPT !.rev = @ + 1]
  /\ memo' = With(memo, line.request, Refused)
  /\ UNCHANGED <<bases, tickets, backup, made, ghost, wrong>>
  /\ Moved(line)

(* Events that are none of the store's: they take a revision. *)
Aside(line) ==
  /\ db' = [db EXCEPT !.rev = @ + 1]
  /\ UNCHANGED <<bases, tickets, backup, made, ghost, wrong, memo>>
  /\ Moved(line)

------------------------------------------------------------------------------
Granted(line)   == Claim(line.key, line.claim) /\ UNCHANGED memo /\ Moved(line)
Held0(line)     == Holds(db, line.key, line.claim) /\ Judged(line, db.rec[line.key].at)
NotGranted(line) ==
  /\ ~Holds(db, line.key, line.claim)
  /\ ~MayClaim(db, line.key, line.claim)
  /\ IF ClaimIdIsNew(db, line.claim) THEN line.codes = {"CLAIM_HELD"} ELSE line.codes \in {{"FENCED"}, {"CLAIM_LOST"}}
  /\ Judged(line, db.rec[line.key].at)

Released(line)  == Release(line.key, line.claim) /\ UNCHANGED memo /\ Moved(line)
NotReleased(line) ==
  /\ ~MayRelease(db, line.key, line.claim)
  /\ Judged(line, db.rec[line.key].at)

Reclaimed(line) ==
  /\ IF "prefix" \in DOMAIN line THEN ReclaimPrefix(line.prefix) ELSE Reclaim(line.keys)
  /\ UNCHANGED memo
  /\ Moved(line)

Forgotten(line) == Forget(line.keys, line.upto) /\ UNCHANGED memo /\ Moved(line)

------------------------------------------------------------------------------
(* A read is made: of all keys at once it is a base of the client that asked, once it leaves. *)
Looks(line) ==
  /\ IsNew(line)
  /\ line.rev = db.rev
  /\ \A k \in DOMAIN line.shown :
       line.shown[k] = [ver |-> Ver(db, k), tag |-> db.rec[k].tag, epoch |-> Epoch(db, k), live |-> db.rec[k].live]
  /\ line.at <= db.rev
  /\ LET needs == Max(line.at, Newest({db.rec[k].at : k \in DOMAIN line.shown})) IN
       pending' = With(pending, line.id, [needs |-> needs, slot |-> line.slot, rev |-> IF line.slot = None THEN Refused ELSE line.at])
  /\ bases' = IF line.slot = None THEN bases ELSE bases \cup {[Fresh0 EXCEPT !.snap.rev = line.at]}
  /\ UNCHANGED <<db, tickets, backup, made, ghost, wrong, forced, tail, held, promised, memo>>

(* An answer leaves.  What it rests on is on disk. *)
Answers(line) ==
  /\ line.rev = db.rev
  /\ line.id \in DOMAIN pending
  /\ LET answer == pending[line.id] IN
       /\ answer.needs <= forced
       /\ promised' = Max(promised, answer.needs)
       /\ held' = IF answer.slot = None THEN held ELSE With(held, answer.slot, answer.rev)
  /\ pending' = Without(pending, line.id)
  /\ UNCHANGED <<vars, forced, tail, memo>>

TakesTicket(line) ==
  /\ line.rev = db.rev
  /\ tickets[line.ticket] = None
  /\ \E b \in bases : b.snap.rev = line.on /\ tickets' = [tickets EXCEPT ![line.ticket] = b]
  /\ UNCHANGED <<db, bases, backup, made, ghost, wrong, forced, tail, pending, held, promised, memo>>

ForceReturns(line) ==
  /\ line.rev = db.rev
  /\ forced < line.upto /\ line.upto <= db.rev
  /\ forced' = line.upto
  /\ tail' = SelectSeq(tail, LAMBDA s : s.db.rev >= line.upto)
  /\ UNCHANGED <<vars, pending, held, promised, memo>>

(* What happened to a base in the tail that is lost did not happen. *)
Before(b, s) == IF \E x \in s.bases : x.snap = b.snap THEN CHOOSE x \in s.bases : x.snap = b.snap ELSE [Marked(s.db, {}) EXCEPT !.snap = b.snap]

(* The process dies, or the power goes: what was told is there, and of the rest whole events from the front. *)
Crashes(line) ==
  /\ line.rev >= forced /\ line.rev >= promised
  /\ \E i \in 1..Len(tail) :
       LET s == tail[i] IN
       /\ s.db.rev = line.rev
       /\ db' = s.db
       /\ ghost' = s.ghost
       /\ memo' = s.memo
       /\ bases' = {Before(b, s) : b \in {x \in bases : x.snap.rev \in Values(held)}}
       /\ tickets' = [t \in Tickets |->
            IF s.tickets[t] # None THEN s.tickets[t] ELSE IF tickets[t] = None THEN None ELSE Before(tickets[t], s)]
  /\ \A b \in bases' : b.snap.rev <= line.rev
  /\ forced' = line.rev
  /\ pending' = Empty
  /\ tail' = <<Saved(db', bases', tickets', ghost', memo')>>
  /\ UNCHANGED <<backup, made, wrong, held, promised>>

(* It serves again: recovery says what it found, and what it found stays. *)
Serves(line) ==
  /\ line.rev = db.rev
  /\ Is(Shows(db, line.post))
  /\ UNCHANGED <<vars, forced, tail, pending, held, promised, memo>>

------------------------------------------------------------------------------
Takes(line) ==
  CASE line.op = "commit"   -> Committed(line)
    [] line.op = "rejected" -> Rejected(line)
    [] line.op = "replayed" -> Replayed(line)
    [] line.op = "refuses"  -> Refuses(line)
    [] line.op = "known"    -> Known(line)
    [] line.op = "aside"    -> Aside(line)
    [] line.op = "claim"    -> Granted(line)
    [] line.op = "held"     -> Held0(line)
    [] line.op = "no claim" -> NotGranted(line)
    [] line.op = "release"  -> Released(line)
    [] line.op = "no release" -> NotReleased(line)
    [] line.op = "reclaim"  -> Reclaimed(line)
    [] line.op = "forget"   -> Forgotten(line)
    [] line.op = "look"     -> Looks(line)
    [] line.op = "answer"   -> Answers(line)
    [] line.op = "ticket"   -> TakesTicket(line)
    [] line.op = "forced"   -> ForceReturns(line)
    [] line.op = "crash"    -> Crashes(line)
    [] line.op = "serves"   -> Serves(line)
    [] OTHER                -> FALSE

TraceInit ==
  /\ Init
  /\ trace \in Traces
  /\ n = 0
  /\ forced = 0
  /\ tail = <<Saved(db, bases, tickets, ghost, Empty)>>
  /\ pending = Empty
  /\ held = Empty
  /\ promised = 0
  /\ memo = Empty

TraceNext ==
  /\ n < TraceLength(trace)
  /\ Takes(TraceLine(trace, n + 1))
  /\ n' = n + 1
  /\ UNCHANGED trace

TraceSpec == TraceInit /\ [][TraceNext]_<<vars, run>>

(* Each line is one state: the whole of it need not be compared. *)
Position == <<trace, n>>

Progress == Reached(trace, n)
===============================================================================
