// SPDX-License-Identifier: BSD-2-Clause
// Elements and tables. Whatever comes from outside goes through setText(): a path that looks like markup is shown as the
// text that it is, and one that would turn the text around, or hide a part of it, shows by what.

function visible(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (mark) => `\\u${mark.codePointAt(0).toString(16).padStart(4, "0")}`);
}

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function setText(node, text) {
  const shown = visible(text);
  if (node.textContent !== shown) node.textContent = shown;
}

function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

// A table that is brought up to date in place: rows keep their element, so a selection or a focus survives.
export class Table {
  // columns: {title, text(item), value?(item), kind?: "number" | "name" | "path", minor?, hint?, state?(item)}. `value` is the
  // unrounded number, for whoever reads the page with a program. A minor column gives way on narrow screens.
  constructor(section, { caption, columns, key, empty = "None.", onSelect }) {
    this.columns = columns;
    this.key = key;
    this.onSelect = onSelect;
    this.rows = new Map();
    this.body = element("tbody");
    const head = element("tr");
    for (const column of columns) {
      const cell = element("th", { scope: "col", class: this.#classOf(column) }, column.title);
      if (column.hint) cell.title = column.hint;
      head.append(cell);
    }
    this.titles = [...head.children];
    this.table = element("table", {}, element("caption", { class: "unseen" }, caption), element("thead", {}, head), this.body);
    this.scroller = element("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": caption }, this.table);
    this.empty = element("p", { class: "faint" }, empty);
    this.rest = element("p", { class: "faint" });
    section.append(this.scroller, this.empty, this.rest);
  }

  #classOf(column) {
    return [column.kind ?? "", column.minor ? "minor" : ""].join(" ").trim();
  }

  update(items, { most = Infinity, selected } = {}) {
    const shown = items.slice(0, most);
    const seen = new Set();
    let previous = null;
    for (const item of shown) {
      const key = this.key(item);
      seen.add(key);
      let row = this.rows.get(key);
      if (!row) this.rows.set(key, (row = this.#makeRow(key)));
      this.#fill(row, item);
      if (selected !== undefined) setAttribute(row, "aria-current", String(key === selected));
      const place = previous ? previous.nextSibling : this.body.firstChild;
      if (place !== row) this.body.insertBefore(row, place);
      previous = row;
    }
    for (const [key, row] of this.rows) {
      if (seen.has(key)) continue;
      row.remove();
      this.rows.delete(key);
    }
    this.scroller.hidden = !items.length;
    this.empty.hidden = items.length > 0;
    this.rest.hidden = items.length <= shown.length;
    setText(this.rest, `and ${items.length - shown.length} more`);
  }

  #makeRow(key) {
    const row = element("tr");
    this.columns.forEach((column, index) => {
      const cell = index ? element("td") : element("th", { scope: "row" });
      cell.className = this.#classOf(column);
      if (!index && this.onSelect) {
        const button = element("button", { type: "button" });
        button.addEventListener("click", () => this.onSelect(key));
        cell.append(button);
      }
      row.append(cell);
    });
    return row;
  }

  #fill(row, item) {
    this.columns.forEach((column, index) => {
      const cell = row.children[index];
      setText(cell.firstElementChild ?? cell, column.text(item));
      if (column.value) setAttribute(cell, "data-value", String(column.value(item) ?? ""));
      if (column.state) setAttribute(cell, "data-state", column.state(item));
      if (column.kind === "path") setAttribute(cell, "title", cell.textContent);
    });
  }

  setTitle(index, title) {
    setText(this.titles[index], title);
  }
}
