// The fields of the question. Each changes one value and says so.

import { html } from "./figures.js";
import { nearest, steps } from "./state.js";
import { number, quantity, word } from "./words.js";

const byId = (id) => document.getElementById(id);
const MEMORY_GIB = [0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
const PARTS = Array.from({ length: 21 }, (_, index) => index / 20);
const FITTING = 3;
const WEIGHTS = [0.1, 0.2, 0.5, 1, 2, 4, 8, 16, 32];

export class Controls {
  // change(what, slider): the question has changed; slider has neighbouring values that may be made in advance.
  constructor(known, question, ask, change) {
    Object.assign(this, { known, question, ask, change, titles: {}, size: { cores: 8, memory_gib: 32 }, colours: [] });
    this.workloads = { workload: null, neighbour: null };
    this.chosen = { workload: "", neighbour: "" };
    for (const name of ["workload", "machine", "neighbour"])
      byId(name).addEventListener("change", (event) => this.choose(name, event.target.value));
    byId("add").addEventListener("click", () => this.add());
    byId("fit").addEventListener("click", () => this.fit());
    byId("controls").addEventListener("submit", (event) => event.preventDefault());
  }

  choose(name, value) {
    this.question[name] = value;
    if (name === "workload") this.question.parameters = {};
    if (name === "neighbour") this.question.neighbour_parameters = {};
    if (name !== "neighbour") this.suggested = "";
    this.load().then(() => this.draw());
    this.change("pace");
  }

  // What the catalog says of the machine and the workloads that are chosen.
  async load() {
    const { machine, workload, neighbour } = this.question;
    const about = (name) => (name ? this.ask("workload", { name, machine }).catch(() => null) : Promise.resolve(null));
    const [size, own, theirs] = await Promise.all([
      this.ask("machine", { name: machine }).catch(() => this.size), about(workload), about(neighbour)]);
    this.size = size;
    this.workloads = { workload: own, neighbour: theirs };
  }

  draw() {
    const titled = (kind, name) => (this.titles[kind]?.[name] ? `${name} – ${this.titles[kind][name]}` : name);
    const options = (kind, names) => names.map((name) => html("option", { value: name, textContent: titled(kind, name) }));
    const fill = (id, value, ...groups) => { byId(id).replaceChildren(...groups); byId(id).value = value; };
    fill("machine", this.question.machine, ...options("machines", this.known.machines));
    fill("workload", this.question.workload, ...options("workloads", this.known.workloads));
    fill("neighbour", this.question.neighbour, html("option", { value: "", textContent: word("nobody") }),
      html("optgroup", { label: word("aggressors") }, ...options("workloads", this.known.stressors)),
      html("optgroup", { label: word("all") },
        ...options("workloads", this.known.workloads.filter((name) => !this.known.stressors.includes(name)))));
    this.drawStacks();
    this.drawSliders();
  }

  // ---- stacks

  drawStacks() {
    byId("stacks").replaceChildren(...this.question.stacks.map((text, index) => {
      const input = html("input", { type: "text", value: text, id: `stack-${index}`, spellcheck: false });
      input.setAttribute("aria-label", `${word("stack")} ${index + 1}${index ? "" : `, ${word("baseline")}`}`);
      input.setAttribute("list", "known-stacks");
      input.setAttribute("aria-describedby", `mistake-stacks.${index}`);
      input.addEventListener("focus", () => this.suggest());
      input.addEventListener("change", () => { this.question.stacks[index] = input.value; this.change("stacks"); });
      const remove = html("button", { type: "button", textContent: "×", hidden: this.question.stacks.length < 2 });
      remove.setAttribute("aria-label", `${word("remove")} ${index + 1}`);
      remove.addEventListener("click", () => { this.question.stacks.splice(index, 1); this.drawStacks(); this.change("stacks"); });
      const swatch = html("span", { className: "swatch" });
      swatch.style.background = this.colours[index] ?? "#fff";
      return html("div", { className: "stack" }, swatch, input, remove,
        html("p", { className: "mistake", id: `mistake-stacks.${index}`, hidden: true }));
    }));
    byId("add").disabled = this.question.stacks.length >= this.known.most_stacks;
  }

  add() {
    this.question.stacks.push("");
    this.drawStacks();
    byId(`stack-${this.question.stacks.length - 1}`).focus();
  }

  // Stacks on which the workload can run, asked for when somebody is about to write one.
  async suggest() {
    const { workload, machine } = this.question;
    if (this.suggested === `${workload} ${machine}`) return;
    this.suggested = `${workload} ${machine}`;
    const found = await this.ask("stacks", { name: workload, machine }).catch(() => []);
    byId("known-stacks").replaceChildren(...found.map((each) => html("option", { value: each.stack, textContent: each.title })));
  }

  // Stacks that can run the workload in place of those that cannot.
  async fit() {
    const { workload, machine } = this.question;
    const found = await this.ask("stacks", { name: workload, machine }).catch(() => []);
    if (!found.length) return;
    this.question.stacks.splice(0, Infinity, ...found.slice(0, FITTING).map((each) => each.stack));
    this.drawStacks();
    this.change("pace");
  }

  paint(stacks) {
    this.colours = [];
    for (const stack of stacks) this.colours[stack.number] = stack.colour;
    document.querySelectorAll("#stacks .swatch").forEach((swatch, index) => { swatch.style.background = this.colours[index] ?? "#fff"; });
  }

  // ---- sliders

  drawSliders() {
    const { question, size } = this;
    const held = document.activeElement?.id;
    const memory = MEMORY_GIB.filter((each) => each <= size.memory_gib);
    const durations = [...this.known.durations_s, Infinity];
    byId("sliders").replaceChildren(
      ...this.parameter("workload", "parameters"),
      this.slider("vcpus", steps(1, size.cores, true), (value) => number(value)),
      this.slider("memory_gib", memory, (value) => quantity(value * 2 ** 30, "bytes")),
      this.slider("intensity", PARTS, (value) => quantity(value, "ratio")),
      this.slider("duration_s", durations, (value) => (value === Infinity ? word("to_the_end") : quantity(value, "s")),
        { read: () => question.duration_s ?? Infinity, write: (value) => { question.duration_s = value === Infinity ? null : value; } }),
      this.slider("seed", steps(1, 30, true), (value) => number(value), { label: word("seeds") }));
    byId("neighbour-sliders").replaceChildren(...(question.neighbour ? [
      this.slider("neighbours", steps(1, this.known.most_neighbours, true), (value) => number(value)),
      this.slider("neighbour_intensity", PARTS, (value) => quantity(value, "ratio")),
      this.slider("weight", WEIGHTS, (value) => number(value)),
      ...this.parameter("neighbour", "neighbour_parameters")] : []));
    if (held) byId(held)?.focus();
  }

  slider(name, values, said, more = {}) {
    const { question } = this;
    const read = more.read ?? (() => question[name]);
    const write = more.write ?? ((value) => { question[name] = value; });
    const input = html("input", { type: "range", id: name, min: 0, max: values.length - 1, step: 1 });
    const output = html("output", {});
    output.setAttribute("for", name);
    const tell = (value) => { output.textContent = said(value); input.setAttribute("aria-valuetext", said(value)); };
    const start = read();
    input.value = start === Infinity ? values.length - 1 : nearest(values.map((each) => (each === Infinity ? 1e300 : each)), start);
    tell(start);
    const at = (index) => values[Math.min(values.length - 1, Math.max(0, index))];
    input.addEventListener("input", () => {
      const index = Number(input.value), before = read();
      write(at(index)); tell(at(index));
      if (at(index) !== before) this.change("slider", [index + 1, index - 1].filter((each) => values[each] !== undefined).map((each) => () => write(at(each))));
    });
    input.setAttribute("aria-describedby", `mistake-${more.field ?? name}`);
    const label = html("label", { textContent: more.label ?? word(name) });
    label.htmlFor = name;
    return html("div", { className: "field" }, html("div", { className: "row" }, label, output), input,
      html("p", { className: "mistake", id: `mistake-${more.field ?? name}`, hidden: true }));
  }

  // A choice among the numbers of a workload, and a slider over the range that the catalog gives for the chosen one.
  parameter(kind, group) {
    const about = this.workloads[kind];
    if (!about?.parameters.length) return [];
    const known = about.parameters.map((each) => each.name);
    if (!known.includes(this.chosen[kind])) this.chosen[kind] = Object.keys(this.question[group]).find((name) => known.includes(name)) ?? known[0];
    const chosen = about.parameters.find((each) => each.name === this.chosen[kind]);
    const select = html("select", { id: `${group}-name` }, ...known.map((name) => html("option", { value: name, textContent: name.replaceAll("_", " ") })));
    select.value = chosen.name;
    select.addEventListener("change", () => { this.chosen[kind] = select.value; this.drawSliders(); });
    const values = steps(chosen.low, chosen.high, chosen.unit === "count" && Number.isInteger(chosen.low));
    if (!values.includes(chosen.value)) values.splice(values.findIndex((each) => each > chosen.value), 0, chosen.value);
    const label = html("label", { textContent: word(group === "parameters" ? "parameter" : "neighbour_parameter") });
    label.htmlFor = select.id;
    return [html("div", { className: "field" }, label, select),
      this.slider(`${group}-value`, values, (value) => quantity(value, chosen.unit), {
        label: chosen.name.replaceAll("_", " "), field: `${group}.${chosen.name}`, read: () => this.question[group][chosen.name] ?? chosen.value,
        write: (value) => { if (value === chosen.value) delete this.question[group][chosen.name]; else this.question[group][chosen.name] = value; } }),
      html("p", { className: "hint", textContent: `${chosen.meaning} (${chosen.text}: ${chosen.kind}, ${chosen.where})` })];
  }

  // ---- mistakes

  complain(mistakes) {
    document.querySelectorAll("#controls .mistake").forEach((each) => { each.hidden = true; each.textContent = ""; });
    document.querySelectorAll("#controls [aria-invalid]").forEach((each) => each.removeAttribute("aria-invalid"));
    const refused = mistakes.filter(({ field }) => field.startsWith("stacks.")).length;
    byId("fit").hidden = refused < this.question.stacks.length;
    for (const { field, message, remedy } of mistakes) {
      const place = byId(`mistake-${field}`) ?? byId("mistake-all");
      const told = `${place.id === "mistake-all" && field ? `${field}: ` : ""}${message}${remedy ? ` (${remedy})` : ""}`;
      place.textContent += `${place.textContent ? "; " : ""}${told}`;
      place.hidden = false;
      document.querySelector(`#controls [aria-describedby="${CSS.escape(`mistake-${field}`)}"]`)?.setAttribute("aria-invalid", "true");
    }
  }
}
