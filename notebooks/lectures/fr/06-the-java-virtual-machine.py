# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"} tags=["question"]
# # 6. La machine virtuelle Java : interpréter, compiler, ramasser
#
# **Question.** Les mêmes fichiers de classes tournent sur toute machine, parce qu'aucune machine ne les exécute : un
# programme le fait. Combien cela coûte-t-il au début, et plus tard, et que fait la machine virtuelle de la place qu'on
# lui donne ?
#
# Exécutez les cellules de haut en bas ; cela prend quelques secondes.

# %% slideshow={"slide_type": "skip"}
import tempfile
from random import Random

import pandas as pd
from matplotlib.figure import Figure

import simulator as vl
from simulator.lecture import answer, bars, compare, exercise, lines, numbers, picture, predict, slider

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
MACHINE = "server-2025"
PRODUCT = "hotspot-21"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## Le modèle
#
# Une machine virtuelle Java est un processus. Le *bytecode* est le langage machine d'un processeur que personne n'a
# construit. Un interpréteur l'exécute, un bytecode après l'autre ; les méthodes souvent appelées passent à un premier
# compilateur, C1, dont le code continue de compter, puis à un second, C2. Les objets naissent dans *eden* ; ce qui
# survit à quelques passages du ramasse-miettes va dans l'ancienne génération (*old*).

# %%
BOXES = [  # left, bottom, width, text, colour, hatch
    (0.0, 3.2, 2.0, "class files:\nbytecode", "#ffffff", ""),
    (2.8, 3.2, 1.9, "interpreter", "#dbe6ff", ""),
    (5.5, 3.2, 1.5, "C1", "#dbe6ff", ""),
    (7.8, 3.2, 1.5, "C2", "#dbe6ff", ""),
    (0.0, 1.8, 5.0, "heap:   eden  >  survivors  >  old", "#dbe6ff", ""),
    (5.1, 1.8, 4.2, "threads: compilers, collector, ...", "#dbe6ff", ""),
    (0.0, 0.9, 9.3, "one process of the system below", "#cfcfd3", "//"),
    (0.0, 0.0, 9.3, "hardware", "#8d8d94", ""),
]


def machine():
    """What is in a Java virtual machine, and how often a method is called until the next compiler takes it."""
    given = numbers(PRODUCT, "tier3_invocations_count", "tier4_invocations_count", machine=MACHINE)
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    axes = figure.subplots()
    for left, bottom, width, text, colour, hatch in BOXES:
        axes.bar(left + width / 2, 0.8, width, bottom, facecolor=colour, hatch=hatch, edgecolor="#333333")
        axes.text(left + width / 2, bottom + 0.4, text, ha="center", va="center",
                  bbox={"facecolor": colour, "edgecolor": "none", "pad": 1})  # fmt: skip
    calls = ["", *(f"{given[name]:.0f} calls" for name in given)]
    for (left, _, width, *_), right, text in zip(BOXES[:3], BOXES[1:4], calls, strict=True):
        axes.annotate("", (right[0], 3.6), (left + width, 3.6), arrowprops={"arrowstyle": "->", "linewidth": 2})
        axes.text((left + width + right[0]) / 2, 4.25, text, ha="center")
    axes.set(xlim=(-0.1, 9.4), ylim=(-0.1, 4.6))
    axes.axis("off")
    return figure


picture(machine)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Les compilateurs et le ramasse-miettes sont des fils de ce processus, et veulent des processeurs tout comme le
# programme. Aucun ralentissement n'est saisi d'avance : on donne les cycles d'un bytecode dans chaque sorte de code,
# de la compilation d'un bytecode, de la copie d'un octet, et les seuils de HotSpot lui-même.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Prédire
#
# Un programme refait sans cesse le même travail. Quelle est la durée de la **première** itération, en multiples de
# celle d'une itération tardive, à chaud, de la machine par défaut, si la machine virtuelle ne peut qu'interpréter
# (*interpreter only*) ; par défaut (*tiered*) ; si elle compile chaque méthode avant son premier appel (*everything
# first*, `-Xcomp`) ?

# %%
MODES = {
    "interpreter only": "interpreter",
    "C1 only": "c1",
    "tiered (default)": "tiered",
    "everything first": "tiered-first",
}
ASKED = ["interpreter only", "tiered (default)", "everything first"]

# %%
guess = predict({"interpreter only": None, "tiered (default)": None, "everything first": None}, names=ASKED)
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Exécuter : la montée en température

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")


def run(stacks, workload="managed", tenant=None, **parameters):
    """A program in class files on some stacks; ``tenant``: what else is said of it."""
    app = {"workload": {"name": workload, "parameters": parameters}, "memory": "4 GiB", "vcpus": 4, **(tenant or {})}
    scenario = {"version": 1, "title": workload, "machine": MACHINE, "stacks": stacks, "tenants": {"app": app}}
    return vl.run({**scenario, "replications": 1, "seed": SEED}, out=folder.name, on="serial", progress=False)


