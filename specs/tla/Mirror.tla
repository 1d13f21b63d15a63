-------------------------------- MODULE Mirror --------------------------------
(***************************************************************************)
(* Mirrored documents: each key is also a plain file that only the         *)
(* coordinator renames, in version order, after the commit is durable and  *)
(* before it is acknowledged.  Files are edited by others, and are forced  *)
(* only now and then.                                                      *)
(*                                                                         *)
(* The variables of FencedCommit are the durable store; mirrors never move *)
(* it otherwise than by its own steps: PROPERTY Spec.                      *)
(***************************************************************************)
EXTENDS FencedCommit, Sequences

CONSTANTS Edits    \* contents that editors save

(* The content of a file is the tag of a version, a foreign text, or Empty (also: missing). *)
Empty == 0

VARIABLES file,     \* [Keys -> content] as everybody reads it
          disk,     \* [Keys -> contents that a power loss may leave]
          temp,     \* [Keys -> the content of a temporary file that will be renamed, or None]
          put,      \* of this gateway: [Keys -> the content that it knows to be in the file]
          up,
          revs,     \* durable: the revision of each tag
          through,  \* durable: MirroredThrough
          acked,    \* ghost: [Keys -> the newest tag acknowledged as mirrored]
          rest,     \* ghost: edits saved while no rename was under way
          mishaps   \* ghost

mirrors == <<file, disk, temp, put, up, revs, through, acked, rest, mishaps>>
everything == <<vars, mirrors>>

InitMirror ==
  /\ Init
  /\ file = [k \in Keys |-> Empty]
  /\ disk = [k \in Keys |-> {Empty}]
  /\ temp = [k \in Keys |-> None]
  /\ put = [k \in Keys |-> Empty]
  /\ up = TRUE
  /\ revs = <<>>
  /\ through = 0
  /\ acked = [k \in Keys |-> Empty]
  /\ rest = {}
  /\ mishaps = {}

IsEdit(x) == x > 1000
Newest(k) == db.rec[k].tag

--------------------------------- (* GUARDS *) --------------------------------

Won(x)             == x <= made                      \* no write reaches the file unless it is committed
Newer(k, x)        == put[k] < x \/ IsEdit(put[k])   \* in version order
NotBehind(x)       == x \in DOMAIN revs => revs[x] >= through   \* rolling forward skips what is older than MirroredThrough
Untouched(k)       == file[k] = put[k]               \* looked at before the temporary file is written
Unedited(k)        == file[k] = put[k]               \* looked at by every commit: else ForeignEdit
MirroredFirst(k)   == put[k] = Newest(k)             \* before the acknowledgement
MayBeOurs(k, x)    == x = Empty \/ (~IsEdit(x) /\ revs[x] >= through)   \* at start-up
ForcedFirst(k)     == disk[k] = {file[k]}            \* before MirroredThrough is journaled

------------------------------- (* END GUARDS *) ------------------------------

Write(k) ==
  /\ up /\ temp[k] = None
  /\ Unedited(k)
  /\ \E b \in bases : \E c \in Accepted(b, {[Request(b.snap) EXCEPT !.based = {k}, !.put = {k}]}) : Commit(c.x, c.faults)
  /\ revs' = Append(revs, db.rev + 1)
  /\ mishaps' = mishaps \cup (IF file[k] \in rest THEN {"ignored"} ELSE {})
  /\ UNCHANGED <<file, disk, temp, put, up, through, acked, rest>>

(* The bytes that a writer sent, committed or not: tag made + 1 is of a commit that is not journaled yet. *)
WriteTemp(k, x) ==
  /\ up /\ temp[k] = None
  /\ Won(x) /\ Newer(k, x) /\ NotBehind(x)
  /\ Untouched(k)
  /\ temp' = [temp EXCEPT ![k] = x]
  /\ UNCHANGED <<vars, file, disk, put, up, revs, through, acked, rest, mishaps>>

Rename(k) ==
  /\ temp[k] # None
  /\ file' = [file EXCEPT ![k] = temp[k]]
  /\ disk' = [disk EXCEPT ![k] = @ \cup {temp[k]}]
  /\ put' = [put EXCEPT ![k] = temp[k]]
  /\ temp' = [temp EXCEPT ![k] = None]
  /\ mishaps' = mishaps \cup (IF file[k] \in rest THEN {"overwritten"} ELSE {})
  /\ UNCHANGED <<vars, up, revs, through, acked, rest>>

