// The page's own words in two languages; names and titles of the catalog stay as they are.

const EN = {
  skip: "To the answer", lecture: "Predict first", language: "Français", ask: "What is asked",
  workload: "Workload", machine: "Machine", stacks: "Stacks, from the hardware up", add: "Add a stack", fit: "Take stacks that can run it", refused: "This cannot be simulated: see what stands in red beside the fields.",
  stack: "Stack", remove: "Remove stack", baseline: "baseline", tenant: "The tenant",
  parameter: "A number of the workload", neighbour_parameter: "A number of the neighbour's workload",
  vcpus: "Processors of each tenant", memory_gib: "Memory of each tenant", weight: "Weight beside the neighbours",
  intensity: "Part of the time at work", duration_s: "Simulated time", to_the_end: "until the program ends",
  neighbours_title: "Noisy neighbours", neighbour: "They run", nobody: "nobody", aggressors: "aggressors",
  all: "all workloads", neighbours: "How many", neighbour_intensity: "Part of the time at work",
  take: "Take it along", copy_link: "Copy link", copy_yaml: "Copy YAML", download: "Download YAML", reset: "Start anew",
  copied: "Copied.", not_copied: "The browser does not let me copy; it is at the bottom of the page.",
  shown: "In large:", overhead: "overhead", work: "useful work", latency: "latency, p99", loss: "loss to neighbours",
  alone: "alone", beside: "beside neighbours", overhead_short: "overhead", work_short: "work", latency_short: "p99", loss_short: "loss", overhead_unit: "more for the same work",
  baseline_unit: "the others against this", loss_unit: "lost beside the neighbours", latency_unit: "99 % are faster",
  slower_unit: "p99, ×{0} beside neighbours",
  guess_stack: "Your guess for", guess_number: "is", reveal: "Show", hidden: "?",
  verdict: "{0}: guessed {1}, simulated {2}.", numbers: "All numbers", scenario: "The scenario as YAML",
  status: "Drawn in {0} s: {1} runs ({2} of them simulated before), {3} of simulated time, {4} events. One replication: 'virtlab run' of the YAML has intervals.",
  busy: "Simulating …", lost: "The server does not answer. Is 'virtlab serve' still running?",
  where: "Where the processor time goes", where_small: "for the same work, alone; {0} = 1",
  times: "What the tenant's threads do with their time", times_small: "for one operation, alone (above) and beside neighbours (below)",
  loss_title: "What the neighbours cost", loss_small: "part of its performance that the tenant loses",
  trees: "What stands on what", trees_small: "thick: shared by all on the machine; thin: one tenant's own",
  shared: "shared", more: "and {0} more", asked: "{0} on {1}{2}: what does each way of virtualizing cost?",
  asked_beside: " beside {0} × {1}", model: "stack", events: "events", operations: "operations",
  useful_s: "program", overhead_s: "layers", stalled_s: "waits for memory", ready_s: "its own threads first",
  steal_s: "others have the processor", throttled_s: "stopped by its cap", overhead_wait_s: "waits for a layer",
  paused_s: "paused", blocked_disk_s: "waits for the disk", blocked_network_s: "waits for the network",
  blocked_message_s: "waits for a message", blocked_lock_s: "waits for a lock",
  "over budget": "takes too long", failed: "failed", "did not finish": "not done in this time",
  "did not respond": "did not respond", "could not fork": "could not fork", "out of memory": "out of memory",
  killed: "killed", lost_word: "lost", hung: "hung",
  seeds: "Luck (seed)",
};