def iterations(results, *by):
    """Seconds of each iteration: a column for each stack, and for each value of further axes."""
    requests = results.requests.merge(results.runs[["run", "stack", *by]], on="run")
    requests["iteration"] = requests.groupby("run", observed=True).cumcount() + 1
    return requests.pivot_table("latency_s", "iteration", [*by, "stack"], observed=True, sort=False)


stacks = {name: f"linux-6 | {PRODUCT}(mode={mode})" for name, mode in MODES.items()}
modes = run(stacks, iterations_count=6, iteration_cycles="1 G cycles")
times = iterations(modes)
warm_s = times["tiered (default)"].iloc[-3:].mean()

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Regarder

# %%
compare(guess, (times.iloc[0] / warm_s)[ASKED], reveal=REVEAL)

# %%
picture(lines, times * 1000, "iteration", "ms", log="y")

# %% [markdown] slideshow={"slide_type": "fragment"}
# L'**interpréteur** ne devient jamais plus rapide. **C1** compile vite et laisse pour toujours un code plus lent. Le
# mode **étagé** (*tiered*) utilise le code de C1 jusqu'à ce que celui de C2 soit là. **Tout compiler d'abord** fait
# attendre la première réponse pour des méthodes dont la plupart ne sont presque jamais appelées.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Qui a travaillé ? Les fils du mode par défaut, ceux qui ont été occupés plus d'une milliseconde. Tous sont des fils
# du système placé dessous, qui les ordonnance à côté de ceux des autres :

# %%
threads = modes.threads.merge(modes.runs[["run", "stack"]], on="run").set_index("thread")
threads = threads[threads["stack"] == "tiered (default)"]
busy = (threads["useful_s"] + threads["overhead_s"]).sort_values(ascending=False) * 1000
print(f"{len(threads)} threads, {(threads['kind'] == 'program').sum()} of them the program's own")
busy[busy > 1].round(1).to_frame("ms of a processor")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Le ramasse-miettes.** Un programme qui crée beaucoup d'objets et en garde peu, avec des tas d'une fois et demie à
# huit fois ce qui vit :

# %%
SIZES = [1.5, 2, 4, 8]
HEAP = f"tenants.app.limits.{PRODUCT}.heap"
collectors = {name: f"linux-6 | {PRODUCT}(collector={name})" for name in ("serial", "g1")}
limits = {"limits": {PRODUCT: {"heap": [f"{size}x live_bytes" for size in SIZES]}}}
collected = run(collectors, "allocation-heavy", limits, iterations_count=2, iteration_cycles="0.3 G cycles")
curve = iterations(collected, HEAP).iloc[1:].mean().unstack("stack")
curve.index = [float(str(size).partition("x")[0]) for size in curve.index]
curve = curve.sort_index()[list(collectors)]
picture(lines, curve * 1000, "heap over what lives", "ms an iteration", log="xy")

# %%
log = collected.log.merge(collected.runs[["run", "stack", HEAP]], on="run")
log = log[log["kind"].astype(str).str.match("pause (young|mixed|full)")]
pauses = log.groupby([HEAP, "stack"], observed=True)["duration_s"].agg(["count", "mean", "max"])
pauses = pauses.loc[["2x live_bytes", "8x live_bytes"]].rename(columns={"mean": "mean ms", "max": "max ms"})
(pauses * [1, 1000, 1000]).round(2)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Un tas plus grand est nettoyé moins souvent, et un passage coûte ce qui *vit*, non ce qui est mort. La mémoire achète
# donc du temps, jusqu'à un certain point. En dessous du double de ce qui vit, il y a un mur, surtout pour le
# ramasse-miettes séquentiel : presque rien n'est libre après un passage.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Dans un conteneur.** Ce que la machine virtuelle voit de sa place décide de ce qu'elle choisit elle-même :

# %%
ROOMS = {
    "4 processors, 4 GiB": (4, "4 GiB"),
    "1 processor, 4 GiB": (1, "4 GiB"),
    "1 processor, 512 MiB": (1, "512 MiB"),
}
chosen = {}
for name, (vcpus, memory) in ROOMS.items():
    room = {"vcpus": vcpus, "memory": memory}
    alone = run({name: f"linux-6 | docker-27 / {PRODUCT}"}, "java-exit", room)
    chosen[name] = alone.settings.set_index("setting")["value"]
pd.DataFrame(chosen).transpose()

