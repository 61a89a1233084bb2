"""Drawings of who shares what with whom: ``([oo]2 o)2`` is a guest of two threads beside a thread, on two processors.

    drawing  = machine { machine }
    machine  = [ name ":" ] "(" { element } ")" processors [ "^" times ]
    element  = [ name ":" ] ( thread | guest | group ) { modifier } [ "^" times ]
    thread   = "o"                             computes whenever it may
    guest    = "[" { element } "]" processors  has virtual processors, and a scheduler of its own on them
    group    = "{" element { element } "}"     a container or cgroup: no processors of its own
    modifier = "*" weight                      beside its siblings, 1 if not given
             | "<" processors [ "/" period ]   cap: a quota in processors, refilled every 100 ms if not said otherwise
             | ">" processors                  reservation
             | "@" processor { ("-" | ",") processor }   runs on these only, counted from 0
             | "~" time "/" time               of a thread: computes so long, then sleeps so long, again and again

Blanks are free. Whatever stands directly on a machine is a tenant of its own: what it loses to its neighbours there is
steal, what its threads lose to each other is ready. The notation of SimGrid's cloud-sharing scenarios (Hirofuchi,
Lebre and Pouilloux 2018), extended.
"""

from simulator.sharing.drawing.building import build, sketch
from simulator.sharing.drawing.elements import Element, text
from simulator.sharing.drawing.parser import MalformedDrawing, parse

__all__ = ["Element", "MalformedDrawing", "build", "parse", "sketch", "text"]
