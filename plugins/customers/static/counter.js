// While a number is typed, whoever is known appears below it; a whole number that is nobody's here is
// looked up in the whole chain, once. Without this script the button beside the number does the same.
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
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  addEventListener("pageshow", () => { sent = false; });
  number.focus({ preventScroll: true });
})();
