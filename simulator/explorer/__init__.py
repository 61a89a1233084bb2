"""The explorer: a page in a browser on which a lecturer turns the knobs of a scenario and sees what comes out.

A question (machine, stacks, workload, sliders, neighbours) becomes a scenario as anybody could write it, each of its
points is simulated as ``virtlab run`` would, in a worker process, and what came out is counted together in a few
numbers. Nothing is looked up in a table that was made before, and nothing comes from the network.

    question.py   what was asked, checked form by form
    asking.py     from a question to a scenario, with every mistake beside the field it is in
    reading.py    from the tables of one run to the numbers that are drawn
    workers.py    processes that simulate; one that hangs or crashes is replaced
    answering.py  from a question to an answer: points simulated or remembered, baseline beside
    pace.py       how long to simulate, so that a page is drawn in about a second
    choices.py    what there is to choose: all from the catalog
    server.py     the page and its questions over HTTP, for this machine only
    page/         the page itself

Nothing is imported here: a worker process needs the simulation only.
"""
