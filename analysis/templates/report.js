"use strict";
(() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const page = JSON.parse(one("#page").textContent);
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // Tables: sorted by their headings, narrowed by words and by the model and task that are shown, taken away as files.
  const rows = (table) => [...table.tBodies[0].rows];
  const cast = (row) => page.students[row.dataset.s];
  const numbers = (cell) => (cell.dataset.v ? cell.dataset.v.split(" ").map(Number) : []);
  const words = (cell) => cell.firstChild?.textContent ?? "";
  const scope = one("#scope select");

  const narrow = (part) => {
    const wanted = one("input", part).value.toLowerCase().split(/\s+/).filter(Boolean);
    const victim = page.victims.indexOf(scope?.value);
    const found = rows(one("table", part)).filter((row) => {
      const text = row.textContent.toLowerCase();
      const isOther = victim >= 0 && cast(row) && cast(row).victim !== victim;
      row.hidden = isOther || !wanted.every((word) => text.includes(word));
      return !row.hidden;
    });
    const total = one("table", part).tBodies[0].rows.length;
    one("output", part).textContent = found.length === total ? `${total} rows` : `${found.length} of ${total} rows`;
  };

  const sort = (heading) => {
    const column = heading.cellIndex;
    const sign = heading.ariaSort === "descending" ? 1 : -1;
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    const body = heading.closest("table").tBodies[0];
    const isText = heading.classList.contains("t");
    const keyed = [...body.rows].map((row) => [isText ? words(row.cells[column]) : numbers(row.cells[column])[0], row]);
    const known = keyed.filter(([key]) => key !== undefined);
    known.sort(([a], [b]) => sign * (isText ? a.localeCompare(b, "en", { numeric: true }) : a - b));
    body.append(...known.map(([, row]) => row), ...keyed.filter(([key]) => key === undefined).map(([, row]) => row));
  };

  const csv = (table) => {
    const quote = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const headings = [...table.tHead.rows[0].cells];
    const spans = headings.map((_, i) => Math.max(1, ...rows(table).map((row) => numbers(row.cells[i]).length)));
    const ends = ["", "_low", "_high"];
    const names = headings.flatMap((heading, i) => ends.slice(0, spans[i]).map((end) => heading.dataset.name + end));
    const line = (row) => spans.flatMap((span, i) => {
      const text = headings[i].classList.contains("t") ? [words(row.cells[i])] : numbers(row.cells[i]);
      return Array.from({ length: span }, (_, k) => quote(String(text[k] ?? "")));
    });
    return [names, ...rows(table).filter((row) => !row.hidden).map(line)].map((cells) => `${cells.join(",")}\n`).join("");
  };

  const LATEX = { "\\": "\\textbackslash{}", "−": "$-$", "–": "--", "\u00a0": "~", "×": "$\\times$", "→": "$\\to$", "δ": "$\\delta$", "●": "$\\bullet$", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "$<$", ">": "$>$" };
  const tex = (table) => {
    const escape = (text) => text.replace(/[\\−–\u00a0×→δ●~^<>&%$#_{}]/g, (sign) => LATEX[sign] ?? `\\${sign}`);
    const headings = [...table.tHead.rows[0].cells];
    const cell = (entry) => escape([...entry.childNodes].map((node) => node.textContent).join(" "));
    const line = (cells) => `${[...cells].map(cell).join(" & ")} \\\\`;
    const alignment = headings.map((heading) => (heading.classList.contains("t") ? "l" : "r")).join("");
    const body = rows(table).filter((row) => !row.hidden).map((row) => line(row.cells));
    const parts = [`\\begin{tabular}{${alignment}}`, "\\toprule", line(headings), "\\midrule", ...body, "\\bottomrule", "\\end{tabular}"];
    return `${parts.join("\n")}\n`;
  };

  const save = (name, text, type) => {
    const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  for (const part of all(".table")) {
    const table = one("table", part);
    one("input", part).addEventListener("input", () => narrow(part));
    table.addEventListener("click", ({ target }) => {
      if (target.closest("th button")) sort(target.closest("th"));
      else if (target.closest("td button")) show(target.textContent, cast(target.closest("tr"))?.victim);
    });
    const forms = { csv: [csv, "text/csv"], tex: [tex, "application/x-tex"] };
    for (const button of all(".files button", part)) {
      const [write, type] = forms[button.dataset.as];
      button.addEventListener("click", () => save(`${part.dataset.name}.${button.dataset.as}`, write(table), type));
    }
  }
  scope?.addEventListener("change", () => {
    for (const part of all("[data-victim]")) part.hidden = scope.value && page.victims.includes(part.dataset.victim) && part.dataset.victim !== scope.value;
    all(".table").forEach(narrow);
    dispatchEvent(new Event("resize"));  // charts that were hidden have had no width
  });

  // One student: its settings and all its rows, in a dialog from the side.
  const dialog = one("#student");
  const facts = (settings) => Object.entries(settings).flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", { textContent: value })]);

  const rowsOf = (part, isMeant) => {
    const table = one("table", part);
    const mine = rows(table).filter((row) => isMeant(row)).map((row) => row.cloneNode(true));
    if (!mine.length) return [];
    for (const row of mine) row.hidden = false;
    const copy = make("table", {}, table.tHead.cloneNode(true), make("tbody", {}, ...mine));
    for (const cell of all(".w", copy)) cell.remove();  // it would say the same in every row
    for (const button of all("button", copy)) button.replaceWith(button.textContent);
    for (const heading of all("th", copy)) heading.removeAttribute("aria-sort");
    const box = make("div", { className: "scroll", tabIndex: 0 }, copy);
    return [make("h3", { textContent: one("h3", part).textContent }), box];
  };

  const show = (name, victim) => {
    const students = page.students.filter((other) => other.name === name && (victim === undefined || other.victim === victim));
    if (!students.length) return;
    const isMeant = (row) => (cast(row) ? students.includes(cast(row)) : one("td.w", row)?.textContent === name);
    const close = make("button", { type: "button", className: "close", textContent: "Close", onclick: () => dialog.close() });
    const only = make("button", { type: "button", textContent: "Only this one in all tables" });
    only.addEventListener("click", () => {
      for (const part of all(".table")) if (one("td.w", part)) { one("input", part).value = name; narrow(part); }
      dialog.close();
    });
    const example = all(".example").find((article) => students.includes(cast(article)));
    const look = make("button", { type: "button", textContent: "Adversarial examples", hidden: !example });
    look.addEventListener("click", () => { dialog.close(); choose(example.dataset.s); location.hash = "examples"; });
    dialog.replaceChildren(
      close,
      make("h2", { id: "student-name", textContent: name }),
      make("p", { className: "muted", textContent: students.map((student) => page.victims[student.victim]).join(" · ") }),
      make("dl", { className: "facts" }, ...facts(students[0].settings)),
      make("div", { className: "actions" }, only, look),
      ...all(".table").flatMap((part) => rowsOf(part, isMeant)),
    );
    dialog.showModal();
    dialog.scrollTop = 0;
  };
  dialog.addEventListener("click", ({ target }) => { if (target === dialog) dialog.close(); });

  // Adversarial examples: one at a time, of the victim and attack that are chosen.
  const articles = all(".example");
  const box = one(".choose");
  const option = (value, text) => make("option", { value, textContent: text });
  let at = 0;

  const chosen = () => articles.filter(({ dataset }) => dataset.s === box.querySelector("[name=victim]").value && [dataset.attack, ""].includes(one("[name=attack]", box).value));
  const turn = (step) => {
    const found = chosen();
    at = Math.min(Math.max(at + step, 0), found.length - 1);
    for (const article of articles) article.hidden = article !== found[at];
    one("output", box).textContent = `${at + 1} of ${found.length}`;
    one("[name=previous]", box).disabled = at === 0;
    one("[name=next]", box).disabled = at === found.length - 1;
  };
  const attacks = () => {
    const of = articles.filter(({ dataset }) => dataset.s === one("[name=victim]", box).value).map(({ dataset }) => dataset.attack);
    one("[name=attack]", box).replaceChildren(option("", "every attack"), ...[...new Set(of)].map((name) => option(name, name)));
    at = 0;
    turn(0);
  };
  const choose = (student) => { one("[name=victim]", box).value = student; attacks(); };

  if (box) {
    const places = [...new Set(articles.map(({ dataset }) => dataset.s))];
    page.victims.forEach((victim, i) => {
      const of = places.filter((place) => page.students[place].victim === i);
      const group = make("optgroup", { label: victim }, ...of.map((place) => option(place, page.students[place].name)));
      if (of.length) one("[name=victim]", box).append(group);
    });
    one("[name=victim]", box).addEventListener("change", attacks);
    one("[name=attack]", box).addEventListener("change", () => { at = 0; turn(0); });
    one("[name=previous]", box).addEventListener("click", () => turn(-1));
    one("[name=next]", box).addEventListener("click", () => turn(1));
    attacks();
  }

  // Charts: drawn one after the other; a tooltip ends with the student's settings, a click shows its rows.
  const student = (name, victim) => page.students.find((other) => other.name === name && (victim < 0 || other.victim === victim));
  const tooltip = (victim) => (value, sanitize) => {
    const lines = Object.entries(value).filter(([, text]) => text !== undefined);
    const settings = Object.entries(student(value.compression, victim)?.settings ?? {}).filter(([name]) => !name.includes(".")).slice(0, 8);
    const line = ([name, text]) => `<tr><td class="key">${sanitize(name)}</td><td class="value">${sanitize(text)}</td></tr>`;
    return `<table>${[...lines, ...settings].map(line).join("")}</table>`;
  };

  const draw = async (place) => {
    const config = structuredClone(page.theme);
    config.legend.columns = Math.max(1, Math.floor(place.clientWidth / 155));
    config.axis.labelLimit = Math.min(config.axis.labelLimit, 0.42 * place.clientWidth);
    const victim = page.victims.indexOf(place.closest("figure").dataset.victim);
    const options = { config, actions: false, renderer: "svg", ast: true };  // expressions are interpreted: no code is made of text
    options.tooltip = { disableDefaultStyle: true, formatTooltip: tooltip(victim) };
    const { view } = await vegaEmbed(place, JSON.parse(place.nextElementSibling.textContent), options);
    view.addEventListener("click", (_, item) => {
      const name = item?.datum?.compression_name;
      if (name) show(name, victim < 0 ? undefined : victim);
    });
  };
  (async () => {
    for (const place of all(".chart")) {
      await draw(place).catch((error) => { place.textContent = error.message; });
      place.removeAttribute("aria-busy");
    }
  })();

  // The page: contents that say where one is, light or dark, everything unfolded on paper.
  const spy = new IntersectionObserver((entries) => {
    for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
      for (const link of all("nav a")) link.ariaCurrent = link.hash === `#${target.id}` ? "true" : null;
    }
  }, { rootMargin: "-10% 0px -80% 0px" });
  all("section").forEach((section) => spy.observe(section));

  const themes = ["system", "light", "dark"];
  one("#theme").addEventListener("click", ({ currentTarget }) => {
    const label = one("span", currentTarget);
    label.textContent = themes[(themes.indexOf(label.textContent) + 1) % themes.length];
    document.documentElement.dataset.theme = label.textContent;
  });
  addEventListener("beforeprint", () => { for (const part of all("details")) part.open = true; });
})();
