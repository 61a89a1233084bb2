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
# # 2. Dérouter, émuler, assister
#
# **Question.** Le noyau d'un invité fait ce que seul un noyau peut faire : il change d'espace d'adressage, modifie les
# tables de pages, traite les défauts. Or il n'est plus vraiment noyau : un autre est au-dessous. Qui agit alors à sa
# place, et à quel prix chaque fois ?

# %% slideshow={"slide_type": "skip"}
import tempfile
from functools import cache

from matplotlib.figure import Figure

import simulator as vl
from simulator.lecture import answer, compare, exercise, picture, predict, slider

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
OLD, NEW = "dell-2650", "laptop-2025"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## Le modèle : quatre réponses en vingt ans
#
# | réponse | le noyau de l'invité s'exécute | ce qu'il n'a pas le droit de faire |
# |---|---|---|
# | **dérouter et émuler** (*trap and emulate*) | tel quel, sans privilège | est dérouté ; le moniteur s'en charge |
# | **traduction binaire** (VMware, 1999) | traduit, bloc par bloc | est remplacé par des appels, ou dérouté |
# | **paravirtualisation** (Xen, 2003) | modifié dans son code source | est demandé, plusieurs à la fois |
# | **assistance** (2006, 2008) | tel quel, en mode invité | revient au processeur, ou cause une sortie |
#
# Les processeurs des PC ne permettaient pas la première : certaines de leurs instructions ne fonctionnent pas sans
# privilège et ne provoquent pas non plus de déroutement (Robin et Irvine, 2000, en comptent 17). D'où la deuxième et la
# troisième.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Le trajet d'**un défaut de page** : un programme touche une page pour la première fois. Son noyau doit l'apprendre
# (*trap*, le déroutement) et inscrire la page dans la table de pages que lit le processeur (*table*).

# %%
STACKS = {
    "native 2003": ("linux-2.4 |", OLD),
    "Xen 2003": ("xen-1 | linux-2.4", OLD),
    "Workstation 2003": ("linux-2.4 | vmware-workstation-3.2 / linux-2.4", OLD),
    "User-Mode Linux 2003": ("linux-2.4 | uml-2.4 / linux-2.4", OLD),
    "native 2025": ("linux-6 |", NEW),
    "KVM, shadow paging": ("linux-6 | kvm-6(paging=shadow) / linux-6", NEW),
    "KVM, nested paging": ("linux-6 | kvm-6 / linux-6", NEW),
}
PARTS = {"kernel": ("#cfcfd3", ""), "trap": ("#0072b2", "//"), "table": ("#e69f00", "..")}


def fault_us(stack, machine):
    """What the kernel itself, the trap and the page table take of one page fault."""
    found = dict.fromkeys(PARTS, 0.0)
    left = [(step, "kernel") for step in vl.explain(stack, "fault", machine).data()["steps"]]
    while left:
        step, part = left.pop()
        part = {"trap": "trap", "update page table": "table"}.get(step["step"], part)
        found[part] += step["time_s"] * 1e6
        left += [(each, part) for each in step["steps"]]
    return found


FAULT_US = {name: fault_us(*where) for name, where in STACKS.items()}


def paths():
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    axes = figure.subplots()
    for name, found in FAULT_US.items():
        left = 0.0
        for part, (colour, hatch) in PARTS.items():
            label = part if name == "native 2003" else None
            axes.barh(name, found[part], left=left, color=colour, hatch=hatch, edgecolor="#333333", label=label)
            left += found[part]
        axes.annotate(f"{left:.3g}", (left, name), (5, 0), textcoords="offset points", va="center")
    axes.invert_yaxis()
    axes.set_xlabel("one page fault, us")
    axes.legend(frameon=False, loc="lower right")
    return figure


picture(paths)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Prédire
#
# On compile un noyau Linux : 1500 fichiers, et pour chacun quelque 3300 pages touchées pour la première fois. Sur le PC
# de 2003 cela dure 264 secondes, sur le portable 209. Combien de pour cent de plus sur chaque pile ? La figure
# ci-dessus est devant vous ; une division suffit.

# %%
NAMES = [name for name in STACKS if "native" not in name]
guess = predict(
    {
        "Xen 2003": None,
        "Workstation 2003": None,
        "User-Mode Linux 2003": None,
        "KVM, shadow paging": None,
        "KVM, nested paging": None,
    },
    names=NAMES,
    unit="%",
)
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Exécuter
#
# La compilation sur chaque pile : ses demandes sont les mêmes, leur prix ne l'est pas.

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
USUAL = 3263


@cache
def build(machine, faults_per_file):
    """The build on all stacks of this machine."""
    program = {"name": "kernel-build", "parameters": {"file_faults_count": faults_per_file}}
    scenario = {
        "version": 1,
        "title": "A kernel is built",
        "machine": machine,
        "stacks": {name: stack for name, (stack, where) in STACKS.items() if where == machine},
        "tenants": {"build": {"workload": program, "memory": "512 MiB", "vcpus": 1}},
        "replications": 1,
        "seed": SEED,
    }
    return vl.run(scenario, out=folder.name, on="serial", progress=False)


built = {machine: build(machine, USUAL) for machine in (OLD, NEW)}
simulated = {}
for results in built.values():
    simulated |= dict(results.summary().set_index("stack")["overhead_percent"])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Observer

