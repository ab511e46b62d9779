// The route and the webhooks: keys sent twice, at once, late; who gets in; what is signed how.
import { createHmac, randomUUID } from "node:crypto"
import { webhookSecret } from "./engine.mjs"
import { holds, ok, same } from "./report.mjs"
import { Refusal, until } from "./shop.mjs"
import { everywhere } from "./stock.mjs"

export async function webhookCases(world) {
  const { lab, shelfd, shop } = world
  const key = Buffer.from(webhookSecret.slice("whsec_".length), "base64")
  const body = JSON.stringify({ type: "changed", products: [], variants: [], inventory: [await shop.item("TOT-RUS")] })
  const send = async (id, time, sign = key, sent = body) => {
    const signature = createHmac("sha256", sign).update(`${id}.${time}.${body}`).digest("base64")
    const headers = { "webhook-id": id, "webhook-timestamp": String(time), "webhook-signature": `v1,${signature}` }
    return (await fetch(shelfd.webhook, { method: "POST", headers, body: sent })).status
  }
  const now = () => Math.floor(Date.now() / 1000)
  await ok("deliveries are signed: others are refused", async () => {
    same("good", await send("msg_1", now()), 200)
    same("the same again", await send("msg_1", now()), 200)
    same("another secret", await send("msg_2", now(), Buffer.from("other")), 401)
    same("another body", await send("msg_3", now(), key, body.replace("changed", "Changed")), 401)
    same("six minutes old", await send("msg_4", now() - 360), 401)
    same("unsigned", (await fetch(shelfd.webhook, { method: "POST", body })).status, 401)
  })
  await ok("a sale while shelfd does not listen is found when it is back", async () => {
    const { stock } = await lab.row("TOT-NAT")
    await shelfd.stop()
    await shop.buy("TOT-NAT", 2)
    await shelfd.start()
    await everywhere(world, "TOT-NAT", stock - 2)
  })
  await ok("shelfd webhooks lists the subscriber, and register is content with it", async () => {
    const listed = await shelfd.once("webhooks", "list", "--shop", "medusa")
    holds(listed.out + listed.err, listed.code === 0 && listed.out.includes("active"))
    const registered = await shelfd.once("webhooks", "register", "--shop", "medusa")
    same(registered.err, registered.code, 0)
  })
}

export async function routeCases(world) {
  const { shop, postgres } = world
  // Not in the sheet, so that nobody else moves it.
  const product = await shop.admin("POST", "/products", {
    title: "Alone", options: [{ title: "Size", values: ["S"] }],
    variants: [{ title: "S", sku: "ALONE", manage_inventory: true, options: { Size: "S" }, prices: [] }],
  })
  holds("a variant", product.product.variants.length === 1)
  const item = await shop.item("ALONE")
  const units = async () => (await shop.stocks("ALONE")).ALONE
  const one = async (key, expected, delta) => (await shop.change(key, [{ item, expected, delta }])).results[0]
  const word = async (...change) => (await one(...change)).status
  await ok("an item that was never stocked here is stocked by its first change", async () => {
    same("result", await one("k1", 0, 50), { item, status: "done", available: 50 })
    same("units", await units(), 50)
  })
  await ok("a repeated key changes nothing and says the same", async () => {
    same("result", await one("k1", 0, 50), { item, status: "done", available: 50 })
    same("units", await units(), 50)
    same("another change", await word("k1", 50, 1), "mismatch")
  })
  await ok("ten requests with one key at once make one change", async () => {
    const results = await Promise.all(Array.from({ length: 10 }, () => one("k2", 50, -5)))
    same("results", new Set(results.map(({ status, available }) => `${status} ${available}`)).size, 1)
    same("units", await units(), 45)
  })
  await ok("of ten changes at once that expect the same, one is made", async () => {
    const words = await Promise.all(Array.from({ length: 10 }, (_, at) => word(`k3-${at}`, 45, -1)))
    same("done", words.filter((status) => status === "done").length, 1)
    same("stale", words.filter((status) => status === "stale").length, 9)
    same("units", await units(), 44)
  })
  await ok("what was refused as stale stays refused under its key", async () => {
    same("stale", await word("k4", 40, -1), "stale")
    same("to 40", await word("k5", 44, -4), "done")
    same("late", await word("k4", 40, -1), "stale")
    same("units", await units(), 40)
  })
  await ok("one bad item does not hold up the others", async () => {
    const changes = [{ item: "iitem_nope", expected: 0, delta: 1 }, { item, expected: 40, delta: 2 }]
    const { results } = await shop.change("k6", changes)
    same("statuses", results.map(({ status }) => status), ["gone", "done"])
    same("units", await units(), 42)
  })
  await ok("orders and keyed changes at once: each counts once", async () => {
    let made = 0
    const changes = async () => {
      for (let count = 0; count < 15; count++) {
        const expected = await units()
        if ((await word(`k7-${count}`, expected, 1)) === "done") made += 1
      }
    }
    const before = await units()
    const { product_id } = await shop.variant("ALONE")
    await shop.admin("POST", `/products/${product_id}`, {
      status: "published", sales_channels: [{ id: shop.channel }], shipping_profile_id: shop.profile,
    })
    const { id } = await shop.variant("ALONE")
    await shop.admin("POST", `/products/${product_id}/variants/${id}`, { prices: [{ amount: 1, currency_code: "eur" }] })
    const orders = []
    const buy = async () => {
      for (let count = 0; count < 3; count++) orders.push(await shop.buy("ALONE", 1))
    }
    await Promise.all([changes(), buy(), buy()])
    await Promise.all(orders.slice(0, 2).map((order) => shop.fulfil(order)))
    same("units", await units(), before + made - orders.length)
    return `${made} changes, ${orders.length} orders`
  })
  await ok("both copies of a quantity stay the same", () => {
    const wrong = postgres.query(
      "select count(*) from inventory_level where (raw_stocked_quantity->>'value')::numeric <> stocked_quantity")
    same("levels that differ", wrong, "0")
  })
  await ok("only users and secret API keys get in", async () => {
    for (const headers of [{}, { authorization: `Basic ${Buffer.from("sk_wrong:").toString("base64")}` }]) {
      try {
        await shop.call("POST", "/admin/shelfd/stock", {}, headers)
      } catch (error) {
        holds(error.message, error instanceof Refusal && error.status === 401)
        continue
      }
      throw new Error("it was let in")
    }
  })
  await ok("nonsense is refused with words", async () => {
    const change = (changes) => ({ key: "k", location: "l", changes })
    for (const body of [{}, { key: "k" }, change([]), change([null]), change([{ item, expected: 0.5, delta: 1 }])]) {
      try {
        await shop.admin("POST", "/shelfd/stock", body)
      } catch (error) {
        holds(error.message, error.status === 400 && error.body.message.length > 10)
        continue
      }
      throw new Error("it was taken")
    }
  })
  await ok("keys older than a week are forgotten", async () => {
    postgres.query("update shelfd_stock_change set at = now() - interval '8 days' where key = 'k1'")
    await word("k8", 0, 0)
    same("rows", postgres.query("select count(*) from shelfd_stock_change where key = 'k1'"), "0")
    await until("others are kept", 1, () => postgres.query("select count(*) from shelfd_stock_change where key = 'k2'") === "1")
  })
}
