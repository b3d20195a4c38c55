/* Says before a session ends, and keeps it by one button. Without this the page says at its foot when it ends, and the
   server ends it either way. Other pages in the same browser keep the session too: the server is asked before anything
   is said. */
"use strict";

const foot = document.getElementById("session-ends");
if (foot) {
  const here = foot.dataset;
  const known = { ends: +here.ends, warned: +here.warned, now: +here.now, stays: here.stays === "1" };
  let ahead = Date.now() / 1000 - known.now; // this machine's clock may be wrong
  let timer = 0;
  let typed = false;
  let dialog = null;
  let before = null;
  const now = () => Date.now() / 1000 - ahead;
  const clock = (at) => new Date(at * 1000).toLocaleTimeString("en-GB", {
    hour: "2-digit", minute: "2-digit", timeZone: "Europe/London",
  });
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("session") : null;

  document.addEventListener("input", () => { typed = true; });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  addEventListener("pageshow", (event) => { if (event.persisted) look(true); });
  if (tabs) tabs.addEventListener("message", (event) => { learn(event.data); });
  if (tabs) tabs.postMessage(known); // this page was asked for just now: the others need not warn
  plan();

  function plan() {
    clearTimeout(timer);
    const next = now() < known.warned ? known.warned - now() : Math.max(known.ends - now(), 0) + 1;
    timer = setTimeout(look, Math.min(next, 86400) * 1000);
  }

  function learn(said) {
    if (said.ends < known.ends) return;
    Object.assign(known, said);
    foot.textContent = known.stays
      ? `If nothing is sent until ${clock(known.ends)}, you are signed out.`
      : `You are signed out at ${clock(known.ends)} and can sign in again at once.`;
    if (now() < known.warned) close();
    plan();
  }

  async function ask(url, method) {
    const body = new FormData();
    const token = document.querySelector("[name=csrfmiddlewaretoken]");
    if (token) body.set("csrfmiddlewaretoken", token.value);
    const options = { method, redirect: "manual", cache: "no-store" };
    const answer = await fetch(url, method === "POST" ? { ...options, body } : options);
    if (answer.type === "opaqueredirect" || answer.status === 403) return null; // there is no session any more
    if (!answer.ok) throw new Error("The server did not answer.");
    const said = await answer.json();
    ahead = Date.now() / 1000 - said.now;
    return said;
  }

  async function look(always = false) {
    if (always !== true && now() < known.warned) return plan();
    let said = null;
    try {
      said = await ask(here.ask, "GET");
    } catch {
      said = now() < known.ends ? known : null; // no connection: what was known last
    }
    if (!said) return over();
    learn(said);
    if (now() >= known.ends) return over();
    if (now() >= known.warned) warn();
    return plan();
  }

  async function stay() {
    try {
      const said = await ask(here.stay, "POST");
      if (!said) return over();
      learn(said);
      if (tabs) tabs.postMessage(said);
      close();
    } catch {
      dialog.querySelector("p").textContent = `There is no connection. You are signed out at ${clock(known.ends)}; try once more.`;
    }
  }

  function warn() {
    const when = `at ${clock(known.ends)}`;
    if (known.stays) show("Are you still there?", `You are signed out ${when} unless you go on.`, "Stay signed in", stay);
    else show("Your time is over soon", `You are signed out ${when}, a day after you signed in. Save what you have typed; then sign in again.`, "Go on", close);
  }

  function over() {
    clearTimeout(timer);
    if (!typed) {
      location.assign(`${here.signIn}?next=${encodeURIComponent(location.pathname + location.search)}`);
      return;
    }
    foot.textContent = "You are signed out.";
    show("You are signed out", "What you typed is still on this page. Send it as usual: you sign in again, and it is not lost. A file has to be chosen again.", "Go on", close);
  }

  function show(title, text, button, act) {
    if (dialog && dialog.dataset.title === title) return;
    close();
    before = document.activeElement;
    dialog = document.createElement("dialog");
    dialog.className = "session-dialog";
    dialog.dataset.title = title;
    dialog.setAttribute("role", "alertdialog");
    dialog.setAttribute("aria-labelledby", "session-title");
    dialog.setAttribute("aria-describedby", "session-text");
    const heading = Object.assign(document.createElement("h2"), { id: "session-title", textContent: title });
    const words = Object.assign(document.createElement("p"), { id: "session-text", textContent: text });
    const way = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-primary", textContent: button });
    way.addEventListener("click", act);
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); act(); }); // Escape does what the button does
    dialog.append(heading, words, way);
    document.body.append(dialog);
    dialog.showModal();
    way.focus();
  }

  function close() {
    if (!dialog) return;
    dialog.close();
    dialog.remove();
    dialog = null;
    if (before && before.isConnected) before.focus();
  }
}