# %%
compare(guess, simulated, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Quelle part en revient aux défauts de page ? Le curseur est le nombre de pages que chaque fichier touche pour la
# première fois. La compilation est exécutée de nouveau sur la machine de 2003 ; à 0 il ne reste que les autres
# événements : processus qui naissent et meurent, appels système, interruptions d'horloge.

# %%
WIDEST_PERCENT = 350


def hangs_on(faults_per_file):
    summary = build(OLD, faults_per_file).summary().set_index("stack")["overhead_percent"].iloc[1:]
    figure = Figure(figsize=(10, 3), layout="constrained")
    axes = figure.subplots()
    axes.barh([str(name) for name in summary.index], summary, color="#0072b2", edgecolor="#333333")
    for name, percent in summary.items():
        axes.annotate(f"{percent:.1f}", (percent, str(name)), (5, 0), textcoords="offset points", va="center")
    axes.invert_yaxis()
    axes.set(xlim=(0, WIDEST_PERCENT), xlabel="overhead of the build, %")
    axes.set_title(f"{faults_per_file} faults a file", loc="left")
    return figure


slider(hangs_on, faults_per_file=[0, 1000, USUAL, 6000, 10000], at=USUAL)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Expliquer
#
# À la main : le nombre de défauts, multiplié par ce qu'un défaut coûte de plus qu'en natif, divisé par la durée de la
# compilation native. Les prix sont ceux de lmbench dans le tableau 5 de Barham et al. (2003) ; le nombre de défauts n'a
# été ajusté que sur la compilation sous Xen.

# %%
native = built[OLD].summary().set_index("stack").loc["native 2003", "mean"]
charges = built[OLD].charges.merge(built[OLD].runs[["run", "stack"]], on="run")
of_native = charges[(charges["stack"] == "native 2003") & (charges["mechanism"] == "page_fault")]
faults = of_native["operations"].sum()
print(f"{faults / 1e6:.2f} million faults, native build {native:.1f} s")
for name in ("Xen 2003", "Workstation 2003"):
    here_us, there_us = (sum(FAULT_US[each].values()) for each in (name, "native 2003"))
    more_us = here_us - there_us
    more_s = faults * more_us / 1e6
    print(f"\n{name}")
    print(f"  one fault more  {here_us:.2f} - {there_us:.2f} = {more_us:.2f} us")
    print(f"  all of them     {faults / 1e6:.2f} million × {more_us:.2f} us = {more_s:.1f} s")
    print(f"  over native     {more_s:.1f} / {native:.1f} = {more_s / native * 100:.1f} %")

# %% [markdown]
# Presque tout vient des défauts, sur l'un comme sur l'autre. Xen reçoit une demande et vérifie une entrée ;
# Workstation, dont l'invité ne sait rien, protège la table de l'invité, est dérouté à chaque écriture et tient pour le
# processeur une seconde table (table fantôme, *shadow*).

# %% [markdown] slideshow={"slide_type": "subslide"}
# Ce qu'apporte l'assistance, puis la pagination imbriquée (*nested paging*), pour un seul défaut :

# %%
for name in ("KVM, shadow paging", "KVM, nested paging"):
    print(str(vl.explain(STACKS[name][0], "fault", NEW)).split("\n\n[1]")[0], end="\n\n")

# %% [markdown]
# Trois sorties avec des tables fantômes, aucune avec la pagination imbriquée : le processeur traduit lui-même une
# seconde fois les adresses de l'invité. Ce que cela coûte en échange fait l'objet de la séance 3. L'assistance de 2006
# n'a pas supprimé les sorties ; celle de 2008 les a rendues rares. La première, seule, était souvent plus lente que la
# traduction binaire (Adams et Agesen, 2006).

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercices
#
# 1. Que coûtent les opérations sur une pile ? (Votre cas : changez `SEED`.)
# 2. Tables de pages, fantômes ou modifiées par lots.
# 3. Un serveur touche 10 000 pages nouvelles par seconde de travail. Quel est son surcoût sur KVM avec des tables
#    fantômes, et combien de pages par seconde le portent à 10 % ?

# %% slideshow={"slide_type": "subslide"}
traps = exercise("traps", SEED)
traps

# %%
answer(traps, {1: None, 2: None, 3: None, 4: None})

# %% slideshow={"slide_type": "subslide"}
tables = exercise("page_tables", SEED)
tables

# %%
answer(tables, {1: None, 2: None, 3: None, 4: None})

# %% slideshow={"slide_type": "subslide"}
QUESTIONS = ["overhead, %", "pages a second for 10 %"]
server = predict({"overhead, %": None, "pages a second for 10 %": None}, names=QUESTIONS)
more_s = (sum(FAULT_US["KVM, shadow paging"].values()) - sum(FAULT_US["native 2025"].values())) / 1e6
compare(server, {"overhead, %": 10_000 * more_s * 100, "pages a second for 10 %": 0.1 / more_s}, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## Ce que le modèle laisse de côté
#
# - **Le cache du traducteur.** La traduction binaire a un prix par instruction sensible ; qu'un bloc soit traduit une
#   seule fois puis retrouvé est compris dans ce prix, et non simulé.
# - **Le détail des instructions.** Ce qui est dérouté est compté par type d'événement (défaut, mise à jour, changement
#   d'espace), non par code d'opération.
# - **La sécurité.** Les vérifications d'un hyperviseur prennent ici du temps ; ce qu'elles empêchent n'arrive pas.
