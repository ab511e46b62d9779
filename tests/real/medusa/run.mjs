// Medusa, driven through the real shelfd. See ../run for what it gets and says.
import * as engine from "./engine.mjs"
import { catalogCases, contentCases } from "./catalog.mjs"
import { finish, holds, ok, same } from "./report.mjs"
import { restartCases } from "./restarts.mjs"
import { routeCases, webhookCases } from "./route.mjs"
import { Lab, Shelfd, snippet } from "./shelfd.mjs"
import { Shop } from "./shop.mjs"
import { stockCases } from "./stock.mjs"

const lab = new Lab()
const postgres = new engine.Postgres()
let medusa
let shelfd

async function main() {
  const started = Date.now()
  console.log(engine.install() ? "# Medusa was installed" : "# Medusa is installed already")
  engine.layOut()
  await postgres.start()
  await lab.start()
  shelfd = new Shelfd(lab)
  await shelfd.choosePorts()
  medusa = new engine.Medusa(postgres, shelfd.webhook)
  medusa.once("db:migrate")
  medusa.once("user", "-e", "a@example.test", "-p", "a-test")
  await medusa.start()
  const shop = new Shop(medusa)
  await shop.furnish("a@example.test", "a-test")
  shelfd.configure(medusa.url, shop.key)
  console.log(`# ready after ${Math.round((Date.now() - started) / 1000)} s`)

  const world = { engine, lab, medusa, postgres, shelfd, shop }
  await withoutRoute(world)
  await catalogCases(world)
  // Before the daemon does it itself, so that they do not meet.
  await ok("webhooks of all shops are registered", async () => {
    const { code, err } = await shelfd.once("webhooks", "register")
    same(err, code, 0)
  })
  await shelfd.start()
  for (const cases of [contentCases, stockCases, webhookCases, routeCases, restartCases]) await cases(world)
  return finish(shop.calls)
}

/** What a merchant sees who has not put shelfd's files into the project yet, and then does. */
async function withoutRoute({ shelfd, shop }) {
  await ok("without the route check says what to do", async () => {
    const { code, out } = await shelfd.once("check")
    same("exit code", code, 1)
    holds(out, /FAIL {2}medusa: stock: .*shelfd webhooks snippet medusa --into/s.test(out))
    holds(out, /ok {4}medusa: stock location: Main \(sloc_/.test(out))
  })
  await ok("without the route products are created and no stock is written", async () => {
    await shelfd.once("sync")
    const stocks = await shop.stocks()
    same("variants", Object.keys(stocks).length, 24)
    same("stocks", new Set(Object.values(stocks)), new Set([0]))
    same("units", Object.values(stocks).reduce((sum, units) => sum + units, 0), 0)
  })
  await ok("the snippet is written into the project and fits Medusa's types, strictly", () => {
    snippet(engine.project)
    engine.run("tsc", process.execPath, ["node_modules/typescript/bin/tsc", "-p", "."], { cwd: engine.project })
  })
  await medusa.stop()
  await medusa.start()
  await ok("with the route check has nothing to say against the shop", async () => {
    const { out } = await shelfd.once("check")
    holds(out, !/FAIL {2}medusa/.test(out))
    holds(out, /ok {4}medusa: stock: shelfd's route is installed/.test(out))
    holds(out, out.includes(`medusa: webhooks: delivered to ${shelfd.webhook}`))
  })
}

async function cleanUp() {
  await shelfd?.stop()
  await medusa?.stop()
  await lab.stop()
  postgres.stop()
}

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => cleanUp().finally(() => process.exit(1)))

let good = false
try {
  good = await main()
} catch (error) {
  console.log(`not ok: ${error.stack}`)
} finally {
  await cleanUp()
}
process.exit(good ? 0 : 1)
