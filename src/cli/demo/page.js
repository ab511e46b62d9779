"use strict";

const labels = { "sheet": "sheet", "shopify-lab": "Shopify lab", "woo-lab": "Woo lab" };
const short = { "sheet": "sheet", "shopify-lab": "Shopify", "woo-lab": "Woo" };
const columns = ["title", "price", "stock"];
const rows = [];
const shelves = {};
const movements = new Map();
let editing = null;
// What is there when the page opens is not news.
let drawn = false;

const byId = (id) => document.getElementById(id);
const rowsBody = byId("rows");
const movesList = byId("moves");

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function flash(element) {
  element.classList.remove("flash");
  // Reading the layout starts the animation anew.
  void element.offsetWidth;
  element.classList.add("flash");
}

function setText(element, text, withFlash) {
  if (element.textContent === text) return;
  element.textContent = text;
  if (withFlash) flash(element);
}

async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body ?? {}),
    });
    const { words } = await answer.json();
    if (words) toast(words);
  } catch {
    toast("The demo does not answer");
  }
}

let toastTimer;
function toast(words) {
  const box = byId("toast");
  box.textContent = words;
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, 3500);
}

// Sheet

const money = (value) => typeof value === "number" ? value.toFixed(2) : String(value ?? "");
const cellText = (row, column) => column === "price" ? money(row.price) : String(row[column] ?? "");

function makeRow() {
  const tr = make("tr");
  const cells = { rownum: "rownum", key: "quiet", title: "edit", price: "edit num", stock: "edit num", status: "status", last_sync: "quiet" };
  for (const [name, className] of Object.entries(cells)) {
    const td = tr.appendChild(make("td", className));
    td.dataset.column = name;
    if (columns.includes(name)) td.tabIndex = 0;
  }
  return tr;
}

function drawRow(index, before) {
  while (rowsBody.rows.length <= index) rowsBody.appendChild(makeRow());
  const tr = rowsBody.rows[index];
  const row = rows[index];
  const sameSku = before && before.key === row.key;
  const last = typeof row.last_sync === "string" ? row.last_sync.slice(11) || row.last_sync : "";
  const texts = { rownum: String(row.row), key: row.key ?? "", status: String(row.status ?? ""), last_sync: last };
  for (const column of columns) texts[column] = cellText(row, column);
  for (const td of tr.cells) {
    const column = td.dataset.column;
    if (editing && editing.td === td) continue;
    const flashes = sameSku && columns.includes(column);
    setText(td, texts[column], flashes);
    if (!sameSku) td.classList.remove("flash");
    if (column === "title") td.title = texts[column];
    if (column === "status") {
      td.title = String(row.error || row.status || "");
      td.classList.toggle("ok", row.status === "Synced");
      td.classList.toggle("no", String(row.status).startsWith("Refused"));
      td.classList.toggle("wait", row.status === "Waiting");
    }
    if (column === "last_sync") td.title = String(row.last_sync ?? "");
  }
}

function startEditing(td) {
  if (editing) stopEditing(false);
  const index = td.parentElement.sectionRowIndex;
  const row = rows[index];
  const column = td.dataset.column;
  const input = make("input");
  input.value = cellText(row, column);
  input.setAttribute("aria-label", column);
  // The row may move while somebody types: its key says which is meant.
  editing = { td, column, row: row.row, key: row.key, before: input.value, input };
  td.textContent = "";
  td.classList.add("editing");
  td.appendChild(input);
  input.select();
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") stopEditing(true);
    if (event.key === "Escape") stopEditing(false);
  });
  input.addEventListener("blur", () => stopEditing(true));
}

function stopEditing(keep) {
  if (!editing) return;
  const { td, column, row, key, before, input } = editing;
  editing = null;
  const typed = input.value;
  td.classList.remove("editing");
  const index = td.parentElement.sectionRowIndex;
  td.textContent = rows[index] ? cellText(rows[index], column) : "";
  if (keep && typed !== before) post("/edit", { row, key, column, typed });
}

rowsBody.addEventListener("click", (event) => {
  const td = event.target.closest("td.edit");
  if (td && !td.classList.contains("editing")) startEditing(td);
});
rowsBody.addEventListener("keydown", (event) => {
  const td = event.target.closest("td.edit");
  if (td && (event.key === "Enter" || event.key === "F2")) {
    event.preventDefault();
    startEditing(td);
  }
});

// Shops

function makeItem(shop, sku) {
  const li = make("li");
  const words = li.appendChild(make("div"));
  words.style.minWidth = 0;
  words.appendChild(make("div", "name"));
  words.appendChild(make("div", "sub"));
  li.appendChild(make("span", "stock"));
  const buy = li.appendChild(make("button", "buy", "Buy"));
  buy.type = "button";
  buy.addEventListener("click", () => post("/buy", { shop, sku }));
  li.dataset.sku = sku;
  return li;
}

function drawShelf(place, listId, changed) {
  const shelf = shelves[place] ??= new Map();
  const list = byId(listId);
  let grew = false;
  for (const [sku, item] of Object.entries(changed)) {
    let entry = shelf.get(sku);
    const isNew = !entry;
    if (isNew) {
      entry = { li: makeItem(place, sku) };
      shelf.set(sku, entry);
      grew = true;
    }
    entry.item = item;
    const { li } = entry;
    setText(li.querySelector(".name"), item.title, !isNew);
    li.querySelector(".name").title = `${item.title} ${item.variant} (${sku})`;
    const sub = item.variant ? `${item.variant} · ${item.price}` : item.price;
    setText(li.querySelector(".sub"), sub, !isNew);
    const isOut = item.stock <= 0;
    li.classList.toggle("out", isOut);
    setText(li.querySelector(".stock"), isOut ? "Sold out" : String(item.stock), !isNew);
    const buy = li.querySelector(".buy");
    buy.disabled = isOut;
    buy.setAttribute("aria-label", `Buy one ${item.title} ${item.variant}`);
  }
  if (grew) {
    const all = [...shelf.values()];
    all.sort((a, b) => a.item.title.localeCompare(b.item.title) || a.item.variant.localeCompare(b.item.variant, undefined, { numeric: true }));
    list.replaceChildren(...all.map((entry) => entry.li));
  }
  const out = [...shelf.values()].filter((entry) => entry.item.stock <= 0).length;
  byId(`${listId}-count`).textContent = out ? `${shelf.size} items, ${out} sold out` : `${shelf.size} items`;
}

