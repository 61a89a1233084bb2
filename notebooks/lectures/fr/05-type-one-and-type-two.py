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
# # 5. Type I contre type II : l'étiquette décide-t-elle ?
#
# **Question.** Les manuels divisent les hyperviseurs en deux. Un hyperviseur *natif* (type I) est la couche la plus
# basse de la machine ; un hyperviseur *hébergé* (type II) est un programme d'un système. On dit que le premier est
# plus rapide. L'est-il, pour quel programme, et pourquoi ?
#
# Exécutez les cellules de haut en bas ; cela prend quelques secondes.

# %% slideshow={"slide_type": "skip"}
import tempfile
from random import Random

import pandas as pd

import simulator as vl
from simulator.lecture import answer, bars, compare, exercise, picture, predict, slider, stacked, stacks

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
MACHINE = "laptop-2025"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## Le modèle
#
# Les deux types de Goldberg (1973), et la place de quatre produits. En gris hachuré, ce que deux locataires partagent.

# %%
MODELS = {
    "ESXi": "vmware-esxi-7 | linux-6",
    "Xen": "xen-4 | linux-6",
    "KVM": "linux-6 | kvm-6 / linux-6",
    "VirtualBox": "linux-6 | virtualbox-7 / linux-6",
    "Workstation": "linux-6 | vmware-workstation-17 / linux-6",
}
stacks({name: MODELS[name] for name in ("ESXi", "Xen", "KVM", "Workstation")}, tenants=2)

# %% [markdown] slideshow={"slide_type": "fragment"}
# - **ESXi** pilote lui-même disques et cartes : type I.
# - **Xen** est la couche la plus basse, mais laisse les périphériques à un invité privilégié, le domaine 0 : type I,
#   avec un système sur le chemin.
# - **KVM** est un module de Linux. Linux est-il alors un hyperviseur, ou l'hôte d'un hyperviseur ? Les deux réponses
#   sont publiées.
# - **Workstation** et **VirtualBox** sont des programmes que lancent des utilisateurs : type II.
#
# Le simulateur ne connaît pas les types. Il connaît des couches, ce que chacune fait pour chaque demande, et à quel
# prix.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Prédire
#
# Un programme lit des blocs de 4 Kio sans passer par le cache de son propre système, l'un après l'autre : n'importe où
# dans un **grand fichier** (*large file*) de 8 Gio, puis, encore et encore, dans un **petit fichier** (*small file*)
# de 16 Kio. Combien de lectures par seconde reste-t-il, en pour cent de la machine nue ?

# %%
SHOWN = ("ESXi", "KVM", "VirtualBox", "Workstation")
ASKED = [f"{name}, {file}" for file in ("large file", "small file") for name in SHOWN]

# %%
guess = predict(dict.fromkeys(ASKED, None), names=ASKED, unit="%")
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Exécuter
#
# Les deux fichiers ; en outre un programme qui compresse, et une base clé-valeur qui répond à de petites requêtes par
# le réseau.

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
STACKS = {"bare metal": {"stack": "linux-6 |"}, **{name: {"stack": stack} for name, stack in MODELS.items()}}


def run(workload, stacks=STACKS, **parameters):
    """What one program achieves on some stacks."""
    app = {"workload": {"name": workload, "parameters": parameters}, "memory": "4 GiB", "vcpus": 4}
    scenario = {"version": 1, "title": workload, "machine": MACHINE, "stacks": stacks, "tenants": {"app": app}}
    results = vl.run({**scenario, "replications": 1, "seed": SEED}, out=folder.name, on="serial", progress=False)
    return results.tenants.merge(results.runs[["run", "stack"]], on="run").set_index("stack")["value"]


ONE = {"threads_count": 1, "write_ratio": 0}
rates = pd.DataFrame(
    {
        "compression": run("compression", pieces_count=16),
        "key-value store": run("key-value-store", requests_count=200),
        "large file": run("disk-random", **ONE, blocks_count=60),
        "small file": run("disk-random", **ONE, blocks_count=200, file_bytes="16 KiB"),
    }
)
percent = rates / rates.loc["bare metal"] * 100

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Regarder