const FR = {
  skip: "Aller à la réponse", lecture: "Prédire d'abord", language: "English", ask: "La question",
  workload: "Charge", machine: "Machine", stacks: "Piles, à partir du matériel", add: "Ajouter une pile", fit: "Prendre des piles qui conviennent", refused: "Impossible à simuler : voir en rouge à côté des champs.",
  stack: "Pile", remove: "Enlever la pile", baseline: "référence", tenant: "Le locataire",
  parameter: "Un nombre de la charge", neighbour_parameter: "Un nombre de la charge du voisin",
  vcpus: "Processeurs de chaque locataire", memory_gib: "Mémoire de chaque locataire", weight: "Poids face aux voisins",
  intensity: "Part du temps au travail", duration_s: "Temps simulé", to_the_end: "jusqu'à la fin du programme",
  neighbours_title: "Voisins bruyants", neighbour: "Ils exécutent", nobody: "personne", aggressors: "agresseurs",
  all: "toutes les charges", neighbours: "Combien", neighbour_intensity: "Part du temps au travail",
  take: "À emporter", copy_link: "Copier le lien", copy_yaml: "Copier le YAML", download: "Télécharger le YAML", reset: "Recommencer",
  copied: "Copié.", not_copied: "Le navigateur refuse la copie ; le texte est en bas de la page.",
  shown: "En grand :", overhead: "surcoût", work: "travail utile", latency: "latence, p99", loss: "perte due aux voisins",
  alone: "seul", beside: "avec voisins", overhead_short: "surcoût", work_short: "travail", latency_short: "p99", loss_short: "perte", overhead_unit: "de plus pour le même travail",
  baseline_unit: "les autres face à elle", loss_unit: "perdus à côté des voisins", latency_unit: "99 % sont plus rapides",
  slower_unit: "p99, ×{0} avec voisins",
  guess_stack: "Votre prédiction pour", guess_number: "est", reveal: "Montrer", hidden: "?",
  verdict: "{0} : prédit {1}, simulé {2}.", numbers: "Tous les nombres", scenario: "Le scénario en YAML",
  status: "Dessiné en {0} s : {1} simulations ({2} déjà faites), {3} de temps simulé, {4} événements. Une réplication : « virtlab run » du YAML donne des intervalles.",
  busy: "Simulation …", lost: "Le serveur ne répond pas. « virtlab serve » tourne-t-il encore ?",
  where: "Où va le temps processeur", where_small: "pour le même travail, seul ; {0} = 1",
  times: "Ce que font les fils du locataire", times_small: "pour une opération, seul (en haut) et avec voisins (en bas)",
  loss_title: "Ce que coûtent les voisins", loss_small: "part de sa performance que perd le locataire",
  trees: "Qui repose sur quoi", trees_small: "trait épais : partagé par tous ; trait fin : propre à un locataire",
  shared: "partagé", more: "et {0} de plus", asked: "{0} sur {1}{2} : que coûte chaque façon de virtualiser ?",
  asked_beside: " à côté de {0} × {1}", model: "pile", events: "événements", operations: "opérations",
  useful_s: "programme", overhead_s: "couches", stalled_s: "attend la mémoire", ready_s: "ses autres fils d'abord",
  steal_s: "d'autres ont le processeur", throttled_s: "arrêté par son plafond", overhead_wait_s: "attend une couche",
  paused_s: "en pause", blocked_disk_s: "attend le disque", blocked_network_s: "attend le réseau",
  blocked_message_s: "attend un message", blocked_lock_s: "attend un verrou",
  "over budget": "trop long", failed: "échec", "did not finish": "pas fini dans ce temps",
  "did not respond": "ne répond plus", "could not fork": "fork impossible", "out of memory": "plus de mémoire",
  killed: "tué", lost_word: "perdu", hung: "bloqué",
  seeds: "Hasard (graine)",
};

const LANGUAGES = { en: EN, fr: FR };
let language = "en";

export function speak(wanted) {
  language = LANGUAGES[wanted] ? wanted : "en";
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  document.getElementById("language").textContent = word("language");
}

export function spoken() { return language; }
export function other() { return language === "en" ? "fr" : "en"; }

// A word, with {0}, {1} ... replaced; one that has no translation is its own.
export function word(name, ...values) {
  const text = LANGUAGES[language][name] ?? name;
  return text.replace(/\{(\d)\}/g, (_, index) => values[index] ?? "");
}

// How an outcome is called.
export function outcome(name) { return name === "lost" ? word("lost_word") : word(name); }

export function number(value, digits = 3) {
  return new Intl.NumberFormat(language, { maximumSignificantDigits: digits, useGrouping: true }).format(value);
}

const LADDERS = {
  s: [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]],
  bytes: [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "B"]],
};

// A quantity in the unit that suits it.
export function quantity(value, unit, digits = 3) {
  if (value === null || value === undefined) return "–";
  const ladder = LADDERS[unit];
  if (ladder) {
    const [scale, symbol] = ladder.find(([each]) => Math.abs(value) >= each * 0.9995) ?? ladder[ladder.length - 1];
    return value === 0 ? `0 ${unit === "s" ? "s" : "B"}` : `${number(value / scale, digits)} ${symbol}`;
  }
  if (unit === "ratio") return `${number(value * 100, digits)} %`;
  if (Math.abs(value) >= 1e5) {
    const [scale, symbol] = Math.abs(value) >= 1e9 ? [1e9, "G"] : Math.abs(value) >= 1e6 ? [1e6, "M"] : [1e3, "k"];
    return `${number(value / scale, digits)} ${symbol} ${unit === "count" ? "" : unit}`.trim();
  }
  return `${number(value, digits)} ${unit === "count" ? "" : unit}`.trim();
}

export function percent(value, sign = true) {
  if (value === null || value === undefined) return "–";
  const rounded = Math.abs(value) < 0.05 ? 0 : value;
  const text = number(rounded, Math.abs(rounded) >= 100 ? 3 : Math.abs(rounded) >= 1 ? 3 : 2);
  return `${sign && rounded > 0 ? "+" : ""}${text} %`;
}
