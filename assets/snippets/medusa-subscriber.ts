// src/subscribers/shelfd.ts: tells shelfd what has changed in this shop. Printed by `shelfd webhooks snippet medusa`.
//
// Needs two environment variables: SHELFD_WEBHOOK_URL (https://…/webhooks/NAME) and SHELFD_WEBHOOK_SECRET (the shop's
// webhook_secret in shelfd.toml: "whsec_" and base64). A delivery holds ids and nothing of customers, and is signed as
// Standard Webhooks say. One that is lost costs only time: shelfd also looks by itself.

import { createHmac, randomUUID } from "node:crypto"
import type { MedusaContainer, SubscriberArgs, SubscriberConfig } from "@medusajs/framework"
import { ContainerRegistrationKeys, Modules } from "@medusajs/framework/utils"

/** Events come in swarms (an order of three articles makes three and more): what comes within this time goes out together. */
const GATHER_MS = 50
const TIMEOUT_MS = 10_000
/** Pauses before another try. */
const PAUSES_MS = [1_000, 5_000, 30_000, 120_000]
/** More ids than this and shelfd is told to look at everything. */
const IDS_MAX = 500

type Kind = "products" | "variants" | "inventory"

let gathered: Record<Kind, Set<string>> | undefined
let warned = false

export default async function shelfd({ event, container }: SubscriberArgs<{ id: string | string[] }>): Promise<void> {
  const ids = [event.data.id].flat()
  if (event.name.startsWith("inventory.")) gather(container, "inventory", await items(container, ids))
  else if (event.name.startsWith("product-variant.")) gather(container, "variants", ids)
  else gather(container, "products", ids)
}

// An order or a cancellation changes reservations, and with each of them its level.
export const config: SubscriberConfig = {
  event: [
    "inventory.inventory-level.created",
    "inventory.inventory-level.updated",
    "inventory.inventory-level.deleted",
    "product.created",
    "product.updated",
    "product.deleted",
    "product-variant.created",
    "product-variant.updated",
    "product-variant.deleted",
  ],
}

/** The inventory items that levels are about, deleted ones too. */
async function items(container: MedusaContainer, ids: string[]): Promise<string[]> {
  const levels = await container.resolve(Modules.INVENTORY).listInventoryLevels(
    { id: ids } as object, { select: ["id", "inventory_item_id"], withDeleted: true, take: ids.length })
  return levels.map((level) => level.inventory_item_id)
}

function gather(container: MedusaContainer, kind: Kind, ids: string[]): void {
  if (gathered === undefined) {
    gathered = { products: new Set(), variants: new Set(), inventory: new Set() }
    setTimeout(() => {
      const all = gathered
      gathered = undefined
      if (all !== undefined) void send(container, all)
    }, GATHER_MS)
  }
  for (const id of ids) gathered[kind].add(id)
}

async function send(container: MedusaContainer, all: Record<Kind, Set<string>>): Promise<void> {
  const logger = container.resolve(ContainerRegistrationKeys.LOGGER)
  const url = process.env.SHELFD_WEBHOOK_URL
  const secret = process.env.SHELFD_WEBHOOK_SECRET
  if (!url || !secret) {
    if (!warned) logger.warn("shelfd: SHELFD_WEBHOOK_URL or SHELFD_WEBHOOK_SECRET is not set; shelfd is told nothing")
    warned = true
    return
  }
  const lists = { products: [...all.products], variants: [...all.variants], inventory: [...all.inventory] }
  const count = lists.products.length + lists.variants.length + lists.inventory.length
  if (count === 0) return
  const body = JSON.stringify({ type: "changed", ...(count > IDS_MAX ? { everything: true } : lists) })
  const id = `msg_${randomUUID()}`
  for (const pause of [...PAUSES_MS, undefined]) {
    const why = await attempt(url, secret, id, body)
    if (why === undefined) return
    if (pause === undefined) {
      logger.warn(`shelfd: not told of ${count} changes (${why}); it will find them by itself`)
      return
    }
    await new Promise((resolve) => setTimeout(resolve, pause).unref())
  }
}

/** `undefined` when it was taken, else why not. Each try is signed anew: the signature holds the time. */
async function attempt(url: string, secret: string, id: string, body: string): Promise<string | undefined> {
  const timestamp = Math.floor(Date.now() / 1000).toString()
  const key = Buffer.from(secret.trim().replace(/^whsec_/, ""), "base64")
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": `v1,${signature}`,
      },
      body,
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    await answer.body?.cancel()
    return answer.ok ? undefined : `HTTP ${answer.status}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
