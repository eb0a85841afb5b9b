// One question after the other: the pictures that a person clicks are good enough, the others are not.

import { label, words } from "./words.js";

const $ = (id) => document.getElementById(id);
let asked = null;
let enough = [];
let busy = false;

async function ask(path, body) {
  const sent = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, sent || {});
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

async function show() {
  busy = true;
  try {
    asked = await ask("question");
    $("title").textContent = asked.title;
    if (asked.number === null) return finish();
    enough = asked.close.map(() => false);
    $("count").textContent = words.count(asked.number, asked.most);
    $("progress").max = asked.most;
    $("progress").value = asked.number - 1;
    $("asked").textContent = words.asked(asked.about);
    $("reference").hidden = !asked.photo;
    if (asked.photo) $("photo").src = `photo/${asked.number}`;
    $("pictures").replaceChildren(...enough.map((_, index) => card(index)));
    paint();
    $("asked").focus();
  } catch (error) {
    fault(error);
  }
  busy = false;
}

function card(index) {
  const button = document.createElement("button");
  button.type = "button";
  const whole = new Image();
  whole.src = `picture/${asked.number}/${index}`;
  whole.alt = words.picture(index + 1);
  button.append(whole);
  if (asked.close[index]) {
    const close = new Image();
    close.src = `close/${asked.number}/${index}`;
    close.alt = "";
    close.className = "close";
    button.append(close);
  }
  const line = document.createElement("span");
  line.className = "said";
  button.append(line);
  button.addEventListener("click", () => toggle(index));
  return button;
}

function toggle(index) {
  if (busy || index >= enough.length) return;
  enough[index] = !enough[index];
  paint();
}

function paint() {
  for (const [index, button] of [...$("pictures").children].entries()) {
    button.setAttribute("aria-pressed", String(enough[index]));
    button.querySelector(".said").textContent = `${index + 1} · ${enough[index] ? words.enough : words.not}`;
  }
  const count = enough.filter(Boolean).length;
  $("said").textContent = count ? words.some(count) : words.none;
}

async function send() {
  if (busy || !asked || asked.number === null) return;
  busy = true;
  try {
    await ask(`answer/${asked.number}`, { enough });
    await show();
  } catch (error) {
    fault(error);
    busy = false;
  }
}

function finish() {
  $("count").textContent = "";
  $("progress").value = $("progress").max;
  $("row").hidden = true;
  $("next").hidden = true;
  $("hint").hidden = true;
  $("asked").textContent = words.done;
}

function fault(error) {
  $("fault").textContent = error instanceof TypeError ? words.away : error.message;
  $("fault").hidden = false;
}

label();
$("next").addEventListener("click", send);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^[1-9]$/.test(event.key)) toggle(Number(event.key) - 1);
  else if (event.key === "Enter" && event.target.tagName !== "BUTTON") send();
  else return;
  event.preventDefault();
});
show();
