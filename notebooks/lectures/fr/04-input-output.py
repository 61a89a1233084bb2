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
# # 4. Entrées-sorties : qui transporte les paquets d'un invité ?
#
# **Question.** Une machine possède une carte réseau et un disque, et chaque invité croit avoir les siens. Quelqu'un
# transporte ses paquets et ses blocs : le modèle d'un périphérique dans un processus, un fil d'exécution (*thread*)
# derrière un anneau, un domaine qui détient les pilotes, un système placé dessous. Combien coûte chaque voie, et quand
# cela n'a-t-il aucune importance ?
#
# Exécutez les cellules de haut en bas ; cela prend quelques secondes. `SEED` est à vous : il change les exercices.
# `REVEAL` montre aussi les résultats qui n'ont pas été prédits.

# %% slideshow={"slide_type": "skip"}
import tempfile
from random import Random

from matplotlib.figure import Figure

import simulator as vl
from simulator.lecture import answer, bars, compare, exercise, lines, numbers, picture, predict, slider

# %% slideshow={"slide_type": "slide"} tags=["parameters"]
MACHINE = "laptop-2025"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## Le modèle
#
# - **Émulé** : l'invité pilote une carte qui n'existe pas. Chaque registre que touche son pilote provoque une sortie
#   de l'invité (*exit*), et du logiciel calcule ce que la carte aurait fait.
# - **Paravirtuel** : l'invité est au courant. Il écrit ses demandes dans un *anneau* en mémoire et ne réveille l'autre
#   côté que si celui-ci dort.
# - **Accès direct** (*passthrough*) : la carte appartient à un seul invité ; personne ne s'interpose.
# - **Domaine 0** : l'hyperviseur n'a pas de pilotes ; l'anneau mène à un invité privilégié qui les possède.
# - **Hébergé** (*hosted*) : l'hyperviseur est un programme d'un système et s'adresse à lui comme tout programme.
#   Celui-ci présente une carte émulée.
#
# Chacune de ces voies est une chaîne d'ouvriers. Aucun ralentissement n'est saisi d'avance : on donne les cycles d'une
# sortie, d'un tour d'anneau, d'un pilote, chacun avec son intervalle et sa source.

# %%
STATIONS = {
    "bare metal": ["driver", "", "", "card"],
    "emulated": ["driver", "exit for each\nregister", "device model:\na host process", "host's driver", "card"],
    "paravirtual": ["driver", "ring, a kick\nif it sleeps", "device thread\nof the host", "host's driver", "card"],
    "passthrough": ["driver", "", "", "", "card"],
    "domain 0": ["driver", "ring, an event\nif it sleeps", "back end in\ndomain 0", "its driver", "card"],
    "hosted": ["driver", "exit for each\nregister", "thread of the\nmonitor", "host's driver", "card"],
}
OWN, CARRIER, CARD = "#dbe6ff", "#cfcfd3", "#8d8d94"


