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
# # 8. Voisins bruyants
#
# **Question.** Deux locataires se partagent une machine, et l'un d'eux prend tout ce qu'il peut obtenir. Que perd
# l'autre ? Et un modèle qui le protège de cela le protège-t-il aussi des pannes et des intrusions ?

# %% slideshow={"slide_type": "skip"}
import tempfile

import pandas as pd
from matplotlib.figure import Figure

import simulator as vl
from simulator.lecture import answer, compare, exercise, picture, predict, slider, stacks

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
MACHINE = "laptop-2025"
CORES = 4
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## Le modèle : ce qui est partagé peut nuire
#
# Deux locataires se nuisent par ce qu'ils *partagent* : les processeurs, la mémoire, un noyau et ses tables, le chemin
# d'un paquet. Aucune règle ne dit « les conteneurs isolent mal » : ce qu'un voisin peut faire découle de ce qui est
# large dans cette image (hachuré), tant qu'aucune limite ne le divise.

# %%
STACKS = {"process": "linux-6 |", "container": "linux-6 | docker-27", "virtual machine": "linux-6 | kvm-6 / linux-6"}
stacks(STACKS)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Prédire
#
# Un serveur à deux fils d'exécution (*threads*) répond à des requêtes, sur quatre processeurs. À côté de lui se tient
# un voisin de même taille :
#
# - un *hog* (goinfre), qui calcule dans huit fils ;
# - une *fork bomb*, programme qui se relance lui-même sans fin ;
# - un *flood* (déluge) : de petits paquets arrivent pour le voisin, aussi vite que la carte les accepte.
#
# Quel pourcentage de ses réponses le serveur perd-il ? Mettez vos nombres à la place de `None`.

# %%
NEIGHBOURS = {"hog": "cpu-hog", "fork bomb": "fork-bomb", "flood": "packet-flood-receive"}
NAMES = [f"{neighbour}, {stack}" for neighbour in NEIGHBOURS for stack in STACKS]
guess = predict(
    {
        "hog, process": None,
        "hog, container": None,
        "hog, virtual machine": None,
        "fork bomb, process": None,
        "fork bomb, container": None,
        "fork bomb, virtual machine": None,
        "flood, process": None,
        "flood, container": None,
        "flood, virtual machine": None,
    },
    names=NAMES,
    unit="%",
)
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Exécuter
#
# Chaque voisin sur chaque modèle, et une fois un voisin inactif : la perte est ce que le serveur fait de moins
# à côté du voisin qu'à côté du voisin inactif.

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")


def run(models, tenants, machine, duration):
    scenario = {
        "version": 1,
        "title": "a noisy neighbour",
        "machine": machine,
        "stacks": models,
        "tenants": tenants,
        "duration": duration,
        "replications": 1,
        "seed": SEED,
    }
    return vl.run(scenario, out=folder.name, on="serial", progress=False)


def answers_per_s(results):
    summary = results.summary()
    rates = summary[summary["tenant"] == "server"]
    return rates.pivot_table("mean", "tenants.neighbour.workload", "stack", observed=True)


SERVER = {"name": "native-server", "parameters": {"requests_count": 100_000}}
results = run(
    STACKS,
    {
        "server": {"workload": SERVER, "memory": "1 GiB", "vcpus": 2},
        "neighbour": {"workload": ["idle", *NEIGHBOURS.values()], "memory": "1 GiB", "vcpus": 2},
    },
    {"base": MACHINE, "devices": {"cpu": {"cores": CORES, "threads_per_core": 1}}},
    "100 ms",
)
rates = answers_per_s(results)
lost = 100 * (1 - rates / rates.loc["idle"])
simulated = {f"{name}, {stack}": lost.loc[workload, stack] for name, workload in NEIGHBOURS.items() for stack in STACKS}

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Regarder
#
# Ce que vous n'avez pas prédit reste caché (`REVEAL = True` dans les paramètres montre tout).

