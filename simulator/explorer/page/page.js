// The page: what was asked last is asked of the server, and what it answers is drawn.

import { Controls } from "./controls.js";
import * as figures from "./figures.js";
import { read, written } from "./state.js";
import { number, other, outcome, percent, quantity, speak, spoken, word } from "./words.js";

const { html } = figures;
const byId = (id) => document.getElementById(id);
const SHOWN = ["overhead", "work", "latency", "loss"];
const WAIT_MS = 60, IDLE_MS = 300;
const page = crypto.getRandomValues(new Uint32Array(2)).join("-");

let known, controls, question, view, answer = null, revealed = "", guessed = null;
let asked = 0, pace = false, waiting = 0, idle = 0, under_way = null;

async function fetched(name, given = {}) {
  const reply = await fetch(`/api/${name}?${new URLSearchParams(given)}`);
  const found = await reply.json();
  if (!reply.ok || found.mistakes) throw new Error(found.mistakes?.[0]?.message ?? found.error);
  return found;
}

// ---- asking

function changed(what, neighbours = []) {
  if (what === "pace") pace = true;
  keep();
  clearTimeout(waiting); clearTimeout(idle);
  waiting = setTimeout(() => redraw(neighbours), WAIT_MS);
}

function keep() {
  history.replaceState(null, "", `#${written(question, view, known.question)}`);
}

function post(wanted, later, signal) {
  const body = JSON.stringify({ page, number: asked, later, question: wanted });
  return fetch("/api/answer", { method: "POST", headers: { "Content-Type": "application/json" }, body, signal });
}

async function redraw(neighbours = []) {
  asked += 1;
  const mine = asked;
  under_way?.abort();
  under_way = new AbortController();
  byId("answer").classList.add("busy");
  byId("answer").setAttribute("aria-busy", "true");
  if (!answer) byId("status").textContent = word("busy");
  try {
    const reply = await post({ ...question, pace }, false, under_way.signal);
    const found = await reply.json();
    if (mine !== asked || found.stale) return;
    byId("answer").classList.toggle("outdated", !found.stacks);
    if (!found.stacks) {
      controls.complain(found.mistakes ?? [{ field: "", message: found.error }]);
      byId("status").textContent = word("refused");
      return;
    }
    take(found);
    idle = setTimeout(() => prepare(neighbours), IDLE_MS);
  } catch (error) {
    if (error.name !== "AbortError") byId("status").textContent = word("lost");
  } finally {
    if (mine === asked) { byId("answer").classList.remove("busy"); byId("answer").removeAttribute("aria-busy"); }
  }
}

function take(found) {
  answer = found;
  if (pace) { pace = false; question.duration_s = found.question.duration_s; keep(); controls.drawSliders(); }
  controls.complain(found.mistakes);
  controls.paint(found.stacks);
  draw();
}

// The slider's neighbouring values, simulated while nobody waits.
async function prepare(neighbours) {
  const mine = asked;
  for (const write of neighbours) {
    if (mine !== asked) return;
    const before = structuredClone(question);
    write();
    const wanted = structuredClone(question);
    Object.assign(question, before);
    controls.question = question;
    await post({ ...wanted, pace: false }, true).then((reply) => reply.text()).catch(() => null);
  }
}

// ---- drawing

const key = () => JSON.stringify([answer.question, view.show]);
const hidden = () => view.lecture && revealed !== key();

