// src/api/admin/shelfd/stock/route.ts: lets shelfd change stock exactly once. Printed by `shelfd webhooks snippet medusa`.
//
// Medusa's Admin API can only set stock to a number. A sale that falls between reading and setting is then lost. This
// route adds and subtracts instead, and only while the available units (stocked - reserved) are those that shelfd
// expects. What became of each change is kept under its key for a week, so a repeated request changes nothing twice.
// It lies below /admin: Medusa lets only its own users and secret API keys in.

import { createHash } from "node:crypto"
import type { MedusaContainer } from "@medusajs/framework"
import type { MedusaRequest, MedusaResponse } from "@medusajs/framework/http"
import { ContainerRegistrationKeys, Modules } from "@medusajs/framework/utils"

const VERSION = 1
const CHANGES_MAX = 100
/** Medusa's own steps hold the lock of an item for some milliseconds. */
const LOCK_SECONDS = 5

type Change = { item: string; expected: number; delta: number }
type Request = { key: string; location: string; changes: Change[] }
type Result = { item: string; status: string; available: number | null; message?: string }
type Row = Record<string, string | number | null>
type Sql = { raw(text: string, values?: unknown[]): Promise<{ rows: Row[] }> }
type Database = Sql & { transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> }

let table: Promise<void> | undefined

/** Says that the route is there, and where the subscriber delivers to. The secret itself is never told. */
export async function GET(_req: MedusaRequest, res: MedusaResponse): Promise<void> {
  const secret = process.env.SHELFD_WEBHOOK_SECRET ?? ""
  res.json({
    shelfd: VERSION,
    webhook_url: process.env.SHELFD_WEBHOOK_URL ?? null,
    webhook_secret_sha256: secret === "" ? null : createHash("sha256").update(secret).digest("hex"),
  })
}

/** Makes the changes one by one. Each has a result of its own, in order. */
export async function POST(req: MedusaRequest, res: MedusaResponse): Promise<void> {
  const wanted = read(req.body)
  if (typeof wanted === "string") {
    res.status(400).json({ type: "invalid_data", message: wanted })
    return
  }
  await ready(req.scope)
  const results: Result[] = []
  for (const change of wanted.changes) {
    results.push(await make(req.scope, wanted.key, wanted.location, change))
  }
  res.json({ results })
}

function read(body: unknown): Request | string {
  const { key, location, changes } = (body ?? {}) as Partial<Request>
  if (typeof key !== "string" || key === "" || key.length > 200) return "key must be a text of up to 200 letters"
  if (typeof location !== "string" || location === "") return "location must be a stock location's id"
  if (!Array.isArray(changes) || changes.length === 0 || changes.length > CHANGES_MAX) {
    return `changes must be a list of 1 to ${CHANGES_MAX}`
  }
  for (const { item, expected, delta } of changes) {
    if (typeof item !== "string" || !Number.isSafeInteger(expected) || !Number.isSafeInteger(delta)) {
      return "each change needs item (an inventory item's id), expected and delta (whole numbers)"
    }
  }
  return { key, location, changes }
}

function database(scope: MedusaContainer): Database {
  return scope.resolve(ContainerRegistrationKeys.PG_CONNECTION) as unknown as Database
}

/** The record of recent keys, made at first use; what is older than a week is forgotten. */
async function ready(scope: MedusaContainer): Promise<void> {
  const sql = database(scope)
  table ??= (async () => {
    await sql.raw(`create table if not exists shelfd_stock_change (
      key text not null, item text not null, location text not null, expected bigint not null, delta bigint not null,
      status text not null, available numeric, at timestamptz not null default now(), primary key (key, item, location))`)
    await sql.raw("create index if not exists shelfd_stock_change_at on shelfd_stock_change (at)")
  })()
  try {
    await table
  } catch (error) {
    table = undefined
    throw error
  }
  await sql.raw("delete from shelfd_stock_change where at < now() - interval '7 days'")
}

