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
# # 9. Déployer, figer, migrer
#
# **Question.** Que peut-on faire *à* un locataire pendant qu'il tourne (le livrer, l'arrêter pour regarder dedans, le
# conserver, le ramener en arrière, le déplacer) ? Qui le fait, et pendant combien de temps le locataire est-il
# immobile ?

# %% slideshow={"slide_type": "skip"}
import tempfile

import pandas as pd
from matplotlib.figure import Figure

import simulator as vl
from simulator import laws
from simulator.lecture import answer, compare, exercise, predict, slider, stacks

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
MACHINE = "server-2025"
LINK = "1 Gbit/s"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## Le modèle : une opération appartient à une couche
#
# Une opération est exécutée par *une seule couche*, sur ce qui repose sur elle. Un noyau arrête des processus, un
# moteur les processus d'un conteneur, un hyperviseur un système entier. On ne peut conserver que ce que cette couche
# voit comme un tout : une partie de l'état d'un conteneur se trouve dans le noyau (en gris), dont d'autres se servent
# aussi.

# %%
STACKS = {
    "container": "linux-6 | docker-27",
    "KVM": "linux-6 | kvm-6 / linux-6",
    "Firecracker": "linux-6 | firecracker-1 / linux-6",
}
stacks(STACKS)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Qui peut faire quoi découle des couches ; chaque « non » a une raison et une solution de rechange. `virtlab can`
# affiche la même chose.

# %%
able = dict(zip(STACKS, vl.can(*STACKS.values(), machine=MACHINE), strict=True))
words = ["pause", "inspect", "snapshot", "roll-back", "checkpoint", "migrate", "own-kernel", "package"]
print(able["container"]["snapshot"].why_not)
pd.DataFrame({name: {word: capability[word].by or "no" for word in words} for name, capability in able.items()})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Prédire
#
# Pendant combien de *millisecondes* le locataire est-il immobile ? Un service dans une machine de 256 Mio
#
# - est conservé par un instantané (*snapshot*), et y revient une seconde plus tard, sous KVM et sous Firecracker ;
# - se déplace sous KVM vers un autre hôte, par un lien de 1 Gbit/s, pendant qu'il écrit 10 ou 80 Mo par seconde.
#
# Et qu'arrive-t-il s'il écrit 320 Mo par seconde, plus que le lien ne transporte ?

# %%
NAMES = [
    "snapshot, KVM",
    "snapshot, Firecracker",
    "roll back, KVM",
    "roll back, Firecracker",
    "migrate, 10 MB/s",
    "migrate, 80 MB/s",
]
guess = predict(
    {
        "snapshot, KVM": None,
        "snapshot, Firecracker": None,
        "roll back, KVM": None,
        "roll back, Firecracker": None,
        "migrate, 10 MB/s": None,
        "migrate, 80 MB/s": None,
    },
    names=NAMES,
    unit="ms",
)
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Exécuter : arrêter et regarder, conserver et revenir
#
# Les opérations figurent dans le scénario, chacune avec son instant. Elles ont lieu en temps simulé, sur les mêmes
# processeurs et disques que tout le reste.

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")


def run(models, workload, operations, duration):
    scenario = {
        "version": 1,
        "title": "operations",
        "machine": {"base": MACHINE, "devices": {"nic": {"link": LINK}}},
        "stacks": models,
        "tenants": {"service": {"workload": workload, "memory": "256 MiB", "vcpus": 1}},
        "operations": operations,
        "duration": duration,
        "replications": 1,
        "seed": SEED,
    }
    return vl.run(scenario, out=folder.name, on="serial", progress=False)


def reports(results, *columns):
    joined = results.operations.merge(results.runs[["run", *dict.fromkeys(["stack", *results.axes])]])
    return joined[[*results.axes, "at_s", "operation", "how", "downtime_s", *columns]]


HELD = {"held_bytes": "64 MiB", "step_s": "0 s", "active_bytes": "16 MiB", "cached_bytes": "16 MiB"}
kept = run(
    STACKS,
    {"name": "memory-user", "parameters": {**HELD, "requests_count": 1000}},
    [
        {"at": "0.2 s", "pause": "service"},
        {"at": "0.25 s", "inspect": "service"},
        {"at": "0.3 s", "resume": "service"},
        {"at": "0.5 s", "snapshot": "service", "as": "before"},
        {"at": "1.5 s", "roll_back": "service", "to": "before"},
    ],
    "2.5 s",
)
looked = kept.inspections
looked[looked["thread"] == "main"][["at_s", "node", "state", "doing"]]

# %% [markdown] slideshow={"slide_type": "subslide"}
# Voilà le *débogage* : on regarde dans le locataire suspendu, fil par fil, et il n'en sait rien. D'une machine
# virtuelle, l'hyperviseur voit aussi les fils du noyau invité.
#
# ## Exécuter : le déplacer pendant qu'il tourne
#
# La *pré-copie* envoie toute la mémoire pendant que l'invité tourne, puis ce qu'il a écrit entre-temps, puis ce qu'il a
# écrit pendant cela.

