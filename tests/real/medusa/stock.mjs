// Stock, both ways: every way in which Medusa's own orders and people move it.
import { ok, same } from "./report.mjs"
import { Refusal, until } from "./shop.mjs"

/** Every side shows these units of the SKU. */
export async function everywhere(world, sku, units, seconds = 40) {
  await until(`${sku} is ${units} everywhere`, seconds, async () => {
    const seen = await sides(world, sku)
    return Object.values(seen).every((value) => value === units) || seen
  })
}

async function sides({ lab, shop }, sku) {
  const [{ skus }, stocks] = await Promise.all([lab.state(), shop.stocks(sku)])
  const shops = Object.entries(skus[sku]?.shops ?? {}).map(([name, { stock }]) => [name, stock])
  return { sheet: skus[sku]?.sheet[0]?.stock, medusa: stocks[sku], ...Object.fromEntries(shops) }
}

/** All sides agree about every SKU. */
export async function agreement(world, seconds = 60) {
  await until("all sides agree", seconds, async () => {
    const [{ rows, skus }, stocks] = await Promise.all([world.lab.state(), world.shop.stocks()])
    const differ = rows.filter(({ key, status }) => key && /^Synced/.test(status)).filter(({ key, stock }) => {
      const others = Object.values(skus[key].shops).map((one) => one.stock)
      return [stocks[key], ...others].some((value) => value !== stock)
    })
    return differ.length === 0 || differ.map(({ key, stock }) => [key, stock, stocks[key], skus[key].shops])
  })
}

export async function stockCases(world) {
  const { lab, shop } = world
  const sku = "CDL-BEE-10"
  // No value comes back at once: shelfd takes one that was left a moment ago for a stale answer, and waits ten seconds.
  let order
  let second
  await ok("stock typed into the sheet goes to Medusa and the other shops", async () => {
    await lab.edit(sku, "Stock", 34)
    await everywhere(world, sku, 34)
  })
  await ok("an order in Medusa lowers the sheet and the other shops", async () => {
    order = await shop.buy(sku, 3)
    const placed = Date.now()
    await until("the sheet", 40, async () => (await lab.row(sku)).stock === 31)
    const took = Date.now() - placed
    await everywhere(world, sku, 31)
    return `in the sheet after ${took} ms`
  })
  await ok("a sale in the Shopify shop lowers Medusa", async () => {
    await lab.call("POST", "/sell", { shop: "shopify-lab", sku, quantity: 2 })
    await everywhere(world, sku, 29)
  })
  await ok("a sale in the WooCommerce shop lowers Medusa", async () => {
    await lab.call("POST", "/sell", { shop: "woo-lab", sku, quantity: 1 })
    await everywhere(world, sku, 28)
  })
  await ok("a fulfilment changes nothing: its units were reserved", async () => {
    await shop.fulfil(order)
    await world.engine.pause(3000)
    await everywhere(world, sku, 28)
  })
  await ok("a cancelled order gives its units back", async () => {
    second = await shop.buy(sku, 4)
    await everywhere(world, sku, 24)
    await shop.cancel(second)
    await everywhere(world, sku, 28)
  })
  await ok("a return that is received raises stock", async () => {
    await shop.returned(order, 2)
    await everywhere(world, sku, 30)
  })
  await ok("a draft order that staff converts counts as a sale", async () => {
    await shop.draftOrder(sku, 5)
    await everywhere(world, sku, 25)
  })
  await ok("stock that staff sets in Medusa's admin reaches the sheet", async () => {
    // 5 of the draft order are reserved.
    await shop.setStock(sku, 45)
    await everywhere(world, sku, 40)
  })
  await ok("the last unit is sold once", async () => {
    const results = await Promise.allSettled([1, 2, 3].map(() => shop.buy("KTL-ENA-15", 1)))
    const sold = results.filter(({ status }) => status === "fulfilled").length
    for (const { reason } of results) if (reason && !(reason instanceof Refusal)) throw reason
    same("sold", sold, 1)
    await everywhere(world, "KTL-ENA-15", 0)
  })
  await ok("shoppers in three shops and a person at the sheet at once: no unit is lost or doubled", () => storm(world, "NTB-DOT"))
}

/** Orders of each of two shoppers. On a machine that is busy with other things an order takes up to ten seconds. */
const ORDERS = 6

/** Sales in three shops at the same time; what is left is what arithmetic says. `meanwhile` is the trouble: it gets a
 *  function that waits until so many more orders were placed in Medusa. */
export async function storm(world, sku, meanwhile = async () => {}) {
  const { lab, shop } = world
  await lab.edit(sku, "Stock", 200)
  await everywhere(world, sku, 200)
  let placed = 0
  let refused = 0
  const medusa = async () => {
    for (let count = 0; count < ORDERS; ) {
      try {
        await shop.buy(sku, 1 + (count % 3))
        placed += 1
        count += 1
      } catch {
        // The engine is down; an order whose answer was lost may have been placed, and is counted below.
        refused += 1
        await world.engine.pause(500)
      }
    }
  }
  const orders = async (more) => {
    const wanted = placed + more
    await until(`${more} more orders`, 90, () => placed >= wanted)
  }
  const others = async (name) => {
    for (let count = 0; count < 12; count++) {
      await lab.call("POST", "/sell", { shop: name, sku, quantity: 1 + (count % 2) })
      await world.engine.pause(250)
    }
  }
  await Promise.all([medusa(), medusa(), others("shopify-lab"), others("woo-lab"), meanwhile(orders)])
  // Orders as Medusa's own book has them: also those whose answer was lost.
  const { skus } = await lab.state()
  const elsewhere = Object.values(skus[sku].sold ?? {}).reduce((sum, units) => sum + units, 0)
  const inMedusa = await reserved(world, sku)
  await everywhere(world, sku, 200 - elsewhere - inMedusa, 90)
  return `${inMedusa} sold in Medusa, ${elsewhere} elsewhere, ${refused} tries failed`
}

async function reserved({ shop }, sku) {
  const item = await shop.item(sku)
  const { reservations } = await shop.admin("GET", `/reservations?limit=1000&fields=id,quantity&inventory_item_id[]=${item}`)
  return reservations.reduce((sum, { quantity }) => sum + quantity, 0)
}