/** One change under the item's lock, which Medusa's own reservations, fulfilments and returns take as well. */
async function make(scope: MedusaContainer, key: string, location: string, change: Change): Promise<Result> {
  let begun = false
  try {
    const { result, level } = await scope.resolve(Modules.LOCKING).execute(
      change.item,
      () => {
        begun = true
        return database(scope).transaction((sql) => decide(scope, sql, key, location, change))
      },
      { timeout: LOCK_SECONDS }
    )
    if (level !== undefined) await announce(scope, level)
    return result
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    scope.resolve(ContainerRegistrationKeys.LOGGER).warn(`shelfd: stock of ${change.item} not changed: ${message}`)
    // Before the lock nothing was begun. Later the commit itself may have failed, or only its answer.
    return { item: change.item, status: begun ? "unknown" : "not_done", available: null, message }
  }
}

type Decided = { result: Result; level?: string }

/** Claim the key, compare, change, and record, in one transaction. A refusal is recorded too: a request that was late
 *  on the way must not do later what was said not to be done. */
async function decide(
  scope: MedusaContainer, sql: Sql, key: string, location: string, change: Change
): Promise<Decided> {
  const { item, expected, delta } = change
  const id = [key, item, location]
  // Waits for another request with this key, if one is at work.
  const claimed = await sql.raw(
    `insert into shelfd_stock_change (key, item, location, expected, delta, status)
     values (?, ?, ?, ?, ?, 'open') on conflict do nothing returning key`, [...id, expected, delta])
  if (claimed.rows.length === 0) {
    const { rows: [known] } = await sql.raw(
      `select expected, delta, status, available from shelfd_stock_change
       where key = ? and item = ? and location = ?`, id)
    if (Number(known.expected) !== expected || Number(known.delta) !== delta) {
      return { result: { item, status: "mismatch", available: null, message: "this key was used for another change" } }
    }
    return { result: { item, status: String(known.status), available: number(known.available) } }
  }
  const level = (await levelOf(sql, item, location)) ?? (await newLevel(scope, sql, item, location))
  const before = level === undefined ? null : Number(level.available)
  const status = before === null ? "gone" : before !== expected ? "stale" : "done"
  const available = before !== null && status === "done" ? before + delta : before
  await sql.raw(
    "update shelfd_stock_change set status = ?, available = ? where key = ? and item = ? and location = ?",
    [status, available, ...id])
  if (level === undefined || status !== "done" || delta === 0) return { result: { item, status, available } }
  // Medusa keeps each quantity twice: as a number, and as a text that loses no digits.
  await sql.raw(
    `update inventory_level set stocked_quantity = stocked_quantity + ?, updated_at = now(),
       raw_stocked_quantity = jsonb_build_object('value', (stocked_quantity + ?)::text, 'precision', 20)
     where id = ?`, [delta, delta, level.id])
  return { result: { item, status, available }, level: String(level.id) }
}

async function levelOf(sql: Sql, item: string, location: string): Promise<Row | undefined> {
  const { rows } = await sql.raw(
    `select id, stocked_quantity - reserved_quantity as available from inventory_level
     where inventory_item_id = ? and location_id = ? and deleted_at is null for update`, [item, location])
  return rows[0]
}

/** An item that was never stocked at this location has no units there. `undefined`: there is no such item or location. */
async function newLevel(
  scope: MedusaContainer, sql: Sql, item: string, location: string
): Promise<Row | undefined> {
  const inventory = scope.resolve(Modules.INVENTORY)
  const [items, places] = await Promise.all([
    inventory.listInventoryItems({ id: item }, { select: ["id"], take: 1 }),
    scope.resolve(Modules.STOCK_LOCATION).listStockLocations({ id: location }, { select: ["id"], take: 1 }),
  ])
  if (items.length === 0 || places.length === 0) return undefined
  await inventory.createInventoryLevels([{ inventory_item_id: item, location_id: location, stocked_quantity: 0 }])
  return levelOf(sql, item, location)
}

/** Others in the shop (caches, indexes, other subscribers) learn of it as of any change. */
async function announce(scope: MedusaContainer, level: string): Promise<void> {
  const names = ["inventory.inventory-level.updated", "inventory-level.updated"]
  try {
    await scope.resolve(Modules.EVENT_BUS).emit(names.map((name) => ({ name, data: { id: level } })))
  } catch (error) {
    scope.resolve(ContainerRegistrationKeys.LOGGER).warn(`shelfd: ${level} changed, but no event was sent: ${error}`)
  }
}

function number(value: string | number | null): number | null {
  return value === null ? null : Number(value)
}