# %%
moved = run(
    {"KVM": STACKS["KVM"]},
    {
        "name": "page-dirtier",
        "parameters": {"held": "128 MiB", "set": "64 MiB", "write": ["10 MB/s", "80 MB/s", "320 MB/s"]},
    },
    [{"at": "0.5 s", "migrate": "service", "give_up_after": "5 s"}],
    "6.5 s",
)
WRITE = "tenants.service.workload.parameters.write"
migrations = reports(moved, "duration_s", "moved_bytes", "outcome").set_index(WRITE)
operations = reports(kept, "disk_bytes", "work_lost_s", "outcome").set_index(["operation", "stack"])
simulated = {
    **{
        f"{word}, {stack}": 1e3 * operations.loc[(name, stack), "downtime_s"]
        for word, name in (("snapshot", "snapshot"), ("roll back", "roll_back"))
        for stack in ("KVM", "Firecracker")
    },
    **{f"migrate, {rate}": 1e3 * migrations.loc[rate, "downtime_s"] for rate in ("10 MB/s", "80 MB/s")},
}

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Regarder
#
# Ce que vous n'avez pas prédit reste caché (`REVEAL = True` dans les paramètres montre tout).

# %%
compare(guess, simulated, reveal=REVEAL)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Qu'est devenu l'invité qui écrit plus vite que le lien n'envoie, et le conteneur qu'il fallait conserver ?

# %%
print("320 MB/s: ", migrations.loc["320 MB/s", "outcome"])
print("container:", str(operations.loc[("snapshot", "container"), "outcome"]).partition(";")[0])
rewound = operations.loc["roll_back"].loc[["KVM", "Firecracker"]]
rewound[["how", "downtime_s", "work_lost_s"]].round(4)

# %% [markdown]
# - **Un instantané** immobilise aussi longtemps qu'il faut pour écrire la mémoire.
# - **Le retour** relit tout sous KVM (`eager`), en un temps du même ordre. Firecracker se contente de *projeter* le
#   fichier en mémoire (`lazy`) : il est revenu aussitôt et paie plus tard, page par page, au premier accès.
# - **Le travail fait depuis est perdu**, dans les deux cas : revenir en arrière, c'est revenir en arrière.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Déplacez le curseur : qu'envoie chaque tour quand l'invité écrit tant par seconde ? Il est immobile pendant le
# dernier. La ligne en tirets est le reste que permet la limite de KVM, 300 ms (forme close, `simulator.laws`).

# %%
tenant = moved.tenants.iloc[0]
catalog = vl.Catalog()
nic = catalog.machine(MACHINE).devices["nic"].values()
headers = catalog.layer("linux-6", MACHINE).values()["header_bytes"] + nic["frame_bytes"]
MEMORY = tenant["memory_program_bytes"] + tenant["memory_kernel_bytes"]
SET = 64 * 2**20
RATE = 125e6 * 1448 / (1448 + headers)
LIMIT_S = catalog.layer("kvm-6", MACHINE).control["migration"]["downtime_limit_s"].value


def rounds(write_MB_per_s):
    sent = laws.precopy_sent_bytes(MEMORY, RATE, write_MB_per_s * 1e6, SET, 12)
    over = [number for number, size in enumerate(sent) if size <= LIMIT_S * RATE]
    last = over[0] if over else len(sent) - 1
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots()
    for number, size in enumerate(sent[: last + 1]):
        standing = bool(over) and number == last
        axes.bar(number, size / 1e6, color="#d55e00" if standing else "#0072b2", edgecolor="#333333")
    axes.axhline(LIMIT_S * RATE / 1e6, color="#333333", linestyle="--")
    axes.set(xlabel="round", ylabel="sent, MB", xlim=(-0.6, 12.6))
    still = f"stands still for {sent[last] / RATE * 1e3:.0f} ms" if over else "never ends"
    axes.set_title(f"writes {write_MB_per_s} MB/s: {sum(sent[: last + 1]) / RATE:.2f} s, {still}", loc="left")
    return figure


slider(rounds, write_MB_per_s=[5, 10, 20, 40, 60, 80, 100, 115, 160, 320], at=80)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Expliquer : une migration, à la main
#
# *M* est la mémoire qui contient quelque chose, *W* l'ensemble des pages que l'invité réécrit sans cesse, *D* ce qu'il
# écrit par seconde, *B* ce que le lien transporte hors en-têtes. Un tour envoie ce qui a été écrit pendant le
# précédent, mais jamais plus que *W*. KVM arrête l'invité lorsque le reste tient dans sa limite d'immobilité (valeur
# par défaut de QEMU : `virtlab show kvm-6`).

# %%
write = 80e6
sent = laws.precopy_sent_bytes(MEMORY, RATE, write, SET, 12)
last = next(number for number, size in enumerate(sent) if size <= LIMIT_S * RATE)
print(
    f"M = {MEMORY / 1e6:.1f} MB, W = {SET / 1e6:.1f} MB, D = 80 MB/s, B = 125 × 1448 / {1448 + headers:.0f} = ", end=""
)
print(f"{RATE / 1e6:.1f} MB/s; limit {LIMIT_S:g} s × B = {LIMIT_S * RATE / 1e6:.1f} MB")
for number, size in enumerate(sent[: last + 1]):
    why = "M" if not number else f"min({write / RATE:.3f} × {sent[number - 1] / 1e6:.1f}, W)"
    print(f"round {number}: {why:22} = {size / 1e6:6.1f} MB, {size / RATE:.3f} s")
