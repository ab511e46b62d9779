// Shoppers and staff of the Medusa shop, through its own store and admin API.
import { pause } from "./engine.mjs"

export class Refusal extends Error {
  constructor(call, status, body) {
    super(`${call}: HTTP ${status}: ${JSON.stringify(body).slice(0, 300)}`)
    Object.assign(this, { status, body })
  }
}

export class Shop {
  constructor(medusa) {
    this.medusa = medusa
    this.calls = new Set()
    this.shoppers = 0
  }

  async call(method, path, body, headers) {
    // Ids are of no interest to whoever reads the list of calls.
    this.calls.add(`${method} ${path.split("?")[0].replaceAll(/\/[a-z_]+_[0-9A-Z]{20,}/g, "/:id")}`)
    const answer = await fetch(this.medusa.url + path, {
      method,
      headers: { "content-type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const text = await answer.text()
    let value = text
    try {
      value = JSON.parse(text)
    } catch {
      // An HTML page; the status says enough.
    }
    if (!answer.ok) throw new Refusal(`${method} ${path}`, answer.status, value)
    return value
  }

  admin(method, path, body) {
    const authorization = `Basic ${Buffer.from(`${this.key}:`).toString("base64")}`
    return this.call(method, `/admin${path}`, body, { authorization })
  }

  store(method, path, body) {
    return this.call(method, `/store${path}`, body, { "x-publishable-api-key": this.publishable })
  }

  /** From an empty shop to one where people can buy. */
  async furnish(email, password) {
    const { token } = await this.call("POST", "/auth/user/emailpass", { email, password })
    const bearer = { authorization: `Bearer ${token}` }
    const made = await this.call("POST", "/admin/api-keys", { title: "shelfd", type: "secret" }, bearer)
    this.key = made.api_key.token
    this.location = (await this.admin("POST", "/stock-locations", { name: "Main" })).stock_location.id
    this.channel = (await this.admin("GET", "/sales-channels?fields=id")).sales_channels[0].id
    this.profile = (await this.admin("GET", "/shipping-profiles?fields=id")).shipping_profiles[0].id
    const place = `/stock-locations/${this.location}`
    await this.admin("POST", `${place}/sales-channels`, { add: [this.channel] })
    await this.admin("POST", `${place}/fulfillment-providers`, { add: ["manual_manual"] })
    await this.admin("POST", `${place}/fulfillment-sets`, { name: "Shipping", type: "shipping" })
    const { stock_location } = await this.admin("GET", `${place}?fields=fulfillment_sets.id`)
    const zone = await this.admin("POST", `/fulfillment-sets/${stock_location.fulfillment_sets[0].id}/service-zones`, {
      name: "Europe",
      geo_zones: [{ type: "country", country_code: "de" }],
    })
    const option = await this.admin("POST", "/shipping-options", {
      name: "Standard",
      service_zone_id: zone.fulfillment_set.service_zones[0].id,
      shipping_profile_id: this.profile,
      provider_id: "manual_manual",
      price_type: "flat",
      type: { label: "Standard", description: "Standard", code: "standard" },
      prices: [{ currency_code: "eur", amount: 5 }],
      rules: [],
    })
    this.shipping = option.shipping_option.id
    const region = { name: "Europe", currency_code: "eur", countries: ["de"], payment_providers: ["pp_system_default"] }
    this.region = (await this.admin("POST", "/regions", region)).region.id
    this.publishable = (await this.admin("GET", "/api-keys?type=publishable")).api_keys[0].token
  }

  async variant(sku, fields = "id,sku,product_id,inventory_items.inventory_item_id,product.title,product.handle") {
    const { variants } = await this.admin("GET", `/product-variants?sku=${encodeURIComponent(sku)}&fields=${fields}`)
    return variants[0]
  }

  /** Available units by SKU, at our location; of one SKU or of all. */
  async stocks(only) {
    const levels = "inventory_items.inventory.location_levels"
    const fields = ["id", "sku", ...["location_id", "stocked_quantity", "reserved_quantity"].map((name) => `${levels}.${name}`)]
    const { variants } = await this.admin("GET", `/product-variants?limit=500&fields=${fields}${only ? `&sku=${encodeURIComponent(only)}` : ""}`)
    const of = (variant) => {
      const all = variant.inventory_items[0]?.inventory.location_levels ?? []
      const level = all.find(({ location_id }) => location_id === this.location)
      return level ? level.stocked_quantity - level.reserved_quantity : 0
    }
    return Object.fromEntries(variants.filter((one) => one.sku).map((one) => [one.sku, of(one)]))
  }

  async prices(sku) {
    const fields = "prices.*,prices.price_rules.attribute,prices.price_rules.value"
    const { prices } = await this.variant(sku, fields)
    const shown = prices.map(({ amount, currency_code, min_quantity, rules }) => ({
      amount, currency_code, min_quantity, of_region: rules.region_id !== undefined,
    }))
    return shown.sort((a, b) => a.amount - b.amount)
  }

  /** A shopper's whole way: cart, address, shipping, payment, order. */
  async buy(sku, quantity) {
    const { id } = await this.variant(sku, "id")
    const shipping_address = {
      first_name: "A", last_name: "B", address_1: "C 1", city: "D", country_code: "de", postal_code: "12345",
    }
    // Medusa makes a customer of each address, and two first orders of one at once fail.
    const email = `shopper-${(this.shoppers += 1)}@example.test`
    const start = { region_id: this.region, sales_channel_id: this.channel, email, shipping_address }
    const cart = `/carts/${(await this.store("POST", "/carts", start)).cart.id}`
    await this.store("POST", `${cart}/line-items`, { variant_id: id, quantity })
    await this.store("POST", `${cart}/shipping-methods`, { option_id: this.shipping })
    const payment = await this.store("POST", "/payment-collections", { cart_id: cart.slice("/carts/".length) })
    const sessions = `/payment-collections/${payment.payment_collection.id}/payment-sessions`
    await this.store("POST", sessions, { provider_id: "pp_system_default" })
    const placed = await this.store("POST", `${cart}/complete`, {})
    if (placed.type !== "order") throw new Refusal("complete", 200, placed)
    return { id: placed.order.id, item: placed.order.items[0].id, quantity }
  }

  async draftOrder(sku, quantity) {
    const { id } = await this.variant(sku, "id")
    const draft = await this.admin("POST", "/draft-orders", {
      region_id: this.region,
      sales_channel_id: this.channel,
      email: "a@example.test",
      items: [{ variant_id: id, quantity }],
      shipping_methods: [{ shipping_option_id: this.shipping, name: "Standard", amount: 0 }],
      shipping_address: { country_code: "de" },
    })
    await this.admin("POST", `/draft-orders/${draft.draft_order.id}/convert-to-order`, {})
  }

  async fulfil(order) {
    const items = [{ id: order.item, quantity: order.quantity }]
    await this.admin("POST", `/orders/${order.id}/fulfillments`, { items, location_id: this.location })
    const { order: now } = await this.admin("GET", `/orders/${order.id}?fields=fulfillments.id`)
    const fulfilment = `/orders/${order.id}/fulfillments/${now.fulfillments[0].id}`
    await this.admin("POST", `${fulfilment}/shipments`, { items })
    await this.admin("POST", `${fulfilment}/mark-as-delivered`, {})
  }

  cancel(order) {
    return this.admin("POST", `/orders/${order.id}/cancel`)
  }

  async returned(order, quantity) {
    const items = [{ id: order.item, quantity }]
    const begun = await this.admin("POST", "/returns", { order_id: order.id, location_id: this.location })
    const back = `/returns/${begun.return.id}`
    await this.admin("POST", `${back}/request-items`, { items })
    await this.admin("POST", `${back}/request`, {})
    await this.admin("POST", `${back}/receive`, {})
    await this.admin("POST", `${back}/receive-items`, { items })
    await this.admin("POST", `${back}/receive/confirm`, {})
  }

  async setStock(sku, stocked_quantity) {
    const item = await this.item(sku)
    await this.admin("POST", `/inventory-items/${item}/location-levels/${this.location}`, { stocked_quantity })
  }

  async item(sku) {
    return (await this.variant(sku)).inventory_items[0].inventory_item_id
  }

  change(key, changes) {
    return this.admin("POST", "/shelfd/stock", { key, location: this.location, changes })
  }
}

/** Asks until it is so. */
export async function until(what, seconds, ask) {
  const end = Date.now() + seconds * 1000
  let last
  for (;;) {
    try {
      last = await ask()
      if (last === true) return
    } catch (error) {
      last = error.message
    }
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s: ${JSON.stringify(last)}`)
    await pause(100)
  }
}
