"""Live migration: a running guest moves to another machine, without a clock.

``rules``: when a hypervisor goes on copying and when it stops the guest; ``precopy``: rounds of copying while the
guest writes; ``postcopy``: the guest goes on elsewhere before its memory is there. The simulated machine and the
prediction by arithmetic (``predict``) carry out the same orders.
"""
