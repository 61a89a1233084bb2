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
# # 3. La mémoire : deux traductions, et plus de promesses que de pages
#
# **Question.** Un invité traduit ses adresses vers ce qu'il prend pour de la mémoire. Celle-ci est traduite une seconde
# fois. Que coûtent deux traductions, et que se passe-t-il si l'on promet à l'ensemble des invités plus de mémoire qu'il
# n'y en a ?

# %% slideshow={"slide_type": "skip"}
import tempfile
from functools import cache

from matplotlib.figure import Figure

import simulator as vl
from simulator.lecture import answer, compare, exercise, picture, predict, slider

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
MACHINE = "laptop-2025"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## Le modèle : une adresse, deux tables
#
# Le processeur conserve des traductions dans son *tampon de traduction* (TLB). Ce qui n'y est pas est cherché dans la
# table de pages : quatre niveaux, quatre références à la mémoire. Avec la **pagination imbriquée** (*nested paging*),
# chacune des quatre entrées porte une adresse de l'invité, que la table de l'hyperviseur, à quatre niveaux, doit
# traduire d'abord ; il en va de même, à la fin, pour la donnée. Les numéros donnent l'ordre des références :

# %%
LEVELS = 4


def walk():
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots()
    number = 0
    for row in range(LEVELS + 1):
        axes.plot([0, LEVELS], [row, row], color="#9c9ca1", zorder=0)
        if row < LEVELS:
            axes.plot([LEVELS, 0], [row, row + 1], color="#9c9ca1", linestyle=":", zorder=0)
        for column in range(LEVELS + 1):
            if (row, column) == (LEVELS, LEVELS):
                axes.text(column, row, "data", ha="center", va="center", backgroundcolor="w")
                continue
            number += 1
            guest = column == LEVELS
            colour = "#e69f00" if guest else "#cfcfd3"
            axes.text(
                column, row, f"{number}", ha="center", va="center", bbox={"boxstyle": "circle", "facecolor": colour}
            )
    axes.set_xticks(range(LEVELS + 1), [*(f"hypervisor {LEVELS - place}" for place in range(LEVELS)), "guest"])
    axes.set_yticks(range(LEVELS + 1), [*(f"guest level {LEVELS - place}" for place in range(LEVELS)), "data"])
    axes.set(xlim=(-0.6, LEVELS + 0.6), ylim=(LEVELS + 0.6, -0.6))
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    return figure


picture(walk)

# %% [markdown]
# 4 × (4 + 1) + 4 = 24 références au lieu de 4. La plupart se trouvent dans des caches ; combien d'entre elles font
# attendre, on le mesure plus bas. Les **tables fantômes** (*shadow paging*) n'en forment qu'une, construite par
# l'hyperviseur à partir des deux, et se paient à chaque modification.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Prédire
#
# *Random access* lit et modifie des mots n'importe où dans une table de 1 Gio, que son noyau couvre de pages de 2 Mio.
# *New processes* lance des processus l'un après l'autre. Combien de pour cent de plus que sur la machine nue, avec la
# pagination imbriquée quand l'hyperviseur couvre la mémoire de l'invité de pages de 2 Mio ou de 4 Kio, et avec des
# tables fantômes ?

# %%
NAMES = [
    "random access, nested 2 MiB",
    "random access, nested 4 KiB",
    "random access, shadow",
    "new processes, nested 2 MiB",
    "new processes, shadow",
]
guess = predict(
    {
        "random access, nested 2 MiB": None,
        "random access, nested 4 KiB": None,
        "random access, shadow": None,
        "new processes, nested 2 MiB": None,
        "new processes, shadow": None,
    },
    names=NAMES,
    unit="%",
)
guess

# %% [markdown] slideshow={"slide_type": "subslide"}
# Quatre invités de 1 Gio en remplissent chacun 360 Mio de leurs données, sans compter leurs fichiers, et travaillent
# sur 240 Mio ; l'hôte possède 3,5 Gio. ESX réclame des pages à un pilote placé dans chaque invité (le *ballon*) : le
# noyau de l'invité cède ce dont il a le moins besoin. Sans ballon, ESX compresse des pages ; sans compression, il les
# échange avec le disque (*swap*). Combien de fois plus lents qu'avec le ballon sont-ils alors ?

