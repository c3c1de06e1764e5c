// The desk's habits. Every page works without this file; it only makes the hand faster.
//
// Markup it looks for:
//   data-fold, data-group          side navigation: fold it, remember which groups are open
//   data-confirm="question"        on a form or a submit button: asks in a dialog, then sends _confirmed=1;
//                                  {n} in the question becomes the number of selected rows
//   data-toasts, data-close        messages that can be put away
//   data-list, data-row            list rows: j k Enter e, selection, details drawer
//   data-open, data-edit, data-new, data-back   the links that Enter, e, n and Esc follow
//   data-search="list|all"         where / goes
//   data-lookup="URL"              type-ahead; GET URL?q=words answers JSON: a list of [id, text] or of
//                                  {id, text, hint}, or {"results": such a list}
//   data-filters, data-form, data-print, data-drop

const words = document.getElementById("words")?.dataset ?? {};
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const fill = (text, count) => (text ?? "{n}").replace("{n}", count);

function remember(key, value) {
  try { localStorage.setItem(key, value); } catch (refused) { /* not remembered, nothing lost */ }
}
function recall(key) {
  try { return localStorage.getItem(key); } catch (refused) { return null; }
}

// ---- side navigation ----

function startSide() {
  const root = document.documentElement;
  const fold = document.querySelector("[data-fold]");
  if (fold) {
    fold.hidden = false;
    fold.addEventListener("click", () => {
      const small = root.classList.toggle("side-small");
      remember("side", small ? "small" : "wide");
    });
  }
  for (const group of all("[data-group]")) {
    const key = "group:" + group.dataset.group;
    const kept = recall(key);
    if (kept && !group.querySelector(".active")) group.open = kept === "open";
    group.querySelector("summary").addEventListener("click", (event) => {
      if (root.classList.contains("side-small") && matchMedia("(min-width: 900px)").matches) {
        event.preventDefault();
        root.classList.remove("side-small");
        group.open = true;
      } else {
        remember(key, group.open ? "closed" : "open"); // the click is about to turn it
      }
    });
  }
  document.querySelector(".side-group .active")?.scrollIntoView({block: "nearest"});
}

// ---- menus ----

function startMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  // A row's menu would be cut off by the scrolling table: lift it out to the window.
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches?.(".row-end .menu[open]")) return;
    const panel = menu.querySelector(".menu-panel");
    const box = menu.getBoundingClientRect();
    panel.style.position = "fixed";
    panel.style.right = innerWidth - box.right + "px";
    const below = innerHeight - box.bottom > panel.offsetHeight + 12;
    panel.style.top = (below ? box.bottom + 2 : box.top - panel.offsetHeight - 2) + "px";
  }, true);
  document.addEventListener("scroll", (event) => {
    if (event.target.matches?.(".table-region")) for (const menu of all(".row-end .menu[open]")) menu.open = false;
  }, true);
}

// ---- confirmation ----

function startConfirm() {
  const dialog = document.getElementById("confirm");
  if (!dialog?.showModal) return;
  let waiting = null;
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
    if (!question || form.dataset.sure) return;
    event.preventDefault();
    waiting = { form, button: event.submitter };
    document.getElementById("confirm-text").textContent = fill(question, picked().length);
    const yes = dialog.querySelector("[data-yes]");
    yes.textContent = event.submitter?.textContent.trim() || yes.textContent;
    for (const menu of all("details.menu[open]")) menu.open = false;
    dialog.returnValue = "";
    dialog.showModal();
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes" || !waiting) return;
    const { form, button } = waiting;
    const sure = Object.assign(document.createElement("input"), { type: "hidden", name: "_confirmed", value: "1" });
    form.append(sure);
    form.dataset.sure = "1";
    form.requestSubmit(button ?? undefined);
    delete form.dataset.sure;
    sure.remove();
  });
}

// ---- toasts ----

function startToasts() {
  for (const close of all("[data-toasts] [data-close]")) {
    close.hidden = false;
    close.addEventListener("click", () => close.closest(".toast").remove());
  }
  for (const toast of all("[data-toasts] .toast")) toast.addEventListener("animationend", () => toast.remove());
}

// ---- lists: rows, selection, drawer ----

const picked = () => all("[name=rowid]:checked");
const rows = () => all("[data-row]");
const currentRow = () => document.querySelector("[data-row].current");

function goTo(row) {
  if (!row) return;
  currentRow()?.classList.remove("current");
  row.classList.add("current");
  row.scrollIntoView({ block: "nearest" });
  row.querySelector("[data-open]")?.focus({ preventScroll: true });
  if (drawerIsOpen()) openDrawer(row);
}

