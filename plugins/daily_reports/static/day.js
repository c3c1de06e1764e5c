// What is typed in the day's forms stays on this phone until the server has it, and is sent when there is a network.
// A form is kept under its own address with the key it was opened with: it lands on its own day, once, from
// whichever page of the day is opened next. Without this script the forms are sent as usual.
"use strict";
(() => {
  const words = document.getElementById("day-words").dataset;
  const prefix = `day ${words.person} `;
  const form = document.getElementById("day-form");
  const own = form && prefix + new URL(form.action).pathname;
  const main = document.querySelector(".bar .main-button");
  const discard = document.querySelector("[data-drop]");
  const page = location.pathname + location.search;
  const RETRY = 15000, TIMEOUT = 20000, KEPT = 4 * 86400000;

  // ---- what is kept: in the browser's storage, or in memory where that is closed ----

  const shelf = (() => {
    try { localStorage.day = "open"; return localStorage; } catch { return {}; }
  })();
  const load = (name) => JSON.parse(shelf[name] || "{}");
  const keep = (name, item) => { shelf[name] = JSON.stringify(item); };
  const drop = (name) => delete shelf[name];
  const names = () => Object.keys(shelf).filter((name) => name.startsWith(prefix));

  // ---- what is said ----

  const make = (tag, values) => Object.assign(document.createElement(tag), values);
  const say = (kind, text) => Object.assign(document.getElementById("state"), { className: `state ${kind}`, textContent: text });
  const link = (textContent, href) => make("a", { textContent, href });
  const notice = (text, ...more) => {
    const box = make("div", { className: "notice watch" });
    box.append(make("p", { textContent: text }), ...more);
    document.getElementById("content").prepend(box);
    return box;
  };
  const problem = (text, ...more) => {
    document.getElementById("day-problem")?.remove();
    if (text) Object.assign(notice(text, ...more), { id: "day-problem", role: "alert" }).scrollIntoView({ block: "center" });
  };

  function leftOver(name, item) {
    const amount = item.fields.find(([field]) => field === "amount")?.[1];
    const button = make("button", { textContent: words.drop });
    const box = notice(`${item.title}${amount ? ` · ¥${amount}` : ""}: ${item.problem}`, link(words.open, item.page), button);
    button.onclick = () => { drop(name); box.remove(); };
  }

  function showErrors(errors) {
    form.querySelectorAll(".field-error").forEach((old) => old.remove());
    form.querySelectorAll(".wrong").forEach((old) => old.classList.remove("wrong"));
    for (const [name, text] of Object.entries(errors || {})) {
      const field = form.elements[name];
      if (!field) continue;
      for (const fold of form.querySelectorAll("details")) if (fold.contains(field)) fold.open = true;
      const box = field.closest("[data-field]");
      box.classList.add("wrong");
      box.append(make("p", { className: "field-error", textContent: text }));
    }
    form.querySelector(".wrong :is(input, textarea)")?.focus();
  }

  // ---- sending ----

  async function ask(address, options) {
    const signal = AbortSignal.timeout?.(TIMEOUT);
    const answer = await fetch(address, { ...options, headers: { "X-Requested-With": "fetch" }, cache: "no-store", signal });
    return [answer.status, answer.status < 500 ? await answer.json() : {}];
  }

  async function exchange(name, fields) {
    try {
      const [status, { token }] = await ask(words.token);
      if (status !== 200) return [status, {}];
      const body = new FormData();
      for (const [field, value] of [...fields, ["csrf_token", token]]) body.append(field, value);
      return await ask(name.slice(prefix.length), { method: "POST", body });
    } catch { return [0, {}]; }
  }

  // Returns whether it is worth trying the next one.
  async function send(name) {
    const here = name === own, item = { ...load(name), tried: true };
    keep(name, item);
    if (here) { form.inert = true; say("waiting", words.sending); }
    const [status, answer] = await exchange(name, item.fields);
    if (here) form.inert = false;
    if (!status || status >= 500 || status === 429) {
      say("waiting", status ? words.busy : words.waiting);
      return false;
    }
    if (status === 401) {
      say("waiting", words.kept);
      problem(words.signedOut, link(words.signIn, `${words.login}?next=${encodeURIComponent(page)}`));
      return false;
    }
    if (status === 200) {
      drop(name);
      const time = new Date().toTimeString().slice(0, 5);
      say("sent", (here ? "" : `${item.title} `) + words.sent.replace("{time}", time));
      if (here || answer.redirect === location.pathname) location.assign(answer.redirect);
      return true;
    }
    Object.assign(item, { queued: false, problem: answer.text || words.kept });
    if (here) refused(status, answer, item); else leftOver(name, item);
    keep(name, item);
    return true;
  }

  function refused(status, answer, item) {
    say("saved", words.kept);
    problem(item.problem);
    discard.hidden = false;
    showErrors(answer.errors);
    if (status !== 409 || !("version" in answer)) return;
    main.textContent = words.mine;
    main.disabled = !answer.may_replace;
    form.elements.version.value = answer.version;
    item.fields = collect();
  }

  let busy = false, again = false;
  async function flush() {
    const waiting = names().filter((name) => load(name).queued);
    again = busy;
    if (busy || !waiting.length) return;
    if (navigator.onLine === false) { say("waiting", words.waiting); return; }
    busy = true;
    for (const name of waiting) if (load(name).queued && !(await send(name))) break;
    busy = false;
    if (again) flush();
  }

  // ---- the form on this page ----

  const collect = () => [...new FormData(form)].filter(([name]) => name !== "csrf_token");
  const draft = (queued, tried) => ({ fields: collect(), queued, tried, title: form.dataset.title, page: form.dataset.page, at: Date.now() });

  function restore(item) {
    for (const field of form.elements) {
      const values = item.fields.filter(([name]) => name === field.name).map(([, value]) => value);
      if (["checkbox", "radio"].includes(field.type)) field.checked = values.includes(field.value);
      else if (values.length) field.value = values[0];
      if (values[0] && field.closest(".fold")) field.closest(".fold").open = true;
    }
    discard.hidden = false;
    say(item.queued ? "waiting" : "saved", item.queued ? words.waiting : words.restored);
    if (item.problem) problem(item.problem);
  }

  function changed() {
    // The server may have taken what was sent before: what is typed now is another form.
    if (load(own).tried) form.elements.key.value = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    keep(own, draft(false, false));
    say("saved", words.saved);
  }

  if (form) {
    if (load(own).fields && !("typed" in form.dataset)) restore(load(own));
    form.addEventListener("input", changed);
    form.addEventListener("submit", (event) => {
      if (!form.inert) keep(own, draft(true, load(own).tried)); // when the storage is full, the browser sends the form itself
      event.preventDefault();
      if (form.inert) return;
      problem("");
      flush();
    });
    discard.addEventListener("click", () => { drop(own); location.reload(); });
  }

  for (const name of names()) {
    const item = load(name);
    if (!item.queued && !(Date.now() - item.at < KEPT)) drop(name);
    else if (name !== own && item.problem) leftOver(name, item);
  }

  // A second tap on any other form's button sends nothing twice.
  document.addEventListener("submit", (event) => {
    if (event.target === form) return;
    if (event.target.dataset.gone) event.preventDefault();
    event.target.dataset.gone = "yes";
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  addEventListener("online", flush);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flush(); });
  setInterval(flush, RETRY);
  flush();
})();
