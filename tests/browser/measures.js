// What a page is measured by: each function returns the names of what fails, so that a test can say them.
window.measures = (() => {
  const name = (e) => `${e.tagName.toLowerCase()}.${e.className} ${(e.innerText || e.name || "").trim().slice(0, 40)}`;
  const shown = (e) => {
    const box = e.getBoundingClientRect();
    return e.checkVisibility({ visibilityProperty: true }) && box.width > 1 && box.height > 1 && !e.closest(".sr, .skip");
  };
  const all = (selector) => [...document.querySelectorAll(selector)];
  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";

  // 1.4.10 and 1.4.12: nothing wider than the window, no text cut by its box
  const wide = () =>
    document.documentElement.scrollWidth <= innerWidth + 1
      ? []
      : all("body *").filter((e) => shown(e) && e.getBoundingClientRect().right > innerWidth + 1).map(name).slice(0, 5);
  const cut = () =>
    all("body *").filter((e) => {
      const style = getComputedStyle(e);
      const hides = [style.overflowX, style.overflowY].some((each) => each === "hidden" || each === "clip");
      return hides && shown(e) && !e.closest("svg") && style.clipPath === "none" &&
        (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1);
    }).map(name).slice(0, 5);

  // 2.5.8: 24 pixels, or a circle of 24 around it that meets no other target; links within a sentence are exempt
  const small = () => {
    const targets = all(controls).filter(shown);
    const middle = (box) => [box.left + box.width / 2, box.top + box.height / 2];
    const little = (box) => box.width < 24 || box.height < 24;
    const inline = (e) => getComputedStyle(e).display === "inline" && e.parentElement.innerText.trim().length > e.innerText.trim().length + 3;
    const labelled = (e) => [...(e.labels || [])].some((label) => !little(label.getBoundingClientRect()));
    return targets.filter((e) => {
      const box = e.getBoundingClientRect();
      if (!little(box) || inline(e) || labelled(e)) return false;
      const [x, y] = middle(box);
      return targets.some((other) => {
        if (other === e) return false;
        const near = other.getBoundingClientRect();
        const [ox, oy] = middle(near);
        const away = Math.hypot(Math.max(near.left - x, 0, x - near.right), Math.max(near.top - y, 0, y - near.bottom));
        return away < 12 || (little(near) && Math.hypot(ox - x, oy - y) < 24);
      });
    }).map(name).slice(0, 5);
  };

  // 2.4.7 and 2.4.11: what has the focus is in the window, not wholly behind something, and has an outline
  const hidden = () =>
    stops().filter((e) => {
      e.focus({ focusVisible: true });
      const box = e.getBoundingClientRect();
      const points = [[0.5, 0.5], [0.05, 0.1], [0.95, 0.9], [0.05, 0.9], [0.95, 0.1]];
      const seen = points.some(([x, y]) => {
        const there = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
        return there && (e.contains(there) || there.contains(e) || [...(e.labels || [])].some((label) => label.contains(there)));
      });
      return !seen || getComputedStyle(e).outlineStyle === "none";
    }).map(name).slice(0, 5);

  // 2.1.1: Tab comes to every control; told by what presses it, stop after stop
  const passed = new Set();
  const stops = () => all(controls).filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled && e.tabIndex >= 0);
  const stopped = () => passed.add(document.activeElement);
  const unreached = () => stops().filter((e) => !passed.has(e)).map(name);

  // 2.4.2, 3.3.1: who is told of a problem is told in the title, is led to the field, and hears there what is wrong
  const untold = () => {
    const links = all(".errors a");
    if (!all(".errors").length) return document.title.startsWith("Error:") ? ["title"] : [];
    return [...(document.title.startsWith("Error:") ? [] : ["title"]), ...links.filter((link) => {
      const field = document.querySelector(link.hash);
      const texts = (field?.getAttribute("aria-describedby") || "").split(" ").map((id) => document.getElementById(id)?.textContent || "");
      return !(field?.getAttribute("aria-invalid") === "true" && texts.some((text) => text.includes(link.textContent)));
    }).map(name)];
  };

  return { wide, cut, small, hidden, stops, stopped, unreached, untold };
})();
