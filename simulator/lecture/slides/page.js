// One slide at a time, as large as the window. Right, space: on; left: back; c: code; n: notes; Home, End.
"use strict";
const slides = [...document.querySelectorAll(".slide")];
const WIDTH = 1280, HEIGHT = 720, LEAST = 0.5, LEAST_PRE = 0.45;
let now = Math.min(Math.max(parseInt(location.hash.slice(1), 10) || 1, 1), slides.length) - 1;

function fit(slide) {
  // Lines of text as wide as the slide first, then all of it as high.
  const body = slide.querySelector(".body");
  body.style.zoom = 1;
  for (const pre of body.querySelectorAll("pre")) {
    pre.style.fontSize = "";
    const ratio = pre.clientWidth / pre.scrollWidth;
    if (ratio < 1) pre.style.fontSize = 20 * Math.max(LEAST_PRE, ratio) + "px";
  }
  const room = HEIGHT - 80;
  let zoom = 1;
  while (zoom > LEAST && body.getBoundingClientRect().height / scale() > room) {
    zoom -= 0.05;
    body.style.zoom = zoom;
  }
  slide.style.overflow = zoom > LEAST ? "hidden" : "auto";
}

function scale() {
  return Math.min(innerWidth / WIDTH, innerHeight / HEIGHT);
}

function show(number) {
  now = Math.min(Math.max(number, 0), slides.length - 1);
  slides.forEach((slide, place) => slide.classList.toggle("now", place === now));
  const size = scale();
  const left = (innerWidth - WIDTH * size) / 2, top = (innerHeight - HEIGHT * size) / 2;
  slides[now].style.transform = `translate(${left}px, ${top}px) scale(${size})`;
  fit(slides[now]);
  history.replaceState(null, "", "#" + (now + 1));
}

function on() {
  const held = slides[now].querySelector(".later:not(.come)");
  if (held) held.classList.add("come");
  else show(now + 1);
}

function back() {
  const come = [...slides[now].querySelectorAll(".later.come")].pop();
  if (come) come.classList.remove("come");
  else show(now - 1);
}

const KEYS = {
  ArrowRight: on, PageDown: on, " ": on, ArrowLeft: back, PageUp: back,
  Home: () => show(0), End: () => show(slides.length - 1),
  n: () => { document.body.classList.toggle("with-notes"); show(now); },
  c: () => {
    const all = [...document.querySelectorAll("details")], open = !all.every((each) => each.open);
    all.forEach((each) => { each.open = open; });
    show(now);
  },
};

document.body.classList.add("deck");
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
});
addEventListener("resize", () => show(now));
addEventListener("hashchange", () => show((parseInt(location.hash.slice(1), 10) || 1) - 1));
document.addEventListener("toggle", () => fit(slides[now]), true);
show(now);
