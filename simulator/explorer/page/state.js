// What the page knows: the question, how it is looked at, and the link that holds both.

const NUMBERS = ["memory_gib", "vcpus", "weight", "intensity", "neighbours", "neighbour_intensity", "seed"];
const TEXTS = ["machine", "workload", "neighbour"];
const DEFAULT_SHOWN = "overhead";
const GROUPS = { parameters: "p.", neighbour_parameters: "n." };

// The link's part behind '#': only what is not as by default, readable by people.
export function written(question, view, defaults) {
  const found = new URLSearchParams();
  for (const name of TEXTS) if (question[name] !== defaults[name]) found.set(name, question[name]);
  if (JSON.stringify(question.stacks) !== JSON.stringify(defaults.stacks))
    for (const stack of question.stacks) found.append("stack", stack);
  for (const name of NUMBERS) if (question[name] !== defaults[name]) found.set(name, String(question[name]));
  if (question.duration_s !== null) found.set("duration_s", String(question.duration_s));
  for (const [group, begin] of Object.entries(GROUPS))
    for (const [name, value] of Object.entries(question[group])) found.set(begin + name, String(value));
  for (const [name, value] of Object.entries(view)) if (value && value !== DEFAULT_SHOWN) found.set(name, value);
  return found.toString();
}

// The question and the view in a link; what is no number is left as by default.
export function read(hash, defaults, view) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const question = structuredClone(defaults);
  for (const name of TEXTS) if (given.has(name)) question[name] = given.get(name);
  if (given.has("stack")) question.stacks = given.getAll("stack");
  for (const name of [...NUMBERS, "duration_s"])
    if (given.get(name) && Number.isFinite(Number(given.get(name)))) question[name] = Number(given.get(name));
  for (const [group, begin] of Object.entries(GROUPS))
    for (const [name, value] of given)
      if (name.startsWith(begin) && Number.isFinite(Number(value))) question[group][name.slice(begin.length)] = Number(value);
  const seen = {};
  for (const name of Object.keys(view)) seen[name] = given.get(name) ?? view[name];
  return { question, view: seen };
}

// Steps of a slider over a range: by factors where it is wide, whole where numbers are counted.
export function steps(low, high, whole, count = 60) {
  if (whole && high - low <= count) return Array.from({ length: high - low + 1 }, (_, index) => low + index);
  const wide = low > 0 && high / low >= 20;
  const found = Array.from({ length: count + 1 }, (_, index) => {
    const part = index / count;
    const value = wide ? low * (high / low) ** part : low + (high - low) * part;
    const rounded = index === 0 ? low : index === count ? high : Number(value.toPrecision(wide ? 2 : 3));
    return whole ? Math.round(rounded) : rounded;
  });
  return [...new Set(found)].filter((value) => value >= low && value <= high).sort((a, b) => a - b);
}

// The step that is nearest to a value.
export function nearest(values, value) {
  let best = 0;
  values.forEach((each, index) => { if (Math.abs(each - value) < Math.abs(values[best] - value)) best = index; });
  return best;
}
