// The engine and shelfd, stopped and killed in the middle of work.
import { readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { ok } from "./report.mjs"
import { agreement, everywhere, storm } from "./stock.mjs"

export async function restartCases(world) {
  const { engine, lab, medusa, shelfd, shop } = world
  await ok("what happens while Medusa is down is made good when it is back", async () => {
    const { stock } = await lab.row("CDL-BEE-20")
    await medusa.stop()
    await lab.edit("CDL-BEE-20", "Stock", stock + 5)
    await lab.call("POST", "/sell", { shop: "shopify-lab", sku: "CDL-BEE-20", quantity: 1 })
    await engine.pause(4000)
    await medusa.start()
    await everywhere(world, "CDL-BEE-20", stock + 4, 60)
  })
  await ok("shelfd is killed while shoppers buy: no unit is lost or doubled", () =>
    storm(world, "NTB-PLN", async (orders) => {
      for (let count = 0; count < 3; count++) {
        await orders(2)
        await shelfd.stop("SIGKILL")
        await shelfd.start()
      }
    }))
  await ok("Medusa is killed while shoppers buy: no unit is lost or doubled", () =>
    storm(world, "JMP-FSH-L", async (orders) => {
      await orders(3)
      await medusa.stop("SIGKILL")
      await engine.pause(1000)
      await medusa.start()
      await orders(3)
    }))
  await ok("both are killed while shoppers buy: no unit is lost or doubled", () =>
    storm(world, "APR-FLX-R", async (orders) => {
      await orders(3)
      await Promise.all([medusa.stop("SIGKILL"), shelfd.stop("SIGKILL")])
      await Promise.all([medusa.start(), shelfd.start()])
      await orders(3)
    }))
  await ok("a new ledger that meets the shops as they are changes no stock", async () => {
    const before = await shop.stocks()
    await shelfd.stop()
    const files = readdirSync(lab.home).filter((name) => /\.db(-|$)/.test(name))
    if (files.length === 0) throw new Error("there is no ledger to remove")
    for (const name of files) rmSync(join(lab.home, name))
    await shelfd.start()
    await engine.pause(5000)
    const after = await shop.stocks()
    const moved = Object.keys(before).filter((sku) => before[sku] !== after[sku])
    if (moved.length > 0) throw new Error(`moved: ${moved.join(", ")}`)
  })
  await ok("in the end all sides agree about every row", () => agreement(world))
}
