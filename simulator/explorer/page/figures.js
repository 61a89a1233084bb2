// The figures, drawn as SVG at the width there is, so that letters keep their size.

import { number, outcome, percent, quantity, word } from "./words.js";

const NS = "http://www.w3.org/2000/svg";
const INK = "#111", LETTER = 17, CHARACTER = 9.6;

export function element(name, attributes = {}, ...children) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function html(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

const text = (x, y, content, more = {}) =>
  element("text", { x, y, fill: INK, "font-size": LETTER, "dominant-baseline": "central", ...more }, content);

// Patterns that tell colours apart for those who see none, by the letters that Matplotlib has for them.
const STROKES = {
  "/": "M0 8L8 0M-2 2L2 -2M6 10L10 6", "\\": "M0 0L8 8M-2 6L2 10M6 -2L10 2", x: "M0 8L8 0M0 0L8 8",
  "-": "M0 4H8", "|": "M4 0V8", "+": "M0 4H8M4 0V8",
};
function patterns(looks) {
  const defs = element("defs");
  for (const look of looks) {
    const pattern = element("pattern", { id: look.id, width: 8, height: 8, patternUnits: "userSpaceOnUse" },
      element("rect", { width: 8, height: 8, fill: look.colour }));
    for (const letter of new Set(look.hatch)) {
      if (letter === ".") pattern.append(element("circle", { cx: 4, cy: 4, r: 1.3, fill: INK }));
      else if (letter === "o") pattern.append(element("circle", { cx: 4, cy: 4, r: 2.2, fill: "none", stroke: INK }));
      else pattern.append(element("path", { d: STROKES[letter] ?? "", stroke: INK, "stroke-width": 0.9, fill: "none" }));
    }
    defs.append(pattern);
  }
  return defs;
}

function legend(looks) {
  return html("ul", { className: "legend" }, ...looks.map((look) => html("li", {},
    element("svg", { viewBox: "0 0 26 18", "aria-hidden": "true" }, patterns([{ ...look, id: `${look.id}-key` }]),
      element("rect", { x: 0.5, y: 0.5, width: 25, height: 17, fill: `url(#${look.id}-key)`, stroke: INK })), look.label)));
}

function caption(title, small) {
  return html("figcaption", {}, title, html("br"), html("small", { textContent: small }));
}

// Bars that consist of parts. rows: {label, parts: [{look, text, value, title}], end}
function bars(width, rows, looks, description, least = 0) {
  const narrow = width < 560;
  const left = narrow ? 4 : Math.min(width * 0.3, 16 + 1.08 * CHARACTER * Math.max(...rows.map((row) => row.label.length)));
  const height = narrow ? 58 : 36, top = narrow ? 24 : 4, right = 14 + CHARACTER * Math.max(...rows.map((row) => row.end.length));
  const total = (row) => row.parts.reduce((sum, part) => sum + part.value, 0);
  const longest = Math.max(least, ...rows.map(total)) || 1;
  const scale = (width - left - right) / longest;
  const svg = element("svg", { viewBox: `0 0 ${width} ${rows.length * height + 6}`, role: "img", "aria-label": description }, patterns(looks));
  rows.forEach((row, index) => {
    const y = index * height + top, middle = y + 13;
    if (narrow) svg.append(text(left, y - 10, row.label, { "font-weight": row.strong ? "bold" : "normal" }));
    else svg.append(text(left - 8, middle, row.label, { "text-anchor": "end", "font-weight": row.strong ? "bold" : "normal" }));
    let x = left;
    for (const part of row.parts) {
      const wide = part.value * scale;
      if (wide < 0.3) { x += wide; continue; }
      const shape = element("rect", { x, y, width: wide, height: 26, fill: `url(#${part.look.id})`, stroke: INK, "stroke-width": 0.8 });
      shape.append(element("title", {}, part.title));
      svg.append(shape);
      const letters = part.text.length * 7.6 + 10;
      if (part.text && letters < wide) {
        svg.append(element("rect", { x: x + wide / 2 - letters / 2, y: y + 4, width: letters, height: 18, fill: "#fff", opacity: 0.9, rx: 2 }),
          text(x + wide / 2, middle, part.text, { "text-anchor": "middle", "font-size": 13.5 }));
      }
      x += wide;
    }
    svg.append(text(x + 7, middle, row.end, { "font-weight": "bold" }));
  });
  return svg;
}

export function where(figure, answer, width) {
  const looks = answer.layers.map((layer, index) => ({ ...layer, id: `layer-${index}`, label: layer.name === "program" ? word("useful_s") : layer.name }));
  const by = new Map(answer.layers.map((layer, index) => [layer.name, index]));
  const stacks = answer.stacks.filter((stack) => stack.where.length);
  if (!stacks.length) { figure.replaceChildren(); return; }
  const rows = stacks.map((stack) => {
    const parts = [...stack.where].sort((a, b) => by.get(a.layer) - by.get(b.layer) || b.relative - a.relative);
    return {
      label: stack.label, strong: stack.baseline,
      end: number(parts.reduce((sum, part) => sum + part.relative, 0)),
      parts: parts.map((part) => ({
        look: looks[by.get(part.layer)], value: part.relative, text: part.layer === "program" ? "" : part.mechanism,
        title: `${part.layer}: ${part.mechanism}, ${number(part.relative)}`,
      })),
    };
  });
  const base = answer.stacks.find((stack) => stack.baseline).label;
  const said = rows.map((row) => `${row.label}: ${row.end}`).join("; ");
  figure.replaceChildren(caption(word("where"), word("where_small", base)), bars(width, rows, looks, `${word("where")}. ${said}`), legend(looks));
}

const TIME_LOOKS = {
  useful_s: ["#e6e6e6", ""], overhead_s: ["#56b4e9", "/"], stalled_s: ["#e69f00", "."], ready_s: ["#9c9ca1", "x"],
  steal_s: ["#d55e00", "\\"], throttled_s: ["#cc79a7", "-"], overhead_wait_s: ["#f0e442", "o"],
};
const OTHER_HATCHES = ["/", ".", "\\", "x", "-", "o"];

export function times(figure, answer, width, order) {
  const stacks = answer.stacks.filter((stack) => stack.beside && Object.keys(stack.beside.times).length);
  figure.hidden = !stacks.length;
  if (!stacks.length) return;
  const used = order.filter((name) => stacks.some((stack) => (stack.times[name] ?? 0) + (stack.beside.times[name] ?? 0) > 0));
  const looks = used.map((name, index) => {
    const [colour, hatch] = TIME_LOOKS[name] ?? ["#ffffff", OTHER_HATCHES[index % OTHER_HATCHES.length]];
    return { id: `time-${name}`, label: word(name), colour, hatch, name };
  });
  const row = (label, found, strong) => ({
    label, strong, end: quantity(Object.values(found).reduce((sum, each) => sum + each, 0), "s"),
    parts: looks.map((look) => ({ look, value: found[look.name] ?? 0, text: look.label, title: `${look.label}: ${quantity(found[look.name] ?? 0, "s")}` })),
  });
  const rows = stacks.flatMap((stack) => [row(stack.label, stack.times, true), row(word("beside"), stack.beside.times, false)]);
  figure.replaceChildren(caption(word("times"), word("times_small")), bars(width, rows, looks, word("times")), legend(looks));
}

export function loss(figure, answer, width) {
  const stacks = answer.stacks.filter((stack) => stack.beside);
  figure.hidden = !stacks.length;
  if (!stacks.length) return;
  const rows = stacks.map((stack) => {
    const lost = stack.beside.loss_percent;
    const look = { id: `loss-${stack.number}`, colour: stack.colour, hatch: stack.hatch };
    const told = stack.beside.word ? outcome(stack.beside.word) : percent(lost, false);
    return { look, label: stack.label, strong: stack.baseline, end: told,
      parts: [{ look, value: Math.max(0, lost ?? 0), text: "", title: `${stack.label}: ${told}` }] };
  });
  const said = rows.map((row) => `${row.label}: ${row.end}`).join("; ");
  figure.replaceChildren(caption(word("loss_title"), word("loss_small")),
    bars(width, rows, rows.map((row) => row.look), `${word("loss_title")}. ${said}`, 100));
}

// ---- what stands on what

const MOST_TENANTS = 3;

export function trees(figure, answer, machine) {
  const forest = html("div", { className: "forest" });
  for (const stack of answer.stacks) forest.append(html("div", {}, tree(stack, machine), html("h4", { textContent: stack.label })));
  figure.replaceChildren(caption(word("trees"), word("trees_small")), forest);
}

function tree(stack, machine) {
  const tops = stack.tree.filter((node) => node.scope === "program");
  const shown = tops.slice(0, MOST_TENANTS).map((node) => node.role);
  const here = stack.tree.filter((node) => !node.users.length || node.users.some((user) => shown.includes(user)));
  const depth = new Map([["", -1]]);
  for (const node of here) depth.set(node.path, depth.get(node.parent) + 1);
  const columns = [...here.filter((node) => !node.users.length).map((node) => node.path), ...shown];
  const levels = Math.max(...here.map((node) => depth.get(node.path))) + 1;
  const wide = 128, high = 42, gap = 5, more = tops.length - shown.length;
  const width = columns.length * wide, height = (levels + 1) * high + (more ? 24 : 0);
  const svg = element("svg", { viewBox: `-3 -3 ${width + 6} ${height + 6}`, role: "img" });
  svg.style.maxWidth = `${Math.max(width * 1.15, 150)}px`;
  svg.style.margin = "0 auto";
  const box = (from, to, level, name, note, fill, thick) => {
    const x = from * wide + gap / 2, y = (levels - 1 - level) * high + (more ? 24 : 0), size = (to - from + 1) * wide - gap;
    const middle = { "text-anchor": "middle" };
    const letters = Math.min(15, (size - 8) / (0.6 * Math.max(1, name.length)));
    svg.append(element("rect", { x, y, width: size, height: high - gap, rx: 4, fill, stroke: INK, "stroke-width": thick ? 3.5 : 1.2 }),
      text(x + size / 2, y + (note ? 12 : 18), name, { ...middle, "font-size": letters }),
      ...(note ? [text(x + size / 2, y + 27, note, { ...middle, "font-size": 12 })] : []));
  };
  for (const node of here) {
    const users = node.users.filter((user) => shown.includes(user));
    const at = (users.length ? users : [node.path]).map((user) => columns.indexOf(user));
    const program = node.scope === "program", shared = node.users.length > 1 || node.scope === "machine";
    const note = program ? node.role : node.role || (node.users.length > 1 ? word("shared") : "");
    box(Math.min(...at), Math.max(...at), depth.get(node.path), node.name, note, program ? "#d9d9d9" : shared ? "#fff" : "#e8f0ff", shared && !program);
  }
  box(0, columns.length - 1, -1, machine, "", "#fff3df", true);
  if (more) svg.append(text(width, 10, word("more", more), { "text-anchor": "end", "font-size": 14 }));
  const said = here.map((node) => `${node.name}${node.users.length > 1 ? ` (${word("shared")})` : ""}`).join(", ");
  svg.setAttribute("aria-label", `${stack.label}: ${machine}, ${said}`);
  return svg;
}