# %%
compare(guess, simulated, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Que fait une règle ? Les poids ne divisent un processeur que lorsque plusieurs le veulent ; un quota retient un voisin
# même là où personne d'autre ne veut rien. Déplacez le curseur : le voisin tourne dans de plus en plus de fils, le
# serveur dans deux.


# %%
def shares(threads):
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    axes = figure.subplots()
    neighbour = " ".join(["o"] * threads)
    rules = {
        "no group": f"(s:o s2:o {neighbour}){CORES}",
        "equal weights": "({s:o s2:o} {" + neighbour + "})" + str(CORES),
        "and a quota of 1": "({s:o s2:o} {" + neighbour + "}<1)" + str(CORES),
    }
    for place, (_, drawing) in enumerate(rules.items()):
        table = vl.share(drawing)
        mine = table["thread"].str.split("/").str[-1].str.startswith("s")
        server, other = table.loc[mine, "share"].sum(), table.loc[~mine, "share"].sum()
        axes.barh(place, server, color="#0072b2", edgecolor="#333333", label="server" if not place else None)
        axes.barh(
            place,
            other,
            left=server,
            color="white",
            hatch="//",
            edgecolor="#333333",
            label=None if place else "neighbour",
        )
        axes.annotate(f"{server:.2f}", (server / 2, place), ha="center", va="center")
    axes.set_yticks(range(len(rules)), list(rules))
    axes.invert_yaxis()
    axes.set(xlabel=f"processors of {CORES}", xlim=(0, CORES))
    axes.set_title(f"a neighbour with {threads} threads", loc="left")
    figure.legend(loc="outside right upper", frameon=False)
    return figure


slider(shares, threads=[1, 2, 4, 8, 16, 32, 64], at=8)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Expliquer : le goinfre, à la main
#
# Sans groupes, l'ordonnanceur du noyau ne connaît que des *fils*. Dans un conteneur, ou comme machine virtuelle, chaque
# locataire est un groupe, et tous deux pèsent autant.

# %%
threads = int(vl.Catalog().workload(NEIGHBOURS["hog"], MACHINE).values()["threads_count"])
each = CORES / (2 + threads)
print(f"threads that want to run      2 + {threads} = {2 + threads}, on {CORES} processors")
print(f"each of them gets             {CORES} / {2 + threads} = {each:.2f} processors, of the 1 that it wants")
loses = 100 * (1 - each)
print(f"the server loses              1 - {each:.2f} = {loses:.0f} % (simulated: {simulated['hog, process']:.0f} %)")
print(f"with groups of equal weight   min(2, {CORES} / 2) = 2 processors, all that it wants: 0 %")

# %% [markdown]
# La fork bomb relève du même calcul, avec toujours plus de fils : aucune part d'un ordonnanceur seul ne protège de
# celui qui peut avoir autant de fils qu'il veut. Le groupe du conteneur en protège, et sa limite de processus aussi.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Expliquer : le déluge
#
# Un poids connaît ce que les fils *demandent*. Personne ne demande le travail d'une interruption : celui qui tourne est
# interrompu, et le paquet est traité sur son temps. Secondes de processeur, selon qui a dû payer, dans une exécution de
# 0,1 s sur quatre processeurs :

# %%
where = results.where(by=("device", "payer", "cause", "mechanism"))
flood = where[
    (where["device"] == "cpu") & (where["tenants.neighbour.workload"].astype(str) == NEIGHBOURS["flood"])
].copy()
paid = flood["payer"].astype(str)
flood["paid by"] = "kernel, for whoever runs"
flood.loc[paid.str.contains("neighbour"), "paid by"] = "the neighbour"
flood.loc[paid.str.contains("server") | (flood["cause"].astype(str) == "program"), "paid by"] = "the server"
(
    flood.pivot_table("seconds", "paid by", "stack", aggfunc="sum", observed=True)
    .reindex(["the server", "kernel, for whoever runs", "the neighbour"])
    .round(3)
)

# %%
summary = results.summary()
packets = summary[
    (summary["tenant"] == "neighbour") & (summary["tenants.neighbour.workload"].astype(str) == NEIGHBOURS["flood"])
].set_index("stack")["mean"]
kernel_s = flood[flood["paid by"].str.startswith("kernel")].groupby("stack", observed=True)["seconds"].sum()
for stack in STACKS:
    count = packets[stack] * 1000 * 0.1
    print(f"{stack:16} {count:9,.0f} packets; kernel: {kernel_s[stack]:.3f} s / {count:,.0f} = ", end="")
    print(f"{1e6 * kernel_s[stack] / count:.2f} us a packet")

# %% [markdown]
# Le paquet d'un conteneur fait un plus long chemin dans le *même* noyau (son pont, son adresse traduite, son câble
# virtuel) : le déluge prend donc davantage au serveur que sans conteneurs. Les paquets d'une machine virtuelle vont à
# un fil de l'hôte, puis dans l'invité, qui paie sa propre pile réseau. L'un et l'autre appartiennent au voisin, son
# poids en tient donc compte.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## La mémoire : lésé avant que quiconque soit tué
#
# Un serveur lit des fichiers que son noyau garde en mémoire, à côté d'une bombe qui prend de la mémoire et y touche ;
# sur une machine de 1 Gio, dans des conteneurs avec et sans limite.

# %%
READER = {
    "name": "native-server",
    "parameters": {
        "requests_count": 100_000,
        "request_reads_ratio": "100 %",
        "files_bytes": "200 MiB",
        "request_log_bytes": "0 B",
    },
}
bombed = run(
    {"no limit": "linux-6 | docker-27(memory=unlimited)", "limit": "linux-6 | docker-27"},
    {
        "server": {"workload": READER, "memory": "256 MiB", "vcpus": 2},
        "neighbour": {"workload": ["idle", "memory-bomb"], "memory": "256 MiB", "vcpus": 1},
    },
    {"base": "lenny-2009", "devices": {"memory": {"capacity": "1 GiB"}}},
    "400 ms",
)
memory = answers_per_s(bombed)
ends = bombed.tenants.merge(bombed.runs[["run", "stack", "tenants.neighbour.workload"]])
ends = ends[(ends["tenant"] == "neighbour") & (ends["tenants.neighbour.workload"].astype(str) == "memory-bomb")]
table = memory.T.round(0)
table["lost, %"] = (100 * (1 - memory.loc["memory-bomb"] / memory.loc["idle"])).round(0)
table["the bomb was"] = ends.set_index("stack")["outcome"].str.partition(":")[0]
table

# %% [markdown]
# La bombe est tuée dans les deux cas. Sans limite, elle a d'ici là chassé de la mémoire les *fichiers* du serveur, que
# celui-ci relit sur le disque : un voisin souffre bien avant que quoi que ce soit ne soit refusé à quiconque.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Une autre isolation : ce qui tombe ensemble
#
# La perte de performance est une chose. Ce qu'une panne emporte, et combien d'obstacles il faut franchir pour passer
# d'un locataire à l'autre, en est une autre ; elle découle du même arbre : tout ce qui se trouve au-dessus de ce qui
# tombe.

# %%
blasts = dict(zip(STACKS, vl.blast(*STACKS.values(), tenants=4, machine=MACHINE, times=False), strict=True))
isolation = pd.DataFrame(
    {
        "worst neighbour, %": lost.drop("idle").max(),
        "lost by a crash, of 4": pd.Series({name: blast.mean_lost for name, blast in blasts.items()}),
        "to be broken": pd.Series({name: blast.boundaries for name, blast in blasts.items()}),
    }
).reindex(STACKS)


def two_isolations():
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    for axes, column in zip(figure.subplots(1, 3), isolation, strict=True):
        axes.barh(isolation.index, isolation[column], color="#b0b0b8", edgecolor="#333333")
        axes.bar_label(axes.containers[0], fmt="%.3g", padding=3)
        axes.invert_yaxis()
        axes.margins(x=0.25)
        axes.set_title(column, loc="left", fontsize=13)
        axes.set_xticks([])
        if axes is not figure.axes[0]:
            axes.set_yticks([])
    return figure


picture(two_isolations)

# %% [markdown]
# - *worst neighbour* : ce que le serveur a perdu au pire des trois voisins ci-dessus ;
# - *lost by a crash* : sur quatre locataires, en moyenne sur les composants qui peuvent tomber ;
# - *to be broken* : frontières sur le plus court chemin d'un locataire à l'autre, quelle que soit leur nature.
#
# Un conteneur muni de limites est un bon mur contre un goinfre, mais non un second mur contre une faute de son noyau.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercices
#
# 1. Deux cas rien que pour vous (autre `SEED`, autres nombres) : des processeurs divisés par poids, et un quota
#    que se partagent deux fils.
# 2. Un goinfre a autant de fils que le dit `hog_threads` ci-dessous, à côté des deux du serveur, sur quatre
#    processeurs. Que perd le serveur sans groupes ? Et si le groupe du goinfre a un quota d'un processeur ?
# 3. De sa perte à la fork bomb : combien de processus la bombe avait-elle, en moyenne, pendant que tournait le
#    serveur ?
# 4. Lesquels de ces voisins sont arrêtés par une limite de *processus*, lesquels par une limite de *mémoire*, lesquels
#    par un *poids*, et lesquels par rien de tout cela ? Qu'est-ce qui arrêterait ces derniers ?

# %%
weights = exercise("shares", SEED)
weights

# %%
answer(weights, {1: None, 2: None, 3: None, 4: None, 5: None})

# %%
quota = exercise("quota", SEED, level=2)
quota

# %%
answer(quota, {1: None, 2: None, 3: None, 4: None})

# %%
hog_threads = 3 + SEED % 9
rules = {
    "no groups": f"(s:o s2:o {' '.join(['o'] * hog_threads)}){CORES}",
    "quota of 1": "({s:o s2:o} {" + " ".join(["o"] * hog_threads) + "}<1)" + str(CORES),
}
checked = {}
for name, drawing in rules.items():
    table = vl.share(drawing)
    mine = table["thread"].str.split("/").str[-1].str.startswith("s")
    checked[name] = 100 * (1 - table.loc[mine, "share"].mean())
print(f"{hog_threads} threads")
compare(predict({"no groups": None, "quota of 1": None}, names=list(rules), unit="%"), checked, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## Ce que le modèle laisse de côté
#
# - **Les tranches de temps.** Les parts sont ici des débits (`fluid`) : les moyennes sont justes, les réponses les plus
#   lentes ne se voient pas. Avec `fidelity: quantum`, le même partage d'un processeur donne des queues de distribution
#   bien différentes : `virtlab run scenarios/quota-tails.yaml`.
# - **Les caches comme arme.** Les locataires se divisent les caches selon ce qu'ils touchent ; personne n'attaque par
#   là, et les canaux auxiliaires (*side channels*) ne sont pas modélisés du tout.
# - **La probabilité** d'une faute ou d'une intrusion : on compte les frontières, et `virtlab blast` en donne la largeur
#   et le code comme poids sourcés. Rien de cela n'est une probabilité.
# - **Les défenses que personne n'a activées** : imputer les paquets à leur destinataire
#   (`linux-6(packet_work=charged)`), des processeurs à soi, des limites du disque. `scenarios/packet-flood.yaml` et
#   `shares-or-processors.yaml` les ont.
