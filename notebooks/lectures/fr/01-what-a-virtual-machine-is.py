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
# # 1. Qu'est-ce qu'une machine virtuelle ?
#
# **Question.** Un programme croit disposer d'une machine à lui seul. Qui entretient cette illusion, par quelle
# interface, et combien coûte-t-elle ?

# %% slideshow={"slide_type": "skip"}
import tempfile

from matplotlib.figure import Figure

import simulator as vl
from simulator.lecture import answer, compare, exercise, predict, slider, stacks

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
MACHINE = "laptop-2025"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## Le modèle : quatre machines qui n'en sont pas
#
# | ce que reçoit le programme | de qui | ce qui est virtuel |
# |---|---|---|
# | un processus | un système d'exploitation | processeur, mémoire, fichiers |
# | un conteneur | le même système, avec des règles | en plus les noms : fichiers, processus, réseau |
# | une machine virtuelle | un hyperviseur (*moniteur de machines virtuelles*) | tout le matériel, jusqu'aux registres |
# | une machine virtuelle Java | un processus | un processeur que personne n'a construit |
#
# Les hachures marquent ce que les deux locataires A et B partagent ; chacun possède le reste pour lui seul.

# %%
STACKS = {
    "process": "linux-6 |",
    "container": "linux-6 | docker-27",
    "virtual machine": "linux-6 | kvm-6 / linux-6",
    "Java virtual machine": "linux-6 | hotspot-21",
}
stacks(STACKS)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Popek et Goldberg (1974) exigent trois propriétés d'un moniteur de machines virtuelles :
#
# 1. **Équivalence** : un programme s'y comporte comme sur la machine nue, aux durées et aux quantités près.
# 2. **Maîtrise des ressources** : le moniteur, et lui seul, attribue le matériel.
# 3. **Efficacité** : presque toutes les instructions sont exécutées par le processeur lui-même, sans intervention du
#    moniteur.
#
# C'est la troisième qui distingue une machine virtuelle d'un **émulateur**, lequel examine chaque instruction. QEMU
# sans assistance matérielle en est un. Cette séance mesure ce que vaut la troisième propriété.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Prédire
#
# Deux programmes : l'un *calcule* (il compresse), l'autre ne fait que des *appels système* (cinq par tour de boucle).
# Combien de pour cent de temps en plus leur faut-il par rapport à un simple processus ? Remplacez `None` par vos
# nombres, p. ex. `"3 %"` ou `3`.

# %%
NAMES = [
    "compute, container",
    "compute, virtual machine",
    "compute, Java virtual machine",
    "compute, emulator",
    "calls, container",
    "calls, virtual machine",
    "calls, emulator",
]
guess = predict(
    {
        "compute, container": None,
        "compute, virtual machine": None,
        "compute, Java virtual machine": None,
        "compute, emulator": None,
        "calls, container": None,
        "calls, virtual machine": None,
        "calls, emulator": None,
    },
    names=NAMES,
    unit="%",
)
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Exécuter
#
# Les deux mêmes programmes sur chaque pile, seuls sur un ordinateur portable de 2025. Aucun ralentissement n'est donné
# d'avance : on ne fournit que le coût d'événements élémentaires, chacun avec sa source, et leur fréquence.

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
EMULATOR = {"emulator": "linux-6 | qemu-7.2 / linux-6"}
PROGRAMS = {"compute": "compression", "calls": "unixbench-syscall"}


def overhead_percent(program, models):
    scenario = {
        "version": 1,
        "title": program,
        "machine": MACHINE,
        "stacks": models,
        "tenants": {"A": {"workload": PROGRAMS[program], "memory": "4 GiB", "vcpus": 1}},
        "replications": 1,
        "seed": SEED,
    }
    results = vl.run(scenario, out=folder.name, on="serial", progress=False)
    return results.summary().set_index("stack")["overhead_percent"]


found = {
    "compute": overhead_percent("compute", {**STACKS, **EMULATOR}),
    "calls": overhead_percent("calls", {name: STACKS[name] for name in list(STACKS)[:3]} | EMULATOR),
}
simulated = {name: found[name.split(", ")[0]][name.split(", ")[1]] for name in NAMES}

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Observer
#
# Ce que vous n'avez pas prédit reste caché (`REVEAL = True` dans les paramètres montre tout).

# %%
compare(guess, simulated, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "subslide"}
# À quelle fréquence un programme peut-il passer la main à la couche du dessous ? Chaque droite est un type d'événement
# avec son coût : User-Mode Linux apprend un déroutement par `ptrace`, Workstation le prend lui-même, KVM
# sort de l'invité, Docker filtre un appel système. La ligne en tirets marque un surcoût de 10 %. Déplacez
# le curseur d'un événement à l'autre.