# %%
SHORT = ["compression", "swap"]
slower = predict({"compression": None, "swap": None}, names=SHORT)
slower

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Exécuter

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
STACKS = {
    "bare metal": "linux-6 |",
    "nested 2 MiB": "linux-6 | kvm-6 / linux-6",
    "nested 4 KiB": {"stack": "linux-6 | kvm-6 / linux-6", "parameters": {"kvm-6": {"host_page_bytes": "4 KiB"}}},
    "shadow": "linux-6 | kvm-6(paging=shadow) / linux-6",
}


def run(title, machine, stacks, tenants, **others):
    scenario = {"version": 1, "title": title, "machine": machine, "stacks": stacks, "tenants": tenants, **others}
    scenario |= {"replications": 1, "seed": SEED}
    return vl.run(scenario, out=folder.name, on="serial", progress=False)


@cache
def random_access(table_mib):
    program = {"name": "random-access", "parameters": {"table_bytes": f"{table_mib} MiB", "groups_count": 20}}
    return run("random access", MACHINE, STACKS, {"A": {"workload": program, "memory": "8 GiB", "vcpus": 1}})


def overhead_percent(results):
    return results.summary().set_index("stack")["overhead_percent"]


processes = {"A": {"workload": "unixbench-execl", "memory": "8 GiB", "vcpus": 1}}
found = {
    "random access": overhead_percent(random_access(1024)),
    "new processes": overhead_percent(run("new processes", MACHINE, STACKS, processes)),
}
simulated = {name: found[name.split(", ")[0]][name.split(", ")[1]] for name in NAMES}

# %% [markdown]
# Et les quatre invités qui veulent plus qu'il n'y a, sur une machine de 2009 :

# %%
crowded = run(
    "more memory promised than there is",
    {"base": "lenny-2009", "devices": {"memory": {"capacity_bytes": "3.5 GiB"}}},
    {
        "balloon": "vmware-esx-4.1 | linux-2.6",
        "compression": "vmware-esx-4.1(balloon=off) | linux-2.6",
        "swap": "vmware-esx-4.1(balloon=off, compression=off) | linux-2.6",
    },
    {
        "guest": {
            "workload": {
                "name": "memory-user",
                "parameters": {
                    "held_bytes": "360 MiB",
                    "active_bytes": "240 MiB",
                    "step_bytes": "8 MiB",
                    "step_s": "1 s",
                    "requests_count": 100,
                },
            },
            "count": 4,
            "memory": "1 GiB",
            "vcpus": 1,
        }
    },
    warmup="46 s",
)
times = {name: 1 + percent / 100 for name, percent in overhead_percent(crowded).items()}

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Observer

# %%
compare(guess, simulated, reveal=REVEAL)