Acknowledge(k) ==
  /\ up /\ Newest(k) > acked[k]
  /\ MirroredFirst(k)
  /\ acked' = [acked EXCEPT ![k] = Newest(k)]
  /\ UNCHANGED <<vars, file, disk, temp, put, up, revs, through, rest, mishaps>>

Edit(k, x) ==
  /\ \A j \in Keys : x \notin disk[j] /\ file[j] # x
  /\ file' = [file EXCEPT ![k] = x]
  /\ disk' = [disk EXCEPT ![k] = @ \cup {x}]
  /\ rest' = IF temp[k] = None THEN rest \cup {x} ELSE rest \ {x}
  /\ UNCHANGED <<vars, temp, put, up, revs, through, acked, mishaps>>

(* The foreign bytes become the next version. *)
Adopt(k) ==
  /\ up /\ temp[k] = None
  /\ IsEdit(file[k])
  /\ Commit(Effect(db, [Request(Snapshot(db)) EXCEPT !.based = {k}, !.put = {k}]), {})
  /\ revs' = Append(revs, db.rev + 1)
  /\ file' = [file EXCEPT ![k] = made + 1]
  /\ disk' = [disk EXCEPT ![k] = {IF x = file[k] THEN made + 1 ELSE x : x \in @}]
  /\ put' = [put EXCEPT ![k] = made + 1]
  /\ rest' = rest \ {file[k]}
  /\ UNCHANGED <<temp, up, through, acked, mishaps>>

(* Mirrors are forced, then the journal says so: of an edit too, which is then no older state of ours, whatever comes. *)
Force(k) ==
  /\ disk' = [disk EXCEPT ![k] = {file[k]}]
  /\ disk[k] # {file[k]}
  /\ UNCHANGED <<vars, file, temp, put, up, revs, through, acked, rest, mishaps>>

Through ==
  /\ up /\ through < db.rev
  /\ \A k \in Keys : ForcedFirst(k) /\ ((IsEdit(file[k]) /\ temp[k] = None) \/ (put[k] = Newest(k) /\ file[k] = put[k]))
  /\ through' = db.rev
  /\ UNCHANGED <<vars, file, disk, temp, put, up, revs, acked, rest, mishaps>>

Down == up' = FALSE /\ temp' = [k \in Keys |-> None]

Killed ==
  /\ up
  /\ Down
  /\ UNCHANGED <<vars, file, disk, put, revs, through, acked, rest, mishaps>>

PowerLost ==
  /\ Down
  /\ \E f \in [Keys -> UNION {disk[k] : k \in Keys} \cup {Empty}] :
       /\ \A k \in Keys : f[k] \in disk[k] \cup {Empty}
       /\ file' = f
       /\ disk' = [k \in Keys |-> {f[k]}]
  /\ acked' = [k \in Keys |-> Empty]
  /\ UNCHANGED <<vars, put, revs, through, rest, mishaps>>

(* What may be an older state of ours is rolled forward; anything else was edited from outside. *)
Start ==
  /\ ~up
  /\ up' = TRUE
  /\ put' = [k \in Keys |-> IF MayBeOurs(k, file[k]) THEN file[k] ELSE Newest(k)]
  /\ mishaps' = mishaps \cup
       (IF \E k \in Keys : ~IsEdit(file[k]) /\ put'[k] # file[k] THEN {"ours taken for foreign"} ELSE {})
  /\ acked' = [k \in Keys |-> Empty]
  /\ UNCHANGED <<vars, file, disk, temp, revs, through, rest>>

NextMirror ==
  \/ \E k \in Keys : Write(k) \/ Rename(k) \/ Acknowledge(k) \/ Adopt(k) \/ Force(k)
  \/ \E k \in Keys, x \in 1..(made + 1) : WriteTemp(k, x)
  \/ \E k \in Keys, x \in Edits : Edit(k, x)
  \/ Through \/ Killed \/ PowerLost \/ Start

SpecMirror == InitMirror /\ [][NextMirror]_everything

------------------------------------------------------------------------------
NoLoserInAFile      == \A k \in Keys : IsEdit(file[k]) \/ file[k] <= made
AcknowledgedIsThere == \A k \in Keys : up /\ ~IsEdit(file[k]) => file[k] >= acked[k]
NoEditIsOverwritten == "overwritten" \notin mishaps   \* but one that is saved between the check and the rename
NoEditIsIgnored     == "ignored" \notin mishaps
OursIsNotForeign    == "ours taken for foreign" \notin mishaps
===============================================================================