# %%
EVENTS = {
    "UML 2003": ("uml-2.4", "trap_cycles", "dell-2650"),
    "Workstation 2003": ("vmware-workstation-3.2", "trap_cycles", "dell-2650"),
    "KVM 2025": ("kvm-6", "exit_cycles", MACHINE),
    "Docker 2025": ("docker-27", "filter_cycles", MACHINE),
}
catalog = vl.Catalog()
COST_US = {
    name: catalog.layer(layer, machine).values()[number]
    / catalog.machine(machine).devices["cpu"].values()["frequency_hz"]
    * 1e6
    for name, (layer, number, machine) in EVENTS.items()
}


def how_often(event):
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    axes = figure.subplots()
    for name, cost_us in COST_US.items():
        ends = [10**exponent for exponent in (-1, 3)]
        rates = [percent * 1e4 / cost_us for percent in ends]
        axes.plot(rates, ends, color="#333333", linewidth=4 if name == event else 1)
        axes.annotate(name, (rates[1], ends[1]), (0, 4), textcoords="offset points", rotation=30, fontsize=12)
    limit = 10 * 1e4 / COST_US[event]
    axes.axhline(10, linestyle="--", color="#333333")
    axes.plot(limit, 10, "o", markersize=12, color="#d55e00")
    axes.annotate(f"{limit:,.0f} a second", (limit, 10), (12, -22), textcoords="offset points", backgroundcolor="w")
    axes.set(xscale="log", yscale="log", xlim=(100, 1e9), ylim=(0.1, 1000))
    axes.set(xlabel="events in a second of work", ylabel="overhead, %")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_title(f"{event}: {COST_US[event]:.3g} us\n", loc="left")
    return figure


slider(how_often, event=list(EVENTS), at="KVM 2025")

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Expliquer
#
# Pourquoi un appel système coûte-t-il plus cher dans un conteneur, et non dans une machine virtuelle ? `virtlab
# explain` imprime chaque étape : qui la paie, pourquoi, et d'où vient le nombre :

# %%
for name in ("container", "virtual machine"):
    print(str(vl.explain(STACKS[name], "null", MACHINE)).split("\n\n[1]")[0], end="\n\n")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Dans la machine virtuelle, c'est le noyau de l'invité qui traite l'appel ; le processeur y entre sans l'aide de
# personne. Dans le conteneur, chaque appel traverse d'abord un filtre, car le noyau qui est derrière appartient à tous.
# À la main, pour un tour de cinq appels et 20 cycles de boucle (nombres de `virtlab show docker-27` et `linux-6`,
# mesurés en 2026) :

# %%
docker, linux = (catalog.layer(name, MACHINE).values() for name in ("docker-27", "linux-6"))
call = linux["null_cycles"] + linux["entry_guard_cycles"]
filtered = docker["filter_cycles"]
by_hand = 5 * filtered / (5 * call + 20) * 100
print(f"a round of a process     5 × {call:.1f} + 20 = {5 * call + 20:.0f} cycles")
print(f"the filter adds          5 × {filtered:.1f} = {5 * filtered:.0f} cycles")
print(f"overhead                 {5 * filtered:.0f} / {5 * call + 20:.0f} = {by_hand:.1f} %")

# %% [markdown]
# On ne demande pas l'équivalence à un conteneur : ce que le filtre interdit, le programme le remarque. Ni à une machine
# virtuelle Java : elle n'accepte que du bytecode et le traduit en chemin. Ce sont des machines virtuelles en un autre
# sens du terme.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercices
#
# 1. Le cas ci-dessous n'appartient qu'à vous : un autre `SEED` dans les paramètres, d'autres nombres. Inscrivez vos
#    réponses ; elles sont corrigées.
# 2. Un programme fait 20 000 appels système par seconde de calcul. Quel est son surcoût dans un conteneur ? Servez-vous
#    de la droite *Docker 2025* de la figure, puis du calcul ci-dessus.
# 3. Lesquelles des trois propriétés de Popek et Goldberg chacune des cinq piles possède-t-elle ?

# %% slideshow={"slide_type": "subslide"}
asked = exercise("event_rates", SEED)
asked

# %%
answer(asked, {1: None, 2: None, 3: None})

# %% slideshow={"slide_type": "subslide"}
calls = predict({"overhead": None}, names=["overhead"], unit="%")
compare(calls, {"overhead": 20_000 * COST_US["Docker 2025"] / 1e4}, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## Ce que le modèle laisse de côté
#
# - **Ce que fait une instruction.** Un programme se réduit à des nombres de cycles, d'appels, de défauts et d'octets ;
#   rien n'est réellement exécuté.
# - **Les caches partagés entre un programme et son moniteur** : ce qu'une sortie en évince est compris dans le coût
#   de la sortie.
# - **La correction.** Qu'un moniteur laisse échapper une instruction qu'il devrait voir n'est pas traité ici : voir la
#   séance 2.
