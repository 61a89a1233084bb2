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
# # 10. Empiler, et choisir
#
# **Question.** Une machine virtuelle Java dans un conteneur dans une machine virtuelle : la pile coûte-t-elle ce que
# coûtent ses couches une à une ? Et quel modèle pour quel besoin ?

# %% slideshow={"slide_type": "skip"}
import tempfile

import pandas as pd
from matplotlib.figure import Figure

import simulator as vl
from simulator.lecture import answer, compare, exercise, predict, slider, stacks

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
MACHINE = "server-2025"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## Le modèle : des couches sur des couches
#
# Une couche transmet chaque demande à la couche inférieure et y ajoute ses propres étapes ; ce qui se trouve dessous
# fait de même avec ces étapes. Tout ce qui offre ce dont un autre a besoin peut donc le porter.

# %%
SINGLE = {
    "bare": "linux-6 |",
    "container": "linux-6 | docker-27",
    "VM": "linux-6 | kvm-6 / linux-6",
    "JVM": "linux-6 | hotspot-21",
}
STACKED = {
    "container in VM": "linux-6 | kvm-6 / linux-6 / docker-27",
    "JVM, container, VM": "linux-6 | kvm-6 / linux-6 / docker-27 / hotspot-21",
}
stacks({**{name: SINGLE[name] for name in ("container", "VM")}, **STACKED}, tenants=2)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Deux programmes, chacun sur un processeur : l'un compresse un fichier, l'autre est une base clé-valeur aux très
# petites requêtes. Ce que coûte chaque couche *seule*, en pourcentage de temps supplémentaire pour le même travail :

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
PROGRAMS = {
    "compression": "compression",
    "key-value": {"name": "key-value-store", "parameters": {"requests_count": 2000}},
}


def run(models):
    scenario = {
        "version": 1,
        "title": "stacks",
        "machine": MACHINE,
        "stacks": models,
        "tenants": {"app": {"workload": list(PROGRAMS.values()), "memory": "4 GiB", "vcpus": 1}},
        "replications": 1,
        "seed": SEED,
    }
    return vl.run(scenario, out=folder.name, on="serial", progress=False)


def overheads(results):
    summary = results.summary()
    table = summary.pivot_table("overhead_percent", "workload", "stack", observed=True)
    return table.rename(index={"key-value-store": "key-value"})


alone = overheads(run(SINGLE))
alone.round(2)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Prédire
#
# À partir de ces nombres : que coûtent, en pour cent, les deux piles de l'image ? La somme de leurs couches, le produit
# de leurs facteurs, autant que la plus chère, ou autre chose ?

# %%
NAMES = [f"{program}, {stack}" for program in PROGRAMS for stack in STACKED]
guess = predict(
    {
        "compression, container in VM": None,
        "compression, JVM, container, VM": None,
        "key-value, container in VM": None,
        "key-value, JVM, container, VM": None,
    },
    names=NAMES,
    unit="%",
)
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Exécuter

# %%
results = run({name: stack for name, stack in {**SINGLE, **STACKED}.items() if name != "JVM"})
all_of_them = overheads(results)
simulated = {f"{program}, {stack}": all_of_them.loc[program, stack] for program in PROGRAMS for stack in STACKED}

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Regarder
#
# Ce que vous n'avez pas prédit reste caché (`REVEAL = True` dans les paramètres montre tout).

