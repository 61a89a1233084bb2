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
# # 7. Conteneurs : des noms, des règles et des couches
#
# **Question.** Un conteneur n'est pas une machine. Ce sont des processus d'un noyau ordinaire à qui l'on montre
# d'autres *noms*, que l'on soumet à des *règles*, et qui voient un système de fichiers fait de *couches*. Que coûte
# chacun des trois, et que donne-t-il ?
#
# Exécutez les cellules de haut en bas ; cela prend quelques secondes.

# %% slideshow={"slide_type": "skip"}
import tempfile
from random import Random

import pandas as pd

import simulator as vl
from simulator.lecture import answer, bars, compare, exercise, lines, numbers, picture, predict, slider, stacks

# %% slideshow={"slide_type": "skip"} tags=["parameters"]
MACHINE = "server-2025"
PRODUCT = "docker-27"
SEED = 1
REVEAL = False

# %% [markdown] slideshow={"slide_type": "slide"} tags=["picture"]
# ## Le modèle
#
# En gris hachuré, ce que partagent les locataires A et B. Les conteneurs partagent un seul noyau, comme des
# processus ; les machines virtuelles ont chacune le leur.

# %%
stacks(
    {"processes": "linux-6 |", "containers": f"linux-6 | {PRODUCT}", "virtual machines": "linux-6 | kvm-6 / linux-6"}
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# - Les **espaces de noms** (*namespaces*) sont des tables de noms à soi : fichiers (montages), processus, réseau,
#   utilisateurs, nom d'hôte, messages. Qui n'a pas de nom pour une chose ne peut la demander. Ils ne divisent rien :
#   derrière les noms, le noyau est unique.
# - Les **groupes de contrôle** (*cgroups*) sont des règles pour un groupe de processus : poids, quota, ensemble de
#   processeurs, mémoire, nombre de processus, disque. Ils divisent ce qui est rare, mais seulement ce pour quoi
#   quelqu'un a fixé une règle.
# - Les **images** sont des couches de fichiers, en lecture seule, posées l'une sur l'autre, et une couche supérieure
#   pour ce qu'on écrit. Les couches identiques ne sont gardées et transférées qu'une fois ; un fichier modifié est
#   d'abord copié vers le haut.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["predict"]
# ## Prédire
#
# Deux conteneurs sur quatre processeurs, à droits égaux. **A** a quatre fils qui calculent ; **B** n'en a *qu'un*.
# Combien de processeurs A reçoit-il avec des *poids* (égaux, *weights*), avec des *quotas* de 200 % chacun, et avec
# deux *processeurs réservés* (*processors of their own*) chacun ?

# %%
RULES = {
    "weights": ({"weight": 1}, {"weight": 1}),
    "quotas of 200 %": ({"cap": "200 %"}, {"cap": "200 %"}),
    "processors of their own": ({"cpus": "0-1"}, {"cpus": "2-3"}),
}
FOUR = {"base": MACHINE, "devices": {"cpu": {"cores": 4, "threads_per_core": 1}}}

# %%
guess = predict(
    {"weights": None, "quotas of 200 %": None, "processors of their own": None}, names=list(RULES), unit="processors"
)
guess

# %% [markdown] slideshow={"slide_type": "slide"} tags=["run"]
# ## Exécuter

# %%
folder = tempfile.TemporaryDirectory(prefix="virtlab-")
WANTED = "tenants.B.workload.parameters.threads"
SECONDS = 0.1


def run(title, stacks, tenants, machine=MACHINE, **more):
    """A short scenario, once."""
    scenario = {"version": 1, "title": title, "machine": machine, "stacks": stacks, "tenants": tenants}
    return vl.run({**scenario, "replications": 1, "seed": SEED, **more}, out=folder.name, on="serial", progress=False)


def hog(threads):
    """A program whose threads always compute."""
    return {"workload": {"name": "cpu-hog", "parameters": {"threads": threads}}, "memory": "1 GiB"}


def divided(rule_a, rule_b, wanted):
    """Processors that A (four threads) and B (so many threads) get: a row for each number of B's threads."""
    tenants = {"A": {**hog(4), **rule_a}, "B": {**hog(wanted), **rule_b}}
    results = run("rules", {"containers": f"linux-6 | {PRODUCT}"}, tenants, FOUR, duration=f"{SECONDS} s")
    threads = results.threads.merge(results.runs[["run", *results.axes]], on="run")
    threads = threads[threads["kind"] == "program"].assign(used=threads["useful_s"] / SECONDS)
    return threads.pivot_table("used", WANTED, "tenant", "sum", observed=True)


shares = pd.concat({name: divided(*rules, [1, 4]) for name, rules in RULES.items()}, names=["rule", "B wants"])
modest, greedy = (shares.xs(wanted, level="B wants").loc[list(RULES)] for wanted in (1, 4))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["look"]
# ## Regarder : les règles

# %%
compare(guess, modest["A"], reveal=REVEAL)

# %%
picture(bars, pd.DataFrame({"A, if B wants one": modest["A"], "A, if B wants four": greedy["A"]}), "processors")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Un poids ne compte que tant qu'un autre veut le processeur : ce que B laisse, A le prend. Un quota et des processeurs
# réservés tiennent même si personne ne veut le reste. Quand les deux veulent tout, les trois règles donnent la même
# chose.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Les noms.** Le temps de processeur de demandes isolées, en microsecondes, peu importe qui le paie. (`null` : un
# appel système qui ne fait rien.)

# %%
PLACES = {"process": "linux-6 |", "container": f"linux-6 | {PRODUCT}", "virtual machine": "linux-6 | kvm-6 / linux-6"}
catalog = vl.Catalog()


def processor_us(stack, demand):
    """Processor time of one demand, of whoever pays it."""
    return vl.explain(stack, demand, MACHINE, catalog=catalog).totals[-1].processor_s * 1e6


demands = ["null", "open", "stat", "create", "send 1448 B"]
pd.DataFrame({name: {each: processor_us(stack, each) for each in demands} for name, stack in PLACES.items()}).round(2)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Les appels d'un conteneur passent par un filtre, et les noms sont cherchés dans des couches ; c'est la création d'un
# fichier qui renchérit le plus : là, l'union a son propre travail. Les appels d'une machine virtuelle restent dans son
# propre noyau et coûtent ce que paie un processus, jusqu'à ce qu'il leur faille un périphérique : alors c'est
# l'inverse.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Les couches : la copie vers le haut.** On ajoute une ligne à un fichier de 42 Mo. Venu avec l'image, il doit
# d'abord être copié dans la couche supérieure du conteneur (*copy-up*) ; un *volume* est un répertoire de l'hôte, et
# non une couche.

# %%
FILES = 4
script = {"instances_count": 1, "files_count": FILES, "groups_count": 1}
where = {
    "process": "linux-6 |",
    "file of the image": f"linux-6 | {PRODUCT}",
    "file of a volume": f"linux-6 | {PRODUCT}(storage=host)",
}
writer = {"workload": {"name": "append-to-big-files", "parameters": script}, "memory": "2 GiB"}
appended = run("append", where, {"app": writer})
appended_ms = (
    appended.tenants.merge(appended.runs[["run", "stack"]], on="run").set_index("stack")["value"] * 1e3 / FILES
)
picture(bars, appended_ms[list(where)].to_frame("append"), "ms for a line appended to a file of 42 MB")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Les couches : transférées une fois.** Quatre images amenées l'une après l'autre sur un hôte vide (`virtlab pull`).
# Elles reposent sur la même base ; petclinic-3.1 est petclinic-3 après une modification de son propre code :

# %%
delivery = vl.pull("nginx-1.27", "petclinic-3", "petclinic-3.1", "shop-1", link="100 Mbit/s")
print(f"on the disk: {delivery.disk_bytes / 1e6:.0f} MB; without sharing: {delivery.alone_bytes / 1e6:.0f} MB")
pd.DataFrame(
    {
        each.image: {
            "layers held": len(each.held),
            "layers fetched": len(each.fetched),
            "MB moved": round(each.moved_bytes / 1e6, 1),
            "seconds": round(each.end_s - each.begin_s, 1),
        }
        for each in delivery.reports
    }
).T.astype({"layers held": int, "layers fetched": int})

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Déplacez le curseur.** Un quota est un budget pour une période. Un serveur fait une milliseconde de travail toutes
# les onze, à côté d'un fil qui prend tout ce qui reste. Quand le budget est épuisé, tous ses fils s'arrêtent jusqu'au
# début de la période suivante. La figure : la durée de ses réponses, jusqu'à la plus longue.

# %%
PERIODS = {"10 ms": 0.010, "100 ms": 0.100}
PARTS = [50, 75, 90, 95, 100]
work = {"pieces": 60, "period": "11 ms", "piece": "3.5e6 cycles", "beside": 1}


def quota(percent):
    """How long a server's answers take under a quota, by the length of its period, slice by slice."""
    server = {"workload": {"name": "lat-10ms-1ms", "parameters": work}, "memory": "1 GiB", "cap": f"{percent} %"}
    tenants = {"server": {**server, "cap_period": list(PERIODS)}}
    results = run("quota", {"container": f"linux-6 | {PRODUCT}"}, tenants, FOUR, fidelity="quantum")
    answers = results.requests.merge(results.runs[["run", "tenants.server.cap_period"]], on="run")
    answers = answers[answers["kind"].astype(str) == "piece"]
    table = {
        name: answers[answers["tenants.server.cap_period"] == seconds]["latency_s"].quantile([p / 100 for p in PARTS])
        for name, seconds in zip(PERIODS, sorted(answers["tenants.server.cap_period"].unique()), strict=True)
    }
    table = pd.DataFrame({f"period {name}": column.to_numpy() * 1e3 for name, column in table.items()}, index=PARTS)
    return lines(table, f"% of the answers, quota {percent} %", "ms")


slider(quota, percent=[30, 45, 60, 90, 120], at=60)

# %% [markdown] slideshow={"slide_type": "fragment"}
# La même part de processeur, et des attentes bien différentes : avec de longues périodes, les réponses les plus lentes
# attendent une bonne partie d'une période, qui est longue ; avec des courtes, une partie d'une courte. Une moyenne
# n'en montre rien.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["explain"]
# ## Expliquer
#
# Que coûte la copie ? Un fichier de l'image est en mémoire ; page par page il entre encore une fois dans le cache de
# pages, comme fichier de la couche supérieure, et il est copié. Les prix du noyau, et celui de l'union :

# %%
kernel = numbers("linux-6", "page_write_cycles", "copy_cycles_per_byte", machine=MACHINE)
kernel

# %%
overlay = numbers(PRODUCT, "overlay_copy_cycles", machine=MACHINE)
overlay

# %% [markdown] slideshow={"slide_type": "fragment"}
# À la main ; *simulated* est ce que le conteneur prend de plus que le processus :

# %%
clock_hz = catalog.machine(MACHINE).devices["cpu"].values()["frequency_hz"]
size_bytes = catalog.workload("append-to-big-files", MACHINE).values()["file_bytes"]
pages, page_bytes = size_bytes / 4096, 4096
parts = {
    f"{pages:.0f} pages × {kernel['page_write_cycles']:.0f}": pages * kernel["page_write_cycles"],
    f"{size_bytes:.0f} bytes × {kernel['copy_cycles_per_byte']:.3f}": size_bytes * kernel["copy_cycles_per_byte"],
    "the file looked up, made and renamed": overlay["overlay_copy_cycles"],
}
for text, cycles in parts.items():
    print(f"{text} = {cycles / 1e6:.2f} M cycles")
by_hand_ms = sum(parts.values()) / clock_hz * 1e3
more_ms = appended_ms["file of the image"] - appended_ms["process"]
print(f"together {sum(parts.values()) / 1e6:.2f} M cycles = {by_hand_ms:.2f} ms; simulated {more_ms:.2f} ms")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Sans la copie, une ligne prend une fraction de milliseconde, presque tout étant le travail du script lui-même. La
# deuxième ligne aussi : la copie ne se fait qu'une fois. C'est pourquoi les bases de données gardent leurs fichiers
# dans des volumes, et pourquoi une petite image n'est pas la même chose qu'un conteneur léger.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["exercises"]
# ## Exercices
#
# Un quota, à la main ; vos nombres dépendent de `SEED` :

# %%
asked = exercise("quota", SEED)
asked

# %%
answer(asked, {1: None, 2: None, 3: None, 4: None})

# %% [markdown] slideshow={"slide_type": "subslide"}
# Des images et leurs couches :

# %%
layers = exercise("image_layers", SEED)
layers

# %%
answer(layers, {1: None, 2: None, 3: None, 4: None})

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Prédire un partage.** De nouveau quatre processeurs et quatre fils dans A ; cette fois avec ces poids, et B veut ce
# nombre de processeurs.

# %%
wanted, weight = Random(SEED).choice([1, 2, 3]), Random(SEED).choice([2, 3, 7])
print(f"B wants {wanted} processors; A weighs 1, B weighs {weight}")
mine = predict({"A": None, "B": None}, names=["A", "B"], unit="processors")
mine

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Changer quelque chose.**
#
# 1. Amenez `petclinic-3` sur un hôte qui détient `shop-1` (`held=["shop-1"]`), puis paresseusement (`lazy=True`). Que
#    transfère-t-on ?
# 2. Ajoutez plutôt une ligne à beaucoup de petits fichiers (`append-to-small-files`, `files_count` 100). De quoi le
#    coût de la copie est-il fait maintenant ?
# 3. Que peut-on faire à une machine virtuelle et pas à un conteneur, et pourquoi ? (`vl.can(*PLACES.values())`)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["leaves-out"]
# ## Ce que le modèle laisse de côté
#
# - **La sécurité.** Un espace de noms qui fuit ne coûte rien ici ; `virtlab blast` compte les interfaces et leur
#   largeur, jamais des probabilités.
# - **Les règles que personne n'a fixées.** Ce qu'un voisin fait d'un noyau partagé est l'objet de la séance 8.
# - **Le contenu des fichiers** : deux couches sont identiques si elles portent le même nom, non parce que leurs octets
#   le sont.
# - **Les réseaux entre hôtes**, l'orchestration, les contrôles de santé.
# - Les coûts de l'union et du filtre ont été mesurés sur une machine et reportés sur celle-ci.