# %% [markdown] slideshow={"slide_type": "fragment"}
# Avec un seul processeur elle prend le ramasse-miettes séquentiel (*serial*) et moins de compilateurs ; avec moins de
# mémoire, un tas plus petit (le quart). Dans un petit conteneur, un programme ne reçoit pas seulement *moins* : il
# reçoit *une autre* machine virtuelle.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Expliquer
#
# Quand la compilation est-elle rentable ? Un bytecode, aux prix du catalogue :

# %%
given = numbers(
    PRODUCT, "c2_cycles", "interpreter_cycles", "c1_cycles", "c1_compile_cycles", "c2_compile_cycles", machine=MACHINE
)
given

# %% [markdown] slideshow={"slide_type": "fragment"}
# À la main. Interprété, il coûte à chaque fois les deux premiers nombres ; dans le code de C1, le premier et le
# troisième ; dans celui de C2, le premier seul. Ce que la compilation coûte une fois, divisé par ce qu'elle épargne à
# chaque fois :

# %%
interpreted = given["c2_cycles"] + given["interpreter_cycles"]
EACH = {"interpreter": interpreted, "C1": given["c2_cycles"] + given["c1_cycles"], "C2": given["c2_cycles"]}
ONCE = {"interpreter": 0.0, "C1": given["c1_compile_cycles"], "C2": given["c2_compile_cycles"]}
for one, other in (("interpreter", "C1"), ("interpreter", "C2"), ("C1", "C2")):
    calls = (ONCE[other] - ONCE[one]) / (EACH[one] - EACH[other])
    print(
        f"{other} instead of {one}: ({ONCE[other]:.0f} - {ONCE[one]:.0f}) / ({EACH[one]:.2f} - {EACH[other]:.2f}) "
        f"= {calls:,.0f} calls"
    )

# %% [markdown] slideshow={"slide_type": "subslide"}
# HotSpot compile *plus tôt* : après 200 appels par C1, après 5000 de plus par C2. Il parie que ce qui a été appelé si
# souvent le sera encore bien plus, et ses compilateurs travaillent à côté du programme tant que des processeurs sont
# libres.
#
# **Déplacez le curseur** : combien de fois le bytecode est-il exécuté ?


# %%
def bytecode(calls):
    """Cycles of one bytecode, compiling it included, if it is executed so often."""
    table = {name: {"compile": ONCE[name], "execute": EACH[name] * calls} for name in EACH}
    whole = pd.DataFrame(table).T.sum(axis=1).to_frame("all")
    return bars(whole, f"cycles of one bytecode, executed {calls:,} times", log=True)


slider(bytecode, calls=[100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 100_000, 300_000, 1_000_000], at=5000)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercices
#
# Un tas, à la main ; vos nombres dépendent de `SEED` :

# %%
asked = exercise("heap", SEED)
asked

# %%
answer(asked, {1: None, 2: None, 3: None, 4: None})

# %% [markdown] slideshow={"slide_type": "subslide"}
# Une méthode, à interpréter ou à compiler :

# %%
compiled = exercise("compiling", SEED)
compiled

# %%
answer(compiled, {1: None, 2: None, 3: None, 4: None})

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Prédire une montée en température.** La machine virtuelle ci-dessus, par défaut, ne peut utiliser plus que cette
# part de ses processeurs (`cap` ; 100 % est un sur quatre). Combien durent la première et la sixième itération ?

# %%
cap = Random(SEED).choice([50, 100, 200])
print(f"cap: {cap} %")
mine = predict({"first": None, "last": None}, names=["first", "last"], unit="s")
mine

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Changer quelque chose.**
#
# 1. Que quatre fils d'un programme soient *verts* (`hotspot-21(threads=green)`) : tous sur un seul fil du système.
#    Qu'y perd-on sur quatre processeurs ?
# 2. Mettez la machine virtuelle dans un conteneur d'un processeur, mais laissez-la compter sur quatre (`limits:
#    {hotspot-21: {processors: 4}}`). Que choisit-elle ?
# 3. Deux programmes dans une seule machine virtuelle, `linux-6 / hotspot-21 |` : que fait l'un à l'autre par
#    `System.exit` ? (`scenarios/one-virtual-machine-or-many.yaml`)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## Ce que le modèle laisse de côté
#
# - **Les phases.** Le mélange des méthodes d'un programme ne change pas avec le temps ; la désoptimisation vient à un
#   rythme moyen.
# - **Les sortes d'objets** : les grands n'ont pas de place à eux, les références faibles pas de passage.
# - **Les tranches de temps** : ici le partage se fait par débits ; `fidelity: quantum` a des tranches.
# - **Les profils gardés d'une exécution à l'autre**, la compilation anticipée, les points de reprise (le catalogue a
#   ces derniers : `zulu-crac-17`).
# - Sa justesse : des programmes de la suite DaCapo à côté des prédictions dans `docs/validation.md`, avec les écarts.