# %%
compare(guess, simulated, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Et maintenant comme *modèles* : `virtlab choose` fait démarrer chacun d'eux, place une fork bomb à côté d'un
# locataire, compte ce qu'on peut faire au locataire, et ce qu'il faut pour aller d'une machine vide au premier invité.
# (*memory beside* : la mémoire des couches sous le programme, moins l'unique noyau que tous les locataires partagent.)

# %%
CHOSEN = {
    "bare": SINGLE["bare"],
    "container": SINGLE["container"],
    "JVM": SINGLE["JVM"],
    "VM": SINGLE["VM"],
    "micro VM": "linux-6 | firecracker-1 / linux-4.14-microvm",
    "container in VM": STACKED["container in VM"],
}
choice = vl.choose(
    {
        "version": 1,
        "title": "which model for which need",
        "machine": {"base": "laptop-2025", "devices": {"cpu": {"cores": 4, "threads_per_core": 1}}},
        "stacks": CHOSEN,
        "tenants": {"app": {"workload": "compression", "memory": "2 GiB", "vcpus": 2, "start": "200 ms"}},
        "replications": 1,
        "seed": SEED,
        "choose": {
            "aggressors": ["fork-bomb"],
            "needs": {
                "tenants that nobody trusts": {"loss": "50 %", "overhead": "10 %", "control": ["own-kernel"]},
                "many small tenants": {"footprint": "128 MiB", "loss": "50 %"},
                "tenants that move": {"control": ["migrate"]},
                "there in a second, and rewound": {"start": "1 s", "control": ["roll-back"]},
            },
        },
    },
    out=folder.name,
    jobs=1,
)
models = choice.frame().set_index("model")
MEMORY_MiB = (models["footprint_bytes"] - models.loc["bare", "footprint_bytes"]) / 2**20
shown = pd.DataFrame(
    {
        "overhead, %": models["overhead_percent"].round(2),
        "lost to a fork bomb, %": models["loss_percent"].round(0).abs(),
        "memory beside, MiB": MEMORY_MiB.round(1),
        "start, s": models["start_s"].round(2),
        "ways of control": models["control_count"],
        "steps to set up": models["install_steps_count"],
    }
)
shown

# %% [markdown] slideshow={"slide_type": "subslide"}
# Ce qu'on gagne d'un côté, on le paie de l'autre. Déplacez le curseur, une limite de mémoire pour chaque locataire en
# plus de son programme : qui reste ? (Plein : dans la limite. La taille d'une marque est le nombre de moyens de
# contrôle.)


# %%
def trade_off(memory_limit_MiB):
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    axes = figure.subplots()
    fits = MEMORY_MiB <= memory_limit_MiB
    for name, model in models.iterrows():
        inside = bool(fits[name])
        place = MEMORY_MiB[name], float(model["start_s"])
        size = 60 + 30 * model["control_count"]
        axes.scatter(*place, size, "#0072b2" if inside else "white", edgecolors="#333333", zorder=3)
        axes.annotate(name, place, (12, 10), textcoords="offset points", color="#333333" if inside else "#777777")
    axes.axvline(memory_limit_MiB, color="#333333", linestyle="--")
    axes.set(
        xlabel="memory for each further tenant beside its program, MiB",
        ylabel="start, s",
        xlim=(-10, 170),
        ylim=(-0.4, 5),
    )
    axes.set_title(f"{memory_limit_MiB} MiB: {fits.sum()} of {len(fits)} models", loc="left")
    return figure


slider(trade_off, memory_limit_MiB=[5, 20, 50, 100, 125, 140], at=100)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Quels modèles conviennent à quel besoin : les meilleurs à chaque égard, ceux qu'aucun autre ne bat à tous égards, et
# ceux qui respectent les limites des quatre besoins que nomme le scénario.

# %%
pd.DataFrame({"models": {need: ", ".join(names) or "none" for need, names in choice.needs.items()}})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Expliquer : ce qui s'additionne, et ce qui ne s'additionne pas
#
# Un coût est une étape de plus, jamais un original gonflé. Le *temps de processeur* s'additionne donc, à ce près que
# les lots ne sont plus les mêmes. D'une requête de la base clé-valeur, en microsecondes (`results.where`, le grand
# livre de tous les périphériques) :

# %%
where = results.where(by=("device", "cause"))
requests = PROGRAMS["key-value"]["parameters"]["requests_count"]
of_store = where[(where["device"] == "cpu") & where["tenants.app.workload"].astype(str).str.startswith("key")].copy()
cause = of_store["cause"].astype(str)
of_store["of"] = "Linux and hardware"
of_store.loc[cause == "program", "of"] = "program"
of_store.loc[cause.str.contains("kvm") & ~cause.str.contains("linux-6.*linux-6"), "of"] = "KVM"
of_store.loc[cause.str.contains("docker") & ~cause.str.contains("hotspot"), "of"] = "Docker"
columns = ["bare", "container", "VM", "container in VM"]
ledger_us = 1e6 / requests * of_store.pivot_table("seconds", "of", "stack", aggfunc="sum", observed=True)[columns]
ledger_us.loc["all"] = ledger_us.sum()
ledger_us.round(3)

# %% [markdown]
# La part de Docker est la même sur le matériel que dans un invité : son pont et sa traduction d'adresses, quel que soit
# celui qui les exécute. Mais le temps *écoulé*, lui, ne s'additionne pas. À la main, à partir des débits :

# %%
rates = results.summary().query("workload == 'key-value-store'").set_index("stack")["mean"]
us = 1e6 / rates.astype(float)
docker_us = ledger_us.loc["Docker"]
for inside, outside in (("container", "bare"), ("container in VM", "VM")):
    print(f"{inside:16} 1 / {rates[inside]:,.0f} - 1 / {rates[outside]:,.0f} requests/s = ", end="")
    print(f"{us[inside]:.2f} - {us[outside]:.2f} = {us[inside] - us[outside]:.2f} us", end="")
    print(f", of {docker_us[inside]:.2f} us of Docker's work")
rows = alone.loc["key-value"]
both = 100 * ((1 + rows["container"] / 100) * (1 + rows["VM"] / 100) - 1)
print(
    f"\nsum of the overheads      {rows['container']:.0f} + {rows['VM']:.0f} = {rows['container'] + rows['VM']:.0f} %"
)
print(f"product of the factors    {1 + rows['container'] / 100:.2f} × {1 + rows['VM'] / 100:.2f} - 1 = {both:.0f} %")
print(f"simulated                 {all_of_them.loc['key-value', 'container in VM']:.0f} %")

# %% [markdown]
# Sur la machine nue, une partie du travail de Docker est faite par des interruptions sur d'*autres* processeurs,
# *inoccupés*, pendant que le serveur continue. Dans un invité à un seul processeur virtuel, il n'y en a pas : chaque
# requête attend presque tout ce travail. La même couche est plus chère quand elle se tient plus haut, bien qu'elle
# fasse la même chose. Que le produit tombe presque juste est un hasard : essayez-le sur la pile de la machine virtuelle
# Java. La compression ne demande presque rien aux couches, et sa pile coûte ce que coûtent ses couches.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Et une machine virtuelle dans une machine virtuelle ?
#
# Un hyperviseur a besoin de l'assistance du processeur, que ses invités n'ont que s'il la leur transmet. Ce
# qu'en dit cette version :

# %%
try:
    run({"nested": "linux-6 | kvm-6 / linux-6 / kvm-6 / linux-6"})
except vl.VirtlabError as refused:
    print(str(refused).split(": ", 2)[-1])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercices
#
# 1. Deux cas rien que pour vous (autre `SEED`, autres nombres) : ce qui tient sur un hôte, et le surcoût
#    qui découle de la fréquence des événements.
# 2. Un hôte a `host_GiB` de mémoire (ci-dessous), et un service prend 64 Mio pour lui-même sur chaque modèle. Combien
#    en tient-il comme conteneurs, et combien comme machines virtuelles, si seule la mémoire compte ?
# 3. Donnez deux processeurs à la machine virtuelle (`"vcpus": 2` dans `run`). Que devient le conteneur qui s'y trouve,
#    et pourquoi ?
# 4. Pour un cours de 300 étudiants, aux programmes non fiables d'une seconde chacun : lequel des modèles, et à quoi
#    renonceriez-vous pour lui ? Servez-vous du tableau des besoins, et ajoutez au scénario un besoin de votre cru.

# %%
density = exercise("density", SEED)
density

# %%
answer(density, {1: None, 2: None, 3: None, 4: None, 5: None})

# %%
rates_of_events = exercise("event_rates", SEED, level=2)
rates_of_events

# %%
answer(rates_of_events, {1: None, 2: None, 3: None, 4: None})

# %%
host_GiB = 8 * (1 + SEED % 8)
kernel_MiB = models.loc["bare", "footprint_bytes"] / 2**20
print(f"host: {host_GiB} GiB, of which its kernel takes {kernel_MiB:g} MiB")
fitting = {name: (host_GiB * 1024 - kernel_MiB) // (MEMORY_MiB[name] + 64) for name in ("container", "VM")}
compare(predict({"container": None, "VM": None}, names=list(fitting)), fitting, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## Ce que le modèle laisse de côté
#
# - **Les hyperviseurs dans les invités d'hyperviseurs**, comme ci-dessus. Ils existent ; ce que coûte alors chaque
#   sortie (*exit*) est une chaîne de sorties.
# - **Ce que plusieurs partagent** : chaque locataire paie ici sa propre mémoire ; le partage de pages identiques,
#   d'images de base et d'archives de classes rend le vingtième moins cher que le premier (`virtlab density
#   scenarios/how-many-fit.yaml`).
# - **À qui l'on peut se fier**, ce que coûte une licence, ce que savent ceux qui l'exploitent : rien de cela ne découle
#   d'une pile.
# - **Un programme, une taille.** Un surcoût est celui d'un programme *sur* un modèle. `virtlab choose
#   scenarios/which-model-for-which-need.yaml` interroge dix-sept modèles, avec quatre voisins.
