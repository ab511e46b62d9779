// The catalog: pushing it, changing titles and prices, and what cannot be pushed.
import { holds, ok, same } from "./report.mjs"
import { Refusal, until } from "./shop.mjs"

export async function catalogCases({ lab, shelfd, shop }) {
  await ok("the whole catalog is pushed, with prices and stock", async () => {
    // What was given up on while the route was missing waits for its next try; a new ledger asks at once.
    const first = await shelfd.once("sync")
    await until("stock in Medusa", 30, async () => (await shelfd.once("sync"), stockIsTheSheets(lab, shop)))
    const { rows } = await lab.state()
    for (const row of rows) {
      const { product } = await shop.variant(row.key)
      if (row.title) same(row.key, product.title, row.title)
      same(row.key, (await shop.prices(row.key)).map(({ amount }) => amount), [row.price])
    }
    return `${rows.length} variants, exit code ${first.code}`
  })
  await ok("variants are grouped, with their options", async () => {
    const fields = "id,title,handle,status,options.title,options.values.value,variants.sku"
    const { products } = await shop.admin("GET", `/products?limit=100&fields=${fields}`)
    const apron = products.find(({ handle }) => handle === "linen-apron")
    const options = apron.options.map((one) => [one.title, ...one.values.map(({ value }) => value).sort()].join(" ")).sort()
    same("options", options, ["Colour Flax Indigo", "Size Long Regular"])
    same("variants", apron.variants.length, 4)
    const board = products.find(({ title }) => title === "Oak Serving Board")
    same("simple", board.variants.map(({ sku }) => sku), ["BRD-OAK-40"])
    same("status", new Set(products.map(({ status }) => status)).size, 1)
    return `${products.length} products`
  })
  await ok("a price that staff changed in Medusa is put back", async () => {
    const { id, product_id } = await shop.variant("TWL-STR-3")
    const prices = [{ amount: 1, currency_code: "eur" }]
    await shop.admin("POST", `/products/${product_id}/variants/${id}`, { prices })
    same("exit code", (await shelfd.once("sync")).code, 0)
    same("prices", (await shop.prices("TWL-STR-3")).map(({ amount }) => amount), [18.9])
  })
  await ok("a second sync writes nothing", async () => {
    const { code, out } = await shelfd.once("sync", "--json")
    same("exit code", code, 0)
    const { endpoints } = JSON.parse(out)
    same("written", Object.values(endpoints).map(({ written }) => written), Object.values(endpoints).map(() => 0))
  })
  await ok("a bundle's row says that its stock is not kept", async () => {
    await shop.admin("POST", "/products", {
      title: "A part", options: [{ title: "Size", values: ["S"] }],
      variants: [{ title: "S", sku: "PART", manage_inventory: true, options: { Size: "S" }, prices: [] }],
    })
    const { id, product_id } = await shop.variant("BOX-GFT")
    const links = `/products/${product_id}/variants/${id}/inventory-items`
    await shop.admin("POST", links, { inventory_item_id: await shop.item("PART"), required_quantity: 1 })
    same("exit code", (await shelfd.once("sync")).code, 4)
    const { status, error } = await lab.row("BOX-GFT")
    holds(`${status} ${error}`, /does not count stock/.test(status + error))
    return error || status
  })
}

async function stockIsTheSheets(lab, shop) {
  const [{ rows }, stocks] = await Promise.all([lab.state(), shop.stocks()])
  return rows.every((row) => stocks[row.key] === row.stock) || rows.filter((row) => stocks[row.key] !== row.stock)
}