# %% slideshow={"slide_type": "subslide"}
compare(slower, times, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Que l'on ressente ou non la seconde traduction dépend de l'étendue de mémoire touchée : déplacez le curseur (chaque
# pas est une exécution).

# %%
WIDEST_PERCENT = 50


def by_size(table_mib):
    percent = overhead_percent(random_access(table_mib)).iloc[1:]
    figure = Figure(figsize=(10, 2.8), layout="constrained")
    axes = figure.subplots()
    axes.barh([str(name) for name in percent.index], percent, color="#0072b2", edgecolor="#333333")
    for name, value in percent.items():
        axes.annotate(f"{value:.1f}", (value, str(name)), (5, 0), textcoords="offset points", va="center")
    axes.invert_yaxis()
    axes.set(xlim=(0, WIDEST_PERCENT), xlabel="overhead of random access, %")
    axes.set_title(f"table of {table_mib} MiB", loc="left")
    return figure


slider(by_size, table_mib=[4, 16, 32, 64, 256, 1024, 4096], at=1024)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Expliquer
#
# Un tampon de 4096 entrées couvre 16 Mio en pages de 4 Kio, et 8 Gio en pages de 2 Mio. La traduction composée des deux
# a la taille de la plus petite des deux pages. À la main, pour une table de 1 Gio et de petites pages de l'hyperviseur
# (nombres de `virtlab show laptop-2025` : le guide d'AMD, et des hypothèses avec leur plage) :

# %%
cpu = vl.Catalog().machine(MACHINE).devices["cpu"].values()
table_mib, page_kib = 1024, 4
covered_mib = cpu["tlb_entries_count"] * page_kib / 1024
missed = 1 - covered_mib / table_mib
reference_ns = cpu["cached_access_s"] * 1e9
walk_ns = missed * 3 * reference_ns
rates = random_access(1024).summary().set_index("stack")["mean"]
native_ns = 1 / rates["bare metal"]
print(f"covered            {cpu['tlb_entries_count']:.0f} × {page_kib} KiB = {covered_mib:.0f} MiB")
print(f"not covered        1 - {covered_mib:.0f} / {table_mib} = {missed:.4f} of all accesses")
print(
    f"waited for         1 reference natively, 2 more nested: 3 × {reference_ns:.0f} ns (the table lies in the cache)"
)
print(f"a mean update      {missed:.4f} × 3 × {reference_ns:.0f} = {walk_ns:.1f} ns more")
print(f"on bare metal      {native_ns:.1f} ns, mostly the wait for the word itself")
print(f"overhead           {walk_ns:.1f} / {native_ns:.1f} = {walk_ns / native_ns * 100:.1f} %")

# %% [markdown]
# Et non 24 références : les niveaux au-dessus du dernier se trouvent dans les caches propres au parcours. Et aucune
# avec de grandes pages. C'est pourquoi les hyperviseurs les demandent, et pourquoi la *pagination imbriquée* l'a
# emporté : une grande page supprime ce qu'elle coûte ; rien ne supprime ce que coûtent les tables fantômes (chaque page
# nouvelle, chaque processus nouveau : séance 2).
#
# Quand la mémoire est promise deux fois, tout dépend de **celui qui choisit** ce qui part. Le noyau d'un invité sait
# que la page d'un fichier peut être relue ; l'hyperviseur ne voit que des pages, et en prend une dont on a besoin
# aussitôt.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercices
#
# 1. Parcours de tables de pages, pour un cas qui n'appartient qu'à vous (changez `SEED`).
# 2. Des invités ayant des pages identiques : que trouve le balayage (*scanner*), et quand ?
# 3. À partir de quelle taille de table un hyperviseur à pages de 4 Kio coûte-t-il 10 % ? Reprenez le calcul ci-dessus,
#    en supposant qu'une mise à jour dure autant que sur la machine nue avec 1 Gio.

# %% slideshow={"slide_type": "subslide"}
walks = exercise("page_walks", SEED)
walks

# %%
answer(walks, {1: None, 2: None, 3: None, 4: None})

# %% slideshow={"slide_type": "subslide"}
shared = exercise("page_sharing", SEED)
shared

# %%
answer(shared, {1: None, 2: None, 3: None, 4: None})

# %% slideshow={"slide_type": "subslide"}
size = predict({"table": None}, names=["table"], unit="MiB")
compare(size, {"table": covered_mib / (1 - 0.1 * native_ns / (3 * reference_ns))}, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## Ce que le modèle laisse de côté
#
# - **De quelle page il s'agit.** La mémoire est faite d'ensembles, avec une taille et un rythme d'accès, non
#   d'adresses : un échec de traduction est une proportion, non un événement.
# - **Les caches du parcours** n'ont pas ici de taille ; un programme aux très grandes tables de pages les sentirait.
# - **Les grandes pages qui se morcellent.** Partage, ballon et migration les divisent ; ici la taille d'une page est
#   choisie une fois pour toutes.