# %%
reads = {f"{name}, {file}": percent.loc[name, file] for file in ("large file", "small file") for name in SHOWN}
compare(guess, reads, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Et les deux autres programmes :

# %%
picture(bars, percent.loc[list(MODELS), ["compression", "key-value store"]], "% of bare metal")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Ce qui calcule s'en moque : le processeur exécute lui-même les instructions de l'invité, à qui que soit la machine.
# Ce qui communique ne s'en moque pas, et les produits hébergés font mauvaise figure. Mais est-ce l'*étiquette* ?
# Donnons à tous la même sorte de carte, d'abord une vraie carte émulée, puis une carte paravirtuelle, et laissons un
# serveur répondre à un client :

# %%
CARDS = ("emulated", "paravirtual")
cards = {
    name: [card if name != "VirtualBox" or card == "emulated" else "virtio-net" for card in CARDS] for name in SHOWN
}
given = {
    f"{name}, {card}": {"stack": MODELS[name], "virtual_hardware": {"nic": nic}}
    for name in SHOWN
    for card, nic in zip(CARDS, cards[name], strict=True)
}
answers = run("request-response", given, transactions_count=60)
table = pd.DataFrame({card: {name: answers[f"{name}, {card}"] for name in SHOWN} for card in CARDS})
picture(bars, table, "answers/s")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Avec la même carte, la distance se réduit. Avec une carte émulée, ce qui compte est *l'endroit* où un registre est
# calculé : ESXi le fait dans son propre noyau ; KVM, VirtualBox et Workstation passent dans un processus et reviennent
# (ou font les deux, selon le registre). Avec une carte paravirtuelle, le produit hébergé est voisin des natifs.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Déplacez le curseur** : combien de pour cent des lectures se trouvent dans le cache de pages de l'hôte ? Seul
# Workstation (avec ses réglages d'origine) passe par ce cache ; les quatre autres passent à côté.

# %%
us = 1e6 / rates


def reading(found):
    """Microseconds of a read if so many per cent are found in the host's page cache."""
    part = found / 100
    mean = us["small file"] * part + us["large file"] * (1 - part)
    table = mean[["bare metal", *MODELS]].to_frame("read")
    return bars(table, f"us a read, {found} % found in the host's cache", models={"bare metal": "linux-6 |", **MODELS})


slider(reading, found=list(range(0, 101, 10)), at=0)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Expliquer
#
# Plus de couches coûtent plus : une lecture à laquelle aucun cache ne répond, couche par couche. Tous les cinq ont
# besoin du même disque ; ce qui diffère, c'est qui a du travail en chemin. (Même cela n'est pas une loi : le détour de
# Xen par le domaine 0 ne dure ici pas plus longtemps que le chemin propre à ESXi.)

# %%
PLACES = {"machine": "machine", "linux-6": "host or domain 0", "xen-4/domain-0": "host or domain 0"}


def layers(demand):
    """Microseconds by layer of one demand that no cache answers."""
    catalog = vl.Catalog()
    rows = {}
    for name, stack in MODELS.items():
        total = vl.explain(stack, demand, MACHINE, catalog=catalog).totals[-1]
        parts = pd.Series({"guest's system": 0.0, "hypervisor": 0.0, "host or domain 0": 0.0, "machine": 0.0})
        for path, seconds in total.overhead_s.items():
            parts[PLACES.get(path, "guest's system" if path.endswith("/linux-6[app]") else "hypervisor")] += seconds
        parts["disk"] = sum(total.devices_s.values())
        rows[name] = parts * 1e6
    return pd.DataFrame(rows).T


picture(stacked, layers("read 4 KiB"), "us of a read, by layer")

# %% [markdown] slideshow={"slide_type": "fragment"}
# L'hyperviseur natif gagne donc là où chaque lecture doit aller au disque. Mais une couche peut aussi *posséder*
# quelque chose : l'hôte de Workstation possède un cache de pages. À partir de quelle part `h` de lectures trouvées là
# l'hébergé est-il plus rapide ? À la main :

# %%
native, missed, found = us.loc["ESXi", "large file"], *us.loc["Workstation", ["large file", "small file"]]
print(f"ESXi: {native:.1f} us; Workstation: {missed:.1f} us not in the host's cache, {found:.1f} us in it")
print(f"{found:.1f} h + {missed:.1f} (1 - h) = {native:.1f}")
print(f"h = ({missed:.1f} - {native:.1f}) / ({missed:.1f} - {found:.1f}) = {(missed - native) / (missed - found):.2f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Ce que les hyperviseurs hébergés gagnent par ailleurs : on les installe comme un programme, sur un système qui est
# déjà là, qui pilote le matériel et continue de servir. D'après le catalogue (supposé d'après les manuels, avec des
# intervalles : `virtlab show vmware-esxi-7`) :

# %%
ROWS = {"steps": "steps", "privileged": "of them privileged", "reboots": "reboots", "bytes": "MB"}


catalog = vl.Catalog()


def installation(*names):
    """What it takes to install some products, one after the other."""
    products = [catalog.layer(name, MACHINE).installation for name in names]
    keys = {row: f"install_{row}_count" if row != "bytes" else "install_bytes" for row in ROWS}
    return {
        ROWS[row]: sum(each[key].value for each in products) / (1e6 if row == "bytes" else 1)
        for row, key in keys.items()
    }


pd.DataFrame(
    {
        "ESXi": installation("vmware-esxi-7"),
        "Xen, its domain 0 first": installation("linux-6", "xen-4"),
        "KVM": installation("linux-6", "kvm-6"),
        "KVM, Linux is there": installation("kvm-6"),
        "Workstation, a system is there": installation("vmware-workstation-17"),
    }
).astype(int)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **L'étiquette ne décide rien, le chemin décide.** Pour chaque demande, demandez : qui la traite, combien de
# frontières franchit-elle, et quelqu'un en chemin détient-il déjà la réponse ?

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercices
#
# Des déroutements à la main, sur des piles de 2003 ou d'aujourd'hui, selon votre `SEED` :

# %%
asked = exercise("traps", SEED, level=2)
asked

# %%
answer(asked, {1: None, 2: None, 3: None, 4: None})

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Prédire une moyenne.** Avec les temps ci-dessus : combien de microsecondes dure une lecture sur les deux, si telle
# part se trouve dans le cache de l'hôte ?

# %%
found = Random(SEED).choice([25, 35, 55, 65, 75])
print(f"found in the host's cache: {found} %")
mine = predict({"ESXi": None, "Workstation": None}, names=["ESXi", "Workstation"], unit="us")
mine

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Changer quelque chose.**
#
# 1. Laissez KVM utiliser le cache de l'hôte : `linux-6 | kvm-6(disk_cache=write-back) / linux-6`. Qu'y gagne-t-il, et
#    que peut-on perdre lors d'une coupure de courant ?
# 2. Donnez le disque lui-même à l'invité de KVM (`"virtual_hardware": {"disk": "passthrough"}`). Qui est maintenant
#    plus près de la machine nue, KVM ou ESXi ?
# 3. Que peut-on faire d'un invité sur chacun ? (`vl.can(*MODELS.values())`)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## Ce que le modèle laisse de côté
#
# - **La qualité des pilotes.** Un hyperviseur natif a les siens, pour une courte liste de matériel ; un hébergé a ceux
#   de son système.
# - **Ce que l'hôte fait d'autre** : son bureau, ses mises à jour, d'autres programmes. Ici il ne fait rien.
# - **La sûreté des caches** : ce qu'un cache à écriture différée perd avec le courant est un risque, et aucun risque
#   n'est calculé ici.
# - **La virtualisation imbriquée** : un hyperviseur dans un invité.
# - Les prix des produits fermés sont supposés d'après ce que publient leurs éditeurs ; `virtlab explain` les nomme
#   tous.