function shown(stack, what = view.show) {
  const now = stack.beside && what !== "overhead" ? stack.beside : stack;
  if (now.word) return { text: outcome(now.word), unit: now.detail, isWord: true };
  if (what === "work") return { text: quantity(now.value, now.unit).replace(/ .*$/, ""), value: now.value, unit: quantity(now.value, now.unit).replace(/^\S+ ?/, "") + (stack.beside ? `, ${word("beside")}` : "") };
  if (what === "latency") return {
    text: quantity(now.latency_p99_s, "s"), value: now.latency_p99_s,
    unit: stack.beside && stack.latency_p99_s ? word("slower_unit", number(now.latency_p99_s / stack.latency_p99_s)) : word("latency_unit") };
  if (what === "loss") return { text: stack.beside ? percent(stack.beside.loss_percent, false) : "–", value: stack.beside?.loss_percent, unit: word("loss_unit") };
  return { text: percent(stack.overhead_percent), value: stack.overhead_percent, unit: word(stack.baseline ? "baseline_unit" : "overhead_unit") };
}

function card(stack) {
  const now = shown(stack), secret = hidden() && !(stack.baseline && view.show === "overhead");
  const big = html("p", { className: `big${now.isWord && !secret ? " word" : ""}`, textContent: secret ? word("hidden") : now.text });
  big.dataset.number = stack.number;
  const made = html("article", { className: "card" },
    html("h3", { textContent: stack.label }), html("p", { className: "expression", textContent: stack.expression }), big,
    html("p", { className: "unit", textContent: secret ? "" : now.unit }));
  made.style.borderLeftColor = stack.colour;
  if (!secret) {
    const small = [["overhead", percent(stack.overhead_percent)], ["work", quantity(stack.value, stack.unit)], ["latency", quantity(stack.latency_p99_s, "s")]];
    if (stack.beside) small.push(["loss", percent(stack.beside.loss_percent, false)]);
    made.append(html("dl", {}, ...small.filter(([name]) => name !== view.show || stack.beside).map(([name, text]) =>
      html("div", {}, html("dt", { textContent: word(`${name}_short`) }), html("dd", { textContent: text })))));
  }
  return made;
}

function draw() {
  if (!answer) return;
  const asks = answer.question;
  const beside = asks.neighbour ? word("asked_beside", number(asks.neighbours), asks.neighbour) : "";
  byId("sentence").textContent = word("asked", asks.workload, asks.machine, beside);
  document.title = `virtlab: ${asks.workload}`;
  byId("cards").replaceChildren(...answer.stacks.map(card));
  const letters = answer.stacks.map((stack) => shown(stack)).filter((each) => !each.isWord).map((each) => each.text.length);
  byId("cards").style.setProperty("--letters", String(Math.max(4, ...letters)));
  byId("status").textContent = word("status", number(answer.seconds, 2), number(answer.runs), number(answer.remembered),
    quantity(answer.simulated_s, "s"), number(answer.events, 4));
  byId("figures").hidden = hidden();
  if (!hidden()) {
    const width = Math.max(300, byId("answer").clientWidth - 40);
    figures.loss(byId("loss"), answer, width);
    figures.where(byId("where"), answer, width);
    figures.times(byId("times"), answer, width, known.times);
    figures.trees(byId("trees"), answer, asks.machine);
  }
  drawGuess();
  drawNumbers();
  byId("scenario").textContent = answer.scenario;
  byId("download").href = `data:text/yaml;charset=utf-8,${encodeURIComponent(answer.scenario)}`;
}

function drawShown() {
  byId("shown").replaceChildren(...SHOWN.map((name) => {
    const input = html("input", { type: "radio", name: "shown", value: name, checked: view.show === name });
    input.addEventListener("change", () => { view.show = name; keep(); draw(); });
    return html("label", {}, input, ` ${word(name)}`);
  }));
}

const METRIC_UNITS = { overhead: () => "%", loss: () => "%", latency: () => "ms", work: () => answer.stacks[0].unit ?? "" };