function step(by) {
  const list = rows();
  const at = list.indexOf(currentRow());
  goTo(list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + by))]);
}

function startSelection() {
  const bulk = document.querySelector("[data-bulk]");
  if (!bulk) return;
  const everything = document.querySelector("[data-pick-all]");
  let last = null;
  const show = () => {
    const count = picked().length;
    bulk.classList.toggle("on", count > 0);
    bulk.querySelector("[data-bulk-count]").textContent = count ? fill(words.selected, count) : "";
    if (everything) {
      everything.checked = count > 0 && count === rows().length;
      everything.indeterminate = count > 0 && count < rows().length;
    }
  };
  everything?.addEventListener("change", () => {
    for (const box of all("[name=rowid]")) box.checked = everything.checked;
    show();
  });
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (box.name !== "rowid") return;
    const boxes = all("[name=rowid]");
    if (event.shiftKey && last) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const one of boxes.slice(from, to + 1)) one.checked = box.checked;
    }
    last = box;
    show();
  });
  bulk.addEventListener("reset", () => setTimeout(show));
  addEventListener("pageshow", show);
  show();
}

const drawer = () => document.getElementById("drawer");
const drawerIsOpen = () => Boolean(drawer()) && !drawer().hidden;
let asking = null;

async function openDrawer(row) {
  const link = row.querySelector("[data-open]");
  const panel = drawer();
  const body = panel.querySelector(".drawer-body");
  asking?.abort();
  asking = new AbortController();
  currentRow()?.classList.remove("current");
  row.classList.add("current");
  panel.querySelector("[data-drawer-page]").href = link.href;
  if (panel.hidden) body.textContent = words.loading ?? "";
  panel.hidden = false;
  try {
    const answer = await fetch(link.href, { headers: { "X-Requested-With": "drawer" }, signal: asking.signal });
    const text = await answer.text();
    const fragment = new DOMParser().parseFromString(text, "text/html").querySelector("[data-fragment]");
    if (!answer.ok || !fragment) { location = link.href; return; }
    body.replaceChildren(fragment);
    body.scrollTop = 0;
    startLookups(body);
  } catch (trouble) {
    if (trouble.name !== "AbortError") body.textContent = words.trouble ?? "";
  }
}

function closeDrawer() {
  asking?.abort();
  drawer().hidden = true;
  currentRow()?.querySelector("[data-open]")?.focus();
}

function startRows() {
  if (!document.querySelector("[data-list]") || !drawer()) return;
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-row] [data-open]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (matchMedia("(max-width: 699px)").matches) return;
    event.preventDefault();
    openDrawer(link.closest("[data-row]"));
  });
  drawer().querySelector("[data-drawer-close]").addEventListener("click", closeDrawer);
}

// ---- keyboard ----

function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const at = event.target;
    const typing = at.matches("input:not([type=checkbox]):not([type=radio]), textarea, select");
    if (event.key === "Escape") return escape(at, typing, event);
    if (typing || document.querySelector("dialog[open]")) return;
    if (event.key === "/") {
      const search = document.querySelector("[data-search=list]") ?? document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "j" || event.key === "k") {
      step(event.key === "j" ? 1 : -1);
    } else if (event.key === "e") {
      const link = drawerIsOpen() ? drawer().querySelector("[data-edit]") : null;
      const edit = link ?? currentRow()?.querySelector("[data-edit]") ?? document.querySelector("main [data-edit]:not([data-row] *)");
      if (edit) location = edit.href;
    } else if (event.key === "n") {
      const link = document.querySelector("[data-new]");
      if (link) location = link.href;
    } else if (event.key === "x" && currentRow()) {
      currentRow().querySelector("[name=rowid]")?.click();
    } else if (event.key === "Enter" && currentRow() && at === document.body) {
      currentRow().querySelector("[data-open]").click();
    }
  });
}