def paths():
    """Who touches a packet on its way down: blue the guest, grey and hatched who carries it."""
    figure = Figure(figsize=(12, 4.6), layout="constrained")
    axes = figure.subplots()
    for column, (name, stations) in enumerate(STATIONS.items()):
        axes.annotate("", (column, 0.5), (column, 4), arrowprops={"arrowstyle": "->", "linewidth": 2})
        axes.text(column, 4.75, name, ha="center", weight="bold")
        for level, text in zip(
            (4, 3, 2, 1, 0), [*stations[:-1], *[""] * (5 - len(stations)), stations[-1]], strict=True
        ):
            if not text:
                continue
            if level == 3:
                axes.text(column, level, text, ha="center", va="center", fontsize=11, style="italic",
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
                continue
            colour, hatch = {4: (OWN, ""), 0: (CARD, "")}.get(level, (CARRIER, "//"))
            axes.bar(column, 0.8, 0.9, level - 0.4, facecolor=colour, hatch=hatch, edgecolor="#333333")
            axes.text(column, level, text, ha="center", va="center", fontsize=11,
                      bbox={"facecolor": colour, "edgecolor": "none", "pad": 1})  # fmt: skip
    axes.set(xlim=(-0.6, len(STATIONS) - 0.4), ylim=(-0.6, 5.1))
    axes.axis("off")
    return figure


picture(paths)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Prédire
#
# Un programme écrit des paquets de 64 octets dans l'anneau de sa carte, **un par un**, aussi vite qu'il peut. Sur la
# machine nue, le câble est la limite : un gigabit par seconde. Combien de pour cent de ce débit reste-t-il sur chaque
# voie ?

# %%
KVM = "linux-6 | kvm-6 / linux-6"
PATHS = {
    "bare metal": {"stack": "linux-6 |"},
    "emulated": {"stack": KVM, "virtual_hardware": {"disk": "emulated", "nic": "emulated"}},
    "paravirtual": {"stack": KVM, "virtual_hardware": {"disk": "paravirtual", "nic": "paravirtual"}},
    "passthrough": {"stack": KVM, "virtual_hardware": {"disk": "passthrough", "nic": "passthrough"}},
    "domain 0": {"stack": "xen-4 | linux-6"},
    "hosted": {"stack": "linux-6 | vmware-workstation-17 / linux-6"},
}
GUESTS = [name for name in PATHS if name != "bare metal"]
MODELS = {name: path["stack"] for name, path in PATHS.items()}

# %%
guess = predict(
    {"emulated": None, "paravirtual": None, "passthrough": None, "domain 0": None, "hosted": None},
    names=GUESTS,
    unit="%",
)
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Exécuter
#
# Le générateur de paquets, aussi avec des rafales de 2, 8 et 32 paquets ; puis un programme qui lit au hasard des
# blocs de 4 Kio sur un disque rapide, avec 1, 4 et 16 requêtes à la fois.

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
BURST, DEPTH = (f"tenants.app.workload.parameters.{name}" for name in ("burst_count", "threads_count"))


def run(workload, stacks=PATHS, **parameters):
    """One program on some paths."""
    app = {"workload": {"name": workload, "parameters": parameters}, "memory": "4 GiB", "vcpus": 4}
    scenario = {"version": 1, "title": workload, "machine": MACHINE, "stacks": stacks, "tenants": {"app": app}}
    return vl.run({**scenario, "replications": 1, "seed": SEED}, out=folder.name, on="serial", progress=False)


def rates(results, axis):
    """What the program achieved: a row for each value of the axis, a column for each path."""
    rows = results.tenants.merge(results.runs[["run", "stack", axis]], on="run")
    return rows.pivot_table("value", axis, "stack", observed=True, sort=False).sort_index()


packets = run("packet-generator", bursts_count=100, burst_count=[1, 2, 8, 32])
disk = run("disk-random", blocks_count=96, threads_count=[1, 4, 16], write_ratio=0)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Regarder
#
# Un paquet à la fois :

# %%
sent = rates(packets, BURST)
alone = sent.loc[1] / sent.loc[1, "bare metal"] * 100
compare(guess, alone[GUESTS], reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Puis par rafales. Un seul coup de sonnette suffit à tous les paquets d'une rafale ; mais qui les porte ?

# %%
picture(lines, sent, "packets in a burst", "million packets/s", log="x", models=MODELS)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Le disque. Une requête qui voyage seule paie chaque passage de main en main ; quand il y en a beaucoup en route, ces
# passages se recouvrent, jusqu'à ce que celui qui les porte ne se repose plus :

# %%
picture(lines, rates(disk, DEPTH) / 1000, "requests at once", "thousand reads/s", log="x", models=MODELS)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Déplacez le curseur** : combien de paquets partent ensemble ? Pour chaque paquet : le temps du processeur de
# l'invité (*guest*), celui de qui le transporte sur un autre processeur (*carrier*), et le temps sur le câble
# (*wire*). Tous travaillent en même temps : *la barre la plus longue décide* du débit. (S'endormir et se réveiller
# compte aussi comme travail.)


# %%
def work(results):
    """Microseconds of each packet: of the guest's processor, of whoever carries it, on the wire."""
    kinds = results.threads[["run", "thread", "kind"]].drop_duplicates()
    rows = results.charges.merge(results.runs[["run", "stack", BURST]], on="run").merge(kinds, on=["run", "thread"])
    done = results.tenants.set_index("run")["operations"]
    rows["us"] = rows["service_s"] / rows["run"].map(done) / rows[BURST] * 1e6
    rows["who"] = rows["kind"].astype(str).map({"program": "guest", "service": "carrier"})
    rows.loc[rows["device"] == "nic-send", "who"] = "wire"
    return rows.pivot_table("us", "stack", "who", "sum", observed=True, sort=False)[["guest", "carrier", "wire"]]


def packet(burst):
    """Where the time of a packet goes if so many leave at once."""
    results = run("packet-generator", bursts_count=150, burst_count=[burst])
    return bars(work(results).loc[list(PATHS)], f"us a packet, {burst} at once", log=True)


slider(packet, burst=[1, 2, 4, 8, 16, 32, 64], at=1)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Expliquer
#
# Trois ouvriers à la chaîne : l'invité, le porteur, le câble. Une chaîne va au rythme de son ouvrier le plus lent. Les
# prix chez KVM :

# %%
given = numbers(
    "kvm-6", "exit_cycles", "host_process_register_cycles", "nic_emulation_cycles", "nic_ring_cycles",
    "nic_further_cycles", "bridge_cycles", "nic_calls_count", "device_copy_cycles_per_byte", machine=MACHINE,
)  # fmt: skip
given

# %% [markdown] slideshow={"slide_type": "fragment"}
# À la main, pour un paquet à la fois. Chaque ligne additionne ce que le porteur fait pour un paquet : son propre
# travail, le pont de l'hôte, le pilote de l'hôte, les appels système, la copie.

# %%
catalog = vl.Catalog()
program = catalog.workload("packet-generator", MACHINE).values()
linux = catalog.layer("linux-6", MACHINE).values()
xen = catalog.layer("xen-4", MACHINE).values()
clock_hz = catalog.machine(MACHINE).devices["cpu"].values()["frequency_hz"]
copy = given["device_copy_cycles_per_byte"] * (program["packet_bytes"] - program["link_header_bytes"])
calls = given["nic_calls_count"] * (linux["null_io_cycles"] + linux["entry_guard_cycles"])
carried = {
    "emulated": [given["nic_emulation_cycles"], given["bridge_cycles"], linux["nic_driver_cycles"], calls, copy],
    "paravirtual": [given["nic_ring_cycles"], given["bridge_cycles"], linux["nic_driver_cycles"], copy],
    "domain 0": [xen["packet_back_end_cycles"], linux["nic_driver_cycles"]],
}
for name, parts in carried.items():
    us = sum(parts) / clock_hz * 1e6
    print(
        f"{name}: {' + '.join(f'{each:.0f}' for each in parts)} = {sum(parts):.0f} cycles = {us:.2f} us "
        f"-> at most {1 / us:.3f} million packets/s; simulated {sent.loc[1, name]:.3f}"
    )
own = [program["work_cycles"], given["exit_cycles"], given["host_process_register_cycles"]]
print(f"emulated, the guest's side: {' + '.join(f'{each:.0f}' for each in own)} = {sum(own):.0f} cycles")

# %% [markdown] slideshow={"slide_type": "subslide"}
# - La carte **émulée** coûte *des deux côtés* : l'invité paie une sortie et attend que le registre soit calculé, le
#   processus qui est derrière prend à peu près autant de temps.
# - Le **paravirtuel** déplace vers le porteur le travail du périphérique. L'invité ne le réveille presque jamais,
#   puisqu'il ne dort pas.
# - Le **domaine 0** fonctionne de même ; son porteur est un pilote dorsal (*back end*) dans un invité qui a les
#   pilotes.
# - Sur la voie **hébergée**, c'est l'invité qui est lent : sa carte l'interrompt à chaque rafale, et le traitement de
#   l'interruption touche cinq autres registres, chacun étant une sortie et un voyage dans un processus.
# - L'**accès direct** ne laisse personne entre les deux. Avec un seul paquet, l'invité et le câble prennent à peu près
#   autant de temps ; dès deux, c'est de nouveau le câble qui décide.
#
# Les rafales divisent ce qui se paie une fois par rafale : la sortie d'un coup de sonnette, un réveil, l'interruption
# de la carte hébergée. Elles ne divisent pas ce qui se paie par paquet : le modèle d'une carte lit chaque descripteur
# et fait un appel système pour chaque paquet, un pilote dorsal copie chacun. Les courbes de la carte émulée et du
# domaine 0 ne montent donc guère : leur porteur était dès le début l'ouvrier le plus lent. La courbe paravirtuelle
# monte : le noyau de l'hôte prend ensemble les paquets d'une rafale, chaque paquet de plus pour `nic_further_cycles`.
#
# Et le disque ? Une lecture y prend de toute façon des dizaines de microsecondes. Une à la fois, les voies diffèrent
# par ce qu'elles y ajoutent ; beaucoup à la fois, par ce qu'un porteur peut porter par seconde. « Le surcoût des
# entrées-sorties » n'est donc pas un nombre : c'est une chaîne, et il faut savoir où est son ouvrier le plus lent.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercices
#
# Un anneau et son serveur, à la main ; vos nombres dépendent de `SEED` :

# %%
asked = exercise("kicks", SEED)
asked

# %%
answer(asked, {1: None, 2: None, 3: None, 4: None, 5: None})

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Prédire un débit.** Avec les prix ci-dessus : combien de millions de paquets par seconde quittent un invité de KVM
# par sa carte paravirtuelle avec des rafales de cette taille ? (Le premier paquet coûte au porteur ce qu'il coûte seul,
# chaque paquet de plus `nic_further_cycles` ; chacun est copié.)

# %%
burst = Random(SEED).choice([3, 5, 6, 12])
print(f"burst = {burst}")
mine = predict({"paravirtual": None}, names=["paravirtual"], unit="Mpps")
mine

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Changer quelque chose.**
#
# 1. Que le fil de KVM exécute une requête après l'autre : `kvm-6(device_threads=serial)`. Combien de lectures par
#    seconde reste-t-il avec seize à la fois, et pourquoi leur nombre n'importe-t-il plus ?
# 2. Donnez à l'invité hébergé une carte paravirtuelle (`"virtual_hardware": {"nic": "paravirtual"}`). Que reste-t-il
#    de la distance à KVM ?
# 3. Quelle voie choisir pour un invité qui doit migrer pendant qu'il tourne ? (`vl.can(KVM)`)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## Ce que le modèle laisse de côté
#
# - **Ce qui devient moins cher dans une rafale.** Ici, seul le noyau de l'hôte prend les paquets ensemble ; les modèles
#   de cartes et les pilotes dorsaux paient le plein prix pour chacun, bien que leur code et leurs données restent dans
#   les caches.
# - **Les cartes que plusieurs invités partagent dans le matériel** (SR-IOV), et ce que la traduction d'une IOMMU
#   coûte.
# - **La modération des interruptions**, les files multiples, les pilotes de l'hôte qui scrutent (DPDK, io_uring).
# - **Qui d'autre veut les processeurs.** Ici les porteurs ont leurs propres processeurs ; sinon ils prennent ceux de
#   l'invité.
# - Beaucoup de prix sont supposés, avec de larges intervalles : l'*ordre* des voies est plus sûr que les distances.