function drawGuess() {
  byId("guess").hidden = !hidden();
  byId("verdict").hidden = !view.lecture || hidden() || !guessed;
  if (!view.lecture) return;
  const kept = byId("guess-stack").value;
  const candidates = answer.stacks.filter((stack) => view.show !== "overhead" || !stack.baseline);
  byId("guess-stack").replaceChildren(...candidates.map((stack) => html("option", { value: stack.label, textContent: stack.label })));
  if (candidates.some((stack) => stack.label === kept)) byId("guess-stack").value = kept;
  byId("guess-unit").textContent = METRIC_UNITS[view.show]();
  if (!hidden() && guessed) {
    const stack = answer.stacks.find((each) => each.label === guessed.label);
    byId("verdict").textContent = stack ? word("verdict", stack.label, `${number(guessed.value)} ${METRIC_UNITS[view.show]()}`, shown(stack).text + (view.show === "work" ? ` ${shown(stack).unit}` : "")) : "";
  }
}

function drawNumbers() {
  const heads = [word("model"), word("overhead"), word("work"), word("latency"), word("operations")];
  const cells = (stack) => [percent(stack.overhead_percent), quantity(stack.value, stack.unit, 4), quantity(stack.latency_p99_s, "s"), stack.operations ? number(stack.operations, 6) : "–"];
  const neighbours = answer.stacks.some((stack) => stack.beside);
  if (neighbours) heads.push(word("loss"), `${word("work")}, ${word("beside")}`, `${word("latency_short")}, ${word("beside")}`);
  const more = (stack) => (stack.beside ? [percent(stack.beside.loss_percent, false), stack.beside.word ? outcome(stack.beside.word) : quantity(stack.beside.value, stack.beside.unit, 4), quantity(stack.beside.latency_p99_s, "s")] : []);
  const rows = hidden() ? [] : answer.stacks.map((stack) => html("tr", {}, html("th", { textContent: stack.label, scope: "row" }),
    ...[...cells(stack), ...more(stack)].map((text) => html("td", { textContent: text }))));
  byId("numbers").replaceChildren(html("thead", {}, html("tr", {}, ...heads.map((text) => html("th", { textContent: text, scope: "col" })))), html("tbody", {}, ...rows));
}

// ---- what is not asked of the server

async function copy(text) {
  let done = true;
  try { await navigator.clipboard.writeText(text); } catch { done = false; }
  byId("copied").textContent = word(done ? "copied" : "not_copied");
}

function speakAnew() {
  speak(view.lang || "en");
  drawShown();
  controls.draw();
  draw();
}

function begin() {
  const found = read(location.hash, known.question, { show: "overhead", lecture: "", lang: "" });
  ({ question, view } = found);
  if (!SHOWN.includes(view.show)) view.show = "overhead";
  byId("lecture").checked = Boolean(view.lecture);
  if (controls) controls.question = question;
  pace = false;
}

async function start() {
  known = await fetched("choices");
  begin();
  controls = new Controls(known, question, fetched, changed);
  speakAnew();
  byId("language").addEventListener("click", () => { view.lang = other(); keep(); speakAnew(); });
  byId("lecture").addEventListener("change", (event) => { view.lecture = event.target.checked ? "1" : ""; revealed = ""; guessed = null; keep(); draw(); });
  byId("guess").addEventListener("submit", (event) => {
    event.preventDefault();
    guessed = { label: byId("guess-stack").value, value: Number(byId("guess-number").value) };
    revealed = key();
    draw();
  });
  byId("copy-link").addEventListener("click", () => { keep(); copy(location.href); });
  byId("copy-yaml").addEventListener("click", () => copy(answer?.scenario ?? ""));
  byId("reset").addEventListener("click", () => { history.replaceState(null, "", `#${written(known.question, { lang: view.lang }, known.question)}`); begin(); controls.load().then(speakAnew); changed("link"); });
  addEventListener("hashchange", () => { begin(); controls.load().then(speakAnew); changed("link"); });
  addEventListener("resize", draw);
  await redraw();
  await controls.load();
  controls.drawSliders();
  controls.titles = await fetched("titles");
  controls.draw();
  controls.paint(answer?.stacks ?? []);
  controls.complain(answer?.mistakes ?? []);
}

start().catch(() => { speak(spoken()); byId("status").textContent = word("lost"); });