function escape(at, typing, event) {
  const menu = at.closest("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); return; }
  if (document.querySelector("dialog[open]")) return;
  if (typing) { at.blur(); return; }
  if (drawerIsOpen()) { event.preventDefault(); closeDrawer(); return; }
  const bulk = document.querySelector("[data-bulk].on");
  if (bulk) { bulk.reset(); return; }
  const back = document.querySelector("[data-back]");
  if (back && !formIsChanged()) location = back.href;
}

// ---- lookup: an ARIA combobox over a hidden id ----

let lookupCount = 0;

function startLookups(root = document) {
  for (const input of all("[data-lookup]", root)) startLookup(input);
}

function startLookup(input) {
  const box = input.closest(".lookup");
  const id = box.querySelector("input[type=hidden]");
  const list = document.createElement("ul");
  list.className = "lookup-list";
  list.id = "lookup-" + ++lookupCount;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.getAttribute("aria-label") ?? input.labels?.[0]?.textContent ?? "");
  list.hidden = true;
  box.append(list);
  const set = (name, value) => input.setAttribute(name, value);
  set("role", "combobox"); set("aria-autocomplete", "list"); set("aria-controls", list.id); set("aria-expanded", "false");
  let chosen = input.value, timer = 0, request = null;

  const close = () => { list.hidden = true; set("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const options = () => all("[role=option]", list);
  const mark = (option) => {
    for (const one of options()) { one.classList.toggle("current", one === option); one.setAttribute("aria-selected", one === option); }
    if (option) { set("aria-activedescendant", option.id); option.scrollIntoView({ block: "nearest" }); }
  };
  const choose = (option) => {
    id.value = option.dataset.id;
    input.value = chosen = option.dataset.text;
    input.setCustomValidity("");
    close();
    id.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const note = (text) => {
    const item = Object.assign(document.createElement("li"), { className: "note", textContent: text });
    item.setAttribute("role", "presentation");
    list.replaceChildren(item);
    list.hidden = false;
  };
  const show = (found) => {
    if (!found.length) return note(words.nothing ?? "");
    list.replaceChildren(...found.map((one, index) => {
      const [key, text, hint] = Array.isArray(one) ? one : [one.id, one.text, one.hint];
      const item = document.createElement("li");
      item.id = list.id + "-" + index;
      item.setAttribute("role", "option");
      item.dataset.id = key;
      item.dataset.text = text;
      item.append(text);
      if (hint) item.append(Object.assign(document.createElement("small"), { textContent: hint }));
      return item;
    }));
    list.hidden = false;
    set("aria-expanded", "true");
    mark(options()[0]);
  };
  const ask = async () => {
    request?.abort();
    request = new AbortController();
    const url = new URL(input.dataset.lookup, location.href);
    url.searchParams.set("q", input.value.trim());
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" }, signal: request.signal });
      if (!answer.ok) throw new Error(answer.status);
      const found = await answer.json();
      show(found.results ?? found);
    } catch (trouble) {
      if (trouble.name !== "AbortError") note(words.trouble ?? "");
    }
  };
  const soon = () => { clearTimeout(timer); timer = setTimeout(ask, 180); };

  input.addEventListener("input", (event) => { id.value = ""; if (!event.isComposing) soon(); });
  input.addEventListener("compositionend", soon);
  input.addEventListener("click", () => { if (list.hidden) ask(); });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const open = !list.hidden;
    const at = options().findIndex((one) => one.classList.contains("current"));
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) return ask();
      const by = event.key === "ArrowDown" ? 1 : -1;
      mark(options()[(at + by + options().length) % options().length]);
    } else if (event.key === "Enter" && open && at >= 0) {
      event.preventDefault();
      choose(options()[at]);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  input.addEventListener("blur", () => {
    clearTimeout(timer);
    setTimeout(close, 120);
    if (!input.value.trim()) { id.value = ""; chosen = ""; }
    else if (!id.value && input.value === chosen) input.value = "";
  });
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });
}

// ---- forms ----

let formChanged = false;
const formIsChanged = () => formChanged;

function startForms() {
  for (const form of all("[data-form]")) {
    form.addEventListener("input", () => { formChanged = true; });
    form.querySelector("[aria-invalid=true]")?.focus();
  }
  addEventListener("beforeunload", (event) => { if (formChanged) event.preventDefault(); });
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (event.target.matches("[data-form]")) formChanged = false;
    const button = event.submitter;
    if (event.target.method === "post" && button?.classList.contains("btn")) {
      button.classList.add("busy");
      addEventListener("pageshow", () => button.classList.remove("busy"), { once: true });
    }
  });
  for (const filters of all("[data-filters]")) {
    filters.addEventListener("change", (event) => {
      if (event.target.matches("select, input[type=hidden], input[type=date]")) filters.requestSubmit();
    });
    // Empty filters stay out of the address, so that it can be read and shared.
    filters.addEventListener("formdata", (event) => {
      for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
    });
  }
  for (const drop of all("[data-drop]")) {
    const over = (on) => (event) => { event.preventDefault(); drop.classList.toggle("over", on); };
    drop.addEventListener("dragover", over(true));
    drop.addEventListener("dragleave", over(false));
    drop.addEventListener("drop", (event) => {
      over(false)(event);
      drop.querySelector("input[type=file]").files = event.dataTransfer.files;
    });
  }
  for (const button of all("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
}

startSide();
startMenus();
startConfirm();
startToasts();
startSelection();
startRows();
startLookups();
startForms();
startKeys();
