// While a number is typed, whoever is known appears below it; a whole number that is nobody's here is
// looked up in the whole chain, once. Without this script the button beside the number does the same.
// What was sent and did not arrive stands there again when the clerk comes back.
(() => {
  "use strict";
  const form = document.getElementById("counter");
  const words = document.getElementById("counter-words");
  if (!form || !words) return;
  const number = form.elements.number;
  const note = document.getElementById("number-note");
  const found = document.getElementById("found");
  const fresh = document.getElementById("new");
  const bar = document.querySelector("div.bar");
  const usual = note.textContent;
  let waiting = 0;
  let asked = number.value;
  let turn = 0;
  const tab = (() => { try { return sessionStorage; } catch { return {}; } })(); // closed with the tab, unlike the browser's own memory

  function say(text, isWrong) {
    note.textContent = text || usual;
    note.className = isWrong ? "field-error" : "ask-note";
  }

  async function ask(url, options) {
    const answer = await fetch(url, { headers: { "X-Requested-With": "fetch" }, ...options });
    if (answer.status === 401) { location.reload(); return null; }
    return answer.json();
  }

  function show(answer) {
    found.innerHTML = answer.html;
    document.getElementById("taken")?.remove(); // it asked about another number
    fresh.hidden = bar.hidden = answer.found > 0;
    say(answer.text || (answer.errors && answer.errors.number), Boolean(answer.errors && answer.errors.number));
  }

  async function look() {
    const text = number.value;
    if (text === asked) return;
    asked = text;
    const mine = ++turn;
    try {
      const near = await ask(`${words.dataset.known}?number=${encodeURIComponent(text)}`);
      if (!near || mine !== turn) return;
      show(near);
      if (near.found || !near.whole || !words.dataset.find) return;
      const far = await ask(words.dataset.find, { method: "POST", body: new FormData(form) });
      if (far && mine === turn) show(far);
    } catch {
      if (mine === turn) { asked = ""; say(words.dataset.offline, false); }
    }
  }

  function fill(fields) {
    for (const field of form.elements) {
      const values = fields.filter(([name]) => name === field.name).map(([, value]) => value);
      if (["checkbox", "radio"].includes(field.type)) field.checked = values.includes(field.value);
      else if (values.length) field.value = values[0];
    }
  }

  number.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 250);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault(); // its first button would look the number up, whichever field one is in
    if (event.target !== number) form.requestSubmit();
    else { clearTimeout(waiting); look(); }
  });
  found.addEventListener("click", (event) => {
    if (!event.target.closest("[data-other]")) return;
    fresh.hidden = bar.hidden = false;
    form.elements.name.focus();
  });
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent || navigator.onLine === false) event.preventDefault();
    if (navigator.onLine === false) {
      say(words.dataset.unsent, true);
      note.scrollIntoView({ block: "center" });
      return;
    }
    sent = true;
    tab.counter = JSON.stringify([...new FormData(form)].filter(([name]) => name !== "csrf_token"));
  });
  addEventListener("pageshow", () => { sent = false; });
  number.focus({ preventScroll: true });
  const isBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  if (isBack && tab.counter && !number.value) {
    fill(JSON.parse(tab.counter));
    look();
  } else delete tab.counter;
})();