export async function contentCases({ lab, shop }) {
  const price = async (sku, wanted) =>
    until(`price of ${sku}`, 30, async () => (await shop.prices(sku)).some((one) => one.amount === wanted) || shop.prices(sku))
  await ok("a price goes from the sheet to Medusa, and leaves other prices alone", async () => {
    const variant = await shop.variant("SPN-WAL")
    const prices = [
      { amount: 11, currency_code: "eur" },
      { amount: 10, currency_code: "eur", rules: { region_id: shop.region } },
      { amount: 9, currency_code: "eur", min_quantity: 10 },
      { amount: 13, currency_code: "usd" },
    ]
    await shop.admin("POST", `/products/${variant.product_id}/variants/${variant.id}`, { prices })
    await lab.edit("SPN-WAL", "Price", "11.55")
    await price("SPN-WAL", 11.55)
    same("prices", await shop.prices("SPN-WAL"), [
      { amount: 9, currency_code: "eur", min_quantity: 10, of_region: false },
      { amount: 10, currency_code: "eur", min_quantity: null, of_region: true },
      { amount: 11.55, currency_code: "eur", min_quantity: null, of_region: false },
      { amount: 13, currency_code: "usd", min_quantity: null, of_region: false },
    ])
  })
  await ok("a title goes from the sheet to Medusa", async () => {
    await lab.edit("BRD-OAK-40", "Title", "Oak Board, Größe 40")
    await until("title", 30, async () => (await shop.variant("BRD-OAK-40")).product.title === "Oak Board, Größe 40")
  })
  await ok("a new row becomes a new variant of its product, with a new option value", async () => {
    const cells = {
      Handle: "fisher-jumper", Title: "Fisher Jumper", "Option1 Name": "Size", "Option1 Value": "XXL",
      SKU: "JMP-FSH-XXL", Price: 99, Stock: 6,
    }
    await lab.call("POST", "/sheet/insert", { cells })
    await until("the variant with its stock", 40, async () => (await shop.stocks())["JMP-FSH-XXL"] === 6)
    const { product } = await shop.variant("JMP-FSH-XXL")
    same("handle", product.handle, "fisher-jumper")
  })
  await ok("two simple products may have the same title", async () => {
    for (const sku of ["TWIN-1", "TWIN-2"]) {
      await lab.call("POST", "/sheet/insert", { cells: { Title: "Twin", SKU: sku, Price: 5, Stock: 3 } })
    }
    await until("both with their stock", 40, async () => {
      const stocks = await shop.stocks()
      return stocks["TWIN-1"] === 3 && stocks["TWIN-2"] === 3
    })
  })
  await ok("a SKU goes from the sheet to Medusa, and its variant and stock stay", async () => {
    const before = await shop.variant("TWIN-1")
    await lab.edit("TWIN-1", "SKU", "TWIN-ONE")
    await until("the new SKU", 40, async () => (await shop.variant("TWIN-ONE"))?.id === before.id)
    holds("nothing is called TWIN-1 any more", (await shop.variant("TWIN-1")) === undefined)
    await lab.edit("TWIN-ONE", "Stock", "7")
    await until("its stock", 40, async () => (await shop.stocks("TWIN-ONE"))["TWIN-ONE"] === 7)
  })
  await ok("a row that Medusa refuses says so and holds up no other", async () => {
    await shop.admin("POST", "/products", {
      title: "Staff's own", handle: "taken", options: [{ title: "Size", values: ["S"] }],
      variants: [{ title: "S", sku: "STAFF-1", options: { Size: "S" }, prices: [] }],
    })
    const options = (value) => ({ "Option1 Name": "Size", "Option1 Value": value })
    const rows = [
      { Handle: "taken", Title: "Taken", ...options("M"), SKU: "TAKEN-M", Price: 5, Stock: 1 },
      { Title: "Good beside bad", SKU: "GOOD-1", Price: 5, Stock: 8 },
      { Title: "No price", SKU: "BAD-1", Price: "12,5O", Stock: 1 },
    ]
    for (const cells of rows) await lab.call("POST", "/sheet/insert", { cells })
    await until("the good one", 40, async () => (await shop.stocks())["GOOD-1"] === 8)
    await until("words beside the bad ones", 40, async () => {
      const [taken, bad] = [await lab.row("TAKEN-M"), await lab.row("BAD-1")]
      return (/already exists/.test(taken.error + taken.status) && bad.status !== "Synced") || [taken, bad]
    })
    holds("BAD-1 must not be in Medusa", (await shop.variant("BAD-1")) === undefined)
    return (await lab.row("TAKEN-M")).error
  })
  await ok("Medusa takes no order for more than there is", async () => {
    try {
      await shop.buy("BLK-WOL-01", 50)
    } catch (error) {
      holds(error.message, error instanceof Refusal && error.body.code === "insufficient_inventory")
      return
    }
    throw new Error("it was sold")
  })
}