// Movements

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const signed = (units) => units > 0 ? `+${units}` : `−${Math.abs(units)}`;

function sayWhere(movement) {
  switch (movement.what) {
    case "sold": return `sold in ${labels[movement.place]}`;
    case "given_back": return `order cancelled in ${labels[movement.place]}`;
    case "stock": return `stock ${movement.text} typed in the sheet`;
    case "price": return `price ${movement.text} typed in the sheet`;
    case "title": return "title typed in the sheet";
    default: return "";
  }
}

function drawMovement(movement) {
  const old = movements.get(movement.id);
  const li = make("li", old || !drawn ? "" : "new");
  const units = movement.units === 0 ? "✎" : signed(movement.units);
  const tone = movement.units < 0 ? " down" : movement.units > 0 ? " up" : "";
  li.appendChild(make("span", `units${tone}`, movement.what === "sorted" ? "↕" : units));
  const title = movement.what === "sorted" ? `Sheet sorted by ${movement.text}` : movement.title;
  const name = li.appendChild(make("span", "name"));
  name.title = title;
  name.append(make("span", "", title), make("time", "", clock.format(new Date(movement.at))));
  const where = sayWhere(movement);
  if (where) li.appendChild(make("span", "where", where));
  if (movement.arrivals.length) {
    const times = li.appendChild(make("span", "times", "→ "));
    movement.arrivals.forEach((arrival, index) => {
      if (index) times.append(", ");
      times.append(`${short[arrival.place]} `);
      times.appendChild(arrival.secs === null ? make("i", "", "…") : make("b", "", `${arrival.secs.toFixed(1)} s`));
    });
  }
  if (old) old.replaceWith(li);
  else movesList.prepend(li);
  movements.set(movement.id, li);
}

function drawMovements(changed) {
  if (changed.length) movesList.querySelector(".none")?.remove();
  changed.forEach(drawMovement);
  while (movements.size > 200) {
    const oldest = movements.keys().next().value;
    movements.get(oldest).remove();
    movements.delete(oldest);
  }
  if (!movements.size && !movesList.firstChild) {
    movesList.appendChild(make("li", "none", "Nothing has moved yet. Buy something, or type a number."));
  }
}

// Header

function drawTotals(update) {
  const { totals, waits, calls } = update;
  const secs = (value) => waits.count ? `${value.toFixed(1)} s` : "–";
  const entries = [
    ["sales", totals.sales], ["units sold", totals.units], ["median wait", secs(waits.p50)], ["longest wait", secs(waits.max)],
    ["calls to Google · Shopify · Woo", ["sheet", "shopify-lab", "woo-lab"].map((place) => calls[place].toLocaleString()).join(" · ")],
  ];
  const list = byId("totals");
  while (list.children.length < entries.length) {
    const pair = list.appendChild(make("div"));
    pair.append(make("dt"), make("dd"));
  }
  entries.forEach(([name, value], index) => {
    const [dt, dd] = list.children[index].children;
    setText(dt, name);
    setText(dd, typeof value === "number" ? value.toLocaleString() : value);
  });
}

function drawAgreement(update) {
  const open = update.open.length;
  const box = byId("agree");
  box.classList.toggle("good", open === 0);
  box.classList.toggle("wait", open > 0);
  const refused = rows.filter((row) => String(row.status).startsWith("Refused")).length;
  const left = refused ? `, ${refused} ${refused === 1 ? "row needs" : "rows need"} a look` : "";
  setText(byId("agree-words"), (open === 0 ? "Everything agrees" : `${open} on the way`) + left);
  for (const button of document.querySelectorAll("[data-pace]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.pace) === update.per_second));
  }
}

function draw(update) {
  for (const [index, row] of Object.entries(update.rows)) {
    const before = rows[index];
    rows[index] = row;
    drawRow(Number(index), before);
  }
  rows.length = update.row_count;
  while (rowsBody.rows.length > rows.length) rowsBody.deleteRow(-1);
  const [, first, second] = update.places;
  drawShelf(first, "shop1", update.shelves[first]);
  drawShelf(second, "shop2", update.shelves[second]);
  drawMovements(update.movements);
  drawTotals(update);
  drawAgreement(update);
  drawn = true;
}

byId("sort").addEventListener("change", (event) => {
  const header = event.target.value;
  event.target.value = "";
  if (header) post("/sort", { header, ascending: header === "Title" || header === "SKU" });
});
byId("buy-last").addEventListener("click", () => post("/buy-last"));
byId("restock").addEventListener("click", () => post("/restock"));
for (const button of document.querySelectorAll("[data-pace]")) {
  button.addEventListener("click", () => post("/shoppers", { per_second: Number(button.dataset.pace) }));
}

const events = new EventSource("/events");
events.onmessage = (event) => draw(JSON.parse(event.data));
events.onerror = () => {
  byId("agree").classList.remove("good", "wait");
  setText(byId("agree-words"), "The demo has stopped");
};
