// A tap on a skill shows its next level at once and sends it, one after the other, without loading the page anew.
// Without this script each tap is a form that is sent as usual.
"use strict";
(() => {
  const form = document.getElementById("skills-form");
  const words = form.dataset.levels.split("|");
  const say = (kind, text) => Object.assign(document.getElementById("state"), { className: `state ${kind}`, textContent: text });
  let last = Promise.resolve();

  async function send(body) {
    if (form.inert) return;
    say("waiting", form.dataset.sending);
    try {
      const answer = await fetch(form.action, { method: "POST", body, keepalive: true, headers: { "X-Requested-With": "fetch" } });
      if (!answer.ok) throw new Error(answer.status);
      say("sent", form.dataset.kept);
    } catch {
      form.inert = true; // what the chips show is no longer what is kept
      say("waiting", form.dataset.failed);
      addEventListener("online", () => location.reload());
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chip = event.submitter, [person, skill, level] = chip.value.split("-"), body = new FormData(form);
    body.append("note", chip.value);
    chip.dataset.level = level;
    chip.querySelector("small").textContent = words[level];
    chip.value = `${person}-${skill}-${(Number(level) + 1) % words.length}`;
    last = last.then(() => send(body));
  });
})();