total_s = sum(sent[: last + 1]) / RATE
simulated_s = migrations.loc["80 MB/s", "duration_s"]
print(f"in all {total_s:.2f} s by hand, {simulated_s:.2f} s simulated: {simulated_s / total_s - 1:+.1%}")

# %% [markdown]
# La machine simulée a plus à faire : elle marque les pages, envoie un en-tête avec chacune, examine le reste dix fois
# par seconde et arrête l'invité dès qu'il tient dans la limite, au milieu d'un tour. Un invité qui écrit peu est donc
# immobile presque aussi longtemps qu'un invité qui écrit beaucoup : aussi longtemps que la règle le permet, et non
# aussi peu que le lien le pourrait.
#
# Pour l'invité à 320 Mo/s, chaque tour après le premier envoie tout *W* :

# %%
print(f"W / B = {SET / 1e6:.1f} / {RATE / 1e6:.1f} = {SET / RATE:.2f} s; the limit is {LIMIT_S:g} s: never")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Déployer : seulement ce qui manque
#
# La même application, comme image de conteneur et comme disque de machine virtuelle, par 100 Mbit/s : vers un hôte
# vide, et après un changement de son propre code vers un hôte qui a la version précédente.

# %%
SHIPPED = {"container": ("petclinic-3.1", "petclinic-3"), "disk": ("petclinic-disk-3.1", "petclinic-disk-3")}
rows = []
for name, (image, before) in SHIPPED.items():
    stack = STACKS["container"] if name == "container" else STACKS["KVM"]
    for held in ([], [before]):
        report = vl.pull(image, stack=stack, held=held, link="100 Mbit/s").reports[0]
        rows.append([name, ", ".join(held) or "nothing", report.moved_bytes / 1e6, report.end_s - report.begin_s])
pd.DataFrame(rows, columns=["as", "already there", "fetched, MB", "seconds"]).round(1)

# %% [markdown]
# Une image est une suite de couches, et qui possède les couches inférieures ne télécharge que les supérieures. Le
# disque a lui aussi des couches, mais plus grossières : après le même changement, un plus gros morceau en est
# différent.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercices
#
# 1. Deux cas rien que pour vous (autre `SEED`, autres nombres) : une migration, et les couches
#    d'images dont une est supprimée.
# 2. L'invité de cette séance se déplace par un lien de `link_Gbit` (ci-dessous) au lieu de 1 Gbit/s, et la limite
#    propre à QEMU, 128 Mio/s, est levée. Combien de temps dure le premier tour, et combien de temps l'invité est-il
#    immobile au plus, s'il écrit aussi vite qu'il peut et qu'on l'arrête malgré tout ? (Par la forme close.)
# 3. À quoi renonceriez-vous pour déplacer l'invité qui écrit 320 Mo/s par 1 Gbit/s ? Nommez trois moyens, et qui paie
#    chacun d'eux.
# 4. Un conteneur ne peut pas être conservé par un instantané. Où, dans l'image, placeriez-vous une couche pour qu'il le
#    puisse ?

# %%
migration = exercise("migration", SEED)
migration

# %%
answer(migration, {1: None, 2: None, 3: None, 4: None, 5: None})

# %%
layers = exercise("image_layers", SEED, level=2)
layers

# %%
answer(layers, {1: None, 2: None, 3: None, 4: None, 5: None})

# %%
link_Gbit = 2 + SEED % 9
print(f"link: {link_Gbit} Gbit/s")
compare(
    predict({"first round": None, "stands still": None}, names=["first round", "stands still"], unit="ms"),
    {"first round": 1e3 * MEMORY / (link_Gbit * RATE), "stands still": 1e3 * SET / (link_Gbit * RATE)},
    reveal=REVEAL,
)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## Ce que le modèle laisse de côté
#
# - **Les disques ne se déplacent pas** : les deux hôtes sont censés voir le même stockage.
# - **Les programmes ignorent qu'on les a ramenés en arrière.** Leurs correspondants, eux, peuvent s'en apercevoir :
#   connexions, horloges et ce qu'ils ont déjà dit à d'autres ne sont pas repris.
# - **Les nombres des opérations** sont supposés pour beaucoup de produits, avec de larges intervalles (`virtlab show
#   kvm-6`).
# - **La post-copie** (tourner là-bas aussitôt, chercher les pages au premier accès), le ralentissement
#   (`auto_converge`) et la règle des cinq tours de Xen sont dans `scenarios/move-it-while-it-runs.yaml`.
# - **Beaucoup à la fois** : cinquante démarrages côte à côte ont une étape en commun ;
#   `scenarios/starts-side-by-side.yaml`.
