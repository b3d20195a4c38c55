/* Entry pages: keeps what is typed, shows what is computed from it, pastes blocks of cells, moves between rows.
   Without it every page works: the forms are ordinary forms, and all of this comes with the next save. */
"use strict";

const form = document.querySelector("form.entry");
const errors = document.querySelector(".errors");
if (errors) errors.focus();
if (form) {
  const status = form.querySelector(".saved");
  const url = form.dataset.draft;
  let timer = 0;
  let sending = false;
  let again = false;
  let left = false;
  let notKept = false;

  // Autosave

  async function save() {
    if (!url || left) return;
    if (sending) {
      again = true;
      return;
    }
    sending = true;
    try {
      const answer = await fetch(url, { method: "POST", body: new FormData(form), redirect: "manual" });
      if (answer.ok) {
        const { saved, outputs } = await answer.json();
        for (const [id, html] of Object.entries(outputs)) {
          const output = document.getElementById(id);
          if (output && output.innerHTML !== html) output.innerHTML = html;
        }
        tell(`Saved ${saved} as a draft`);
      } else if (answer.type === "opaqueredirect" || answer.status === 403) {
        tell("You are signed out. Press Save: you sign in again, and nothing you typed is lost.", true);
      } else {
        tell("Not kept yet: the server did not answer. It is tried again as you type.", true);
      }
    } catch {
      tell("Not kept yet: there is no connection. It is tried again as you type.", true);
    }
    sending = false;
    if (again) {
      again = false;
      save();
    }
  }

  function tell(text, failed = false) {
    if (status && status.textContent !== text) status.textContent = text;
    if (status) status.classList.toggle("saved-not", failed);
    notKept = failed;
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(() => { timer = 0; save(); }, 700);
  }

  form.addEventListener("input", () => {
    left = false;
    soon();
  });
  document.addEventListener("submit", async (event) => {
    const pending = timer || sending;
    clearTimeout(timer);
    timer = 0;
    if (event.target === form || event.submitter?.name === "discard" || !pending || left) {
      left = true;
      return;
    }
    event.preventDefault(); // as signing out: first what is typed, then the way out
    await save();
    left = true;
    event.target.requestSubmit(event.submitter);
  });
  addEventListener("pageshow", () => { left = false; });
  addEventListener("pagehide", () => {
    if ((timer || again) && url && !left) navigator.sendBeacon(url, new FormData(form));
  });
  addEventListener("beforeunload", (event) => {
    if (notKept && !left) event.preventDefault();
  });

  // A block of cells from a spreadsheet fills the cells below and to the right

  const short = "input[type=text], input:not([type])";
  const rowOf = (cell) => cell.closest("tr");
  const cellsOf = (row) => [...row.querySelectorAll("td > .answers input[type=text], td > .answers textarea")];

  form.addEventListener("paste", (event) => {
    const cell = event.target;
    const row = cell.matches("input, textarea") && rowOf(cell);
    const block = row && cellsIn(event.clipboardData.getData("text/plain"));
    const isTable = /<table/i.test(event.clipboardData.getData("text/html"));
    const column = row ? cellsOf(row).indexOf(cell) : -1;
    if (column < 0 || (block.length < 2 && block[0].length < 2) || (cell.matches("textarea") && !isTable)) return;
    event.preventDefault();
    let target = row;
    for (const line of block) {
      if (!target) break;
      const cells = cellsOf(target);
      line.forEach((value, n) => {
        if (cells[column + n]) cells[column + n].value = value.trim();
      });
      target = target.nextElementSibling;
    }
    soon();
    tell("Pasted.");
  });

  // Lines and tabs; a cell with either in it stands in quotation marks
  function cellsIn(text) {
    const rows = [[]];
    const cell = /(?:"((?:[^"]|"")*)"|([^\t\n]*))(\t|\n|$)/y;
    const source = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
    for (let found = cell.exec(source); found; found = cell.exec(source)) {
      rows.at(-1).push(found[1] === undefined ? found[2] : found[1].replaceAll('""', '"'));
      if (found[3] === "\n") rows.push([]);
      if (!found[3]) break;
    }
    return rows;
  }

  // Up and down go to the same cell of the next row; they never change an answer

  form.addEventListener("keydown", (event) => {
    const step = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[event.key];
    const cell = event.target;
    if (!step || event.altKey || !cell.matches(short) || !rowOf(cell)) return;
    const column = cellsOf(rowOf(cell)).indexOf(cell);
    let row = rowOf(cell)[step];
    event.preventDefault();
    const next = row && cellsOf(row)[column];
    if (next) {
      next.focus();
      if (next.select) next.select();
    }
  });

  // Letters to click, beside a cell that has a few

  let palette = null;
  const close = () => {
    if (palette) palette.remove();
    palette = null;
  };
  form.addEventListener("focusin", (event) => {
    close();
    const cell = event.target;
    if (!cell.dataset || !cell.dataset.choices) return;
    palette = document.createElement("div");
    palette.className = "palette";
    palette.setAttribute("aria-hidden", "true");
    for (const choice of cell.dataset.choices.split("|")) {
      const [value, label] = choice.split(/:(.*)/);
      const button = document.createElement("button");
      button.type = "button";
      button.tabIndex = -1;
      button.textContent = value.length < 3 ? `${value} ${label}` : label;
      button.addEventListener("pointerdown", (pressed) => pressed.preventDefault()); // the cell keeps the focus
      button.addEventListener("click", () => { // not on the way down: who slips can still let go elsewhere
        cell.value = value.length < 3 || /^Q\d/.test(value) ? value : label;
        soon();
        close();
      });
      palette.append(button);
    }
    const box = cell.getBoundingClientRect();
    document.body.append(palette);
    const room = document.documentElement.clientWidth - palette.offsetWidth - 4;
    palette.style.left = `${Math.max(4, Math.min(box.left, room)) + scrollX}px`;
    palette.style.top = `${box.bottom + scrollY + 6}px`;
  });
  form.addEventListener("focusout", close);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close(); // it may cover what somebody wants to read
  });
  form.addEventListener("input", close);
}
