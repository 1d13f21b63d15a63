------------------------------- MODULE TraceFile -------------------------------
(* Recorded traces.  The Java class tlc2.module.TraceFile replaces these definitions; they only say what is what. *)
LOCAL INSTANCE Naturals

Traces          == 0..0      \* the numbers of the traces
TraceLength(t)  == 0         \* how many lines a trace has
TraceLine(t, n) == [op |-> "none"]   \* its n-th line; arrays of the file are sets
TraceTickets    == {}        \* the tickets of all traces
Reached(t, n)   == TRUE      \* notes that the first n lines of a trace were accepted
===============================================================================
