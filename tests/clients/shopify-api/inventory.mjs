// Stock: levels, changes with a key and an expected value, orders.
import { randomUUID } from 'node:crypto';

const ADJUST = `mutation Adjust($input: InventoryAdjustQuantitiesInput!, $key: String!) {
  inventoryAdjustQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { reason changes { name delta quantityAfterChange } }
    userErrors { code field message }
  }
}`;
const AVAILABLE = `query Available($id: ID!, $at: ID!) {
  inventoryItem(id: $id) { sku tracked inventoryLevel(locationId: $at) { id quantities(names: ["available", "on_hand", "committed", "damaged"]) { name quantity } } }
}`;

async function quantities(w) {
  const { inventoryItem } = await w.data(AVAILABLE, { id: w.item, at: w.location });
  w.level = inventoryItem.inventoryLevel.id;
  return Object.fromEntries(inventoryItem.inventoryLevel.quantities.map(({ name, quantity }) => [name, quantity]));
}

function change(w, delta, changeFromQuantity) {
  return { name: 'available', reason: 'correction', changes: [{ inventoryItemId: w.item, locationId: w.location, delta, changeFromQuantity }] };
}

export const inventoryCases = [
  ['quantities of an item', async (w) => {
    w.assert.deepEqual(await quantities(w), { available: 10, on_hand: 10, committed: 0, damaged: 0 });
  }],
  ['adjust by a delta, once per key', async (w) => {
    const key = randomUUID();
    const first = await w.request(ADJUST, { input: change(w, -3, 10), key });
    w.assert.deepEqual(first.data.inventoryAdjustQuantities.userErrors, []);
    const again = await w.request(ADJUST, { input: change(w, -3, 10), key });
    w.assert.deepEqual(again.data, first.data);
    w.assert.equal((await quantities(w)).available, 7);
    const other = await w.data(ADJUST, { input: change(w, -2, 7), key });
    w.assert.equal(other.inventoryAdjustQuantities.userErrors[0].code, 'IDEMPOTENCY_KEY_PARAMETER_MISMATCH');
  }],
  ['a stale expectation is refused', async (w) => {
    const { inventoryAdjustQuantities } = await w.data(ADJUST, { input: change(w, -1, 10), key: randomUUID() });
    w.assert.equal(inventoryAdjustQuantities.inventoryAdjustmentGroup, null);
    const [error] = inventoryAdjustQuantities.userErrors;
    w.assert.deepEqual([error.code, error.field.at(-1)], ['CHANGE_FROM_QUANTITY_STALE', 'changeFromQuantity']);
  }],
  ['a change without a key is an error', async (w) => {
    const { data, errors } = await w.admin('mutation($input: InventoryAdjustQuantitiesInput!) { inventoryAdjustQuantities(input: $input) { userErrors { message } } }', { input: change(w, 1, 7) });
    w.assert.equal(errors.graphQLErrors[0].extensions.code, 'BAD_REQUEST');
    w.assert.equal(data.inventoryAdjustQuantities, null);
  }],
  ['a change without an expectation is an error', async (w) => {
    const { errors } = await w.admin(ADJUST, { input: change(w, 1), key: randomUUID() });
    w.assert.equal(errors.graphQLErrors[0].extensions.code, 'INVALID_FIELD_ARGUMENTS');
  }],
  ['set to a value', async (w) => {
    const input = { name: 'available', reason: 'correction', referenceDocumentUri: 'gid://shelfd/Run/1', quantities: [{ inventoryItemId: w.item, locationId: w.location, quantity: 20, changeFromQuantity: 7 }] };
    const { inventorySetQuantities } = await w.data('mutation($input: InventorySetQuantitiesInput!, $key: String!) { inventorySetQuantities(input: $input) @idempotent(key: $key) { inventoryAdjustmentGroup { referenceDocumentUri changes { name delta } } userErrors { code field message } } }', { input, key: randomUUID() });
    w.assert.deepEqual(inventorySetQuantities.inventoryAdjustmentGroup.changes, [{ name: 'available', delta: 13 }, { name: 'on_hand', delta: 13 }]);
  }],
  ['set what lies in the building', async (w) => {
    const input = { reason: 'cycle_count_available', setQuantities: [{ inventoryItemId: w.item, locationId: w.location, quantity: 22, changeFromQuantity: 20 }] };
    const { inventorySetOnHandQuantities } = await w.data('mutation($input: InventorySetOnHandQuantitiesInput!, $key: String!) { inventorySetOnHandQuantities(input: $input) @idempotent(key: $key) { userErrors { code message } } }', { input, key: randomUUID() });
    w.assert.deepEqual(inventorySetOnHandQuantities.userErrors, []);
    w.assert.equal((await quantities(w)).on_hand, 22);
  }],
  ['move units to another state', async (w) => {
    const end = (name, changeFromQuantity, ledgerDocumentUri) => ({ locationId: w.location, name, changeFromQuantity, ...(ledgerDocumentUri && { ledgerDocumentUri }) });
    const input = { reason: 'damaged', referenceDocumentUri: 'gid://shelfd/Run/2', changes: [{ inventoryItemId: w.item, quantity: 2, from: end('available', 22), to: end('damaged', 0, 'gid://shelfd/Breakage/1') }] };
    const { inventoryMoveQuantities } = await w.data('mutation($input: InventoryMoveQuantitiesInput!, $key: String!) { inventoryMoveQuantities(input: $input) @idempotent(key: $key) { inventoryAdjustmentGroup { changes { name delta } } userErrors { code field message } } }', { input, key: randomUUID() });
    w.assert.deepEqual(inventoryMoveQuantities.userErrors, []);
    w.assert.deepEqual(await quantities(w), { available: 20, on_hand: 22, committed: 0, damaged: 2 });
  }],
  ['activate where it is active already', async (w) => {
    const { inventoryActivate } = await w.data('mutation($item: ID!, $at: ID!, $key: String!) { inventoryActivate(inventoryItemId: $item, locationId: $at, available: 5) @idempotent(key: $key) { inventoryLevel { isActive } userErrors { field message } } }', { item: w.item, at: w.location, key: randomUUID() });
    w.assert.deepEqual(inventoryActivate.userErrors[0].field, ['available']);
    w.assert.equal(inventoryActivate.inventoryLevel.isActive, true);
  }],
  ['the last location is kept', async (w) => {
    const { inventoryDeactivate } = await w.data('mutation($id: ID!, $key: String!) { inventoryDeactivate(inventoryLevelId: $id) @idempotent(key: $key) { userErrors { field message } } }', { id: w.level, key: randomUUID() });
    w.assert.equal(inventoryDeactivate.userErrors.length, 1);
  }],
  ['a level, an item, the names of states', async (w) => {
    const data = await w.data('query($id: ID!) { inventoryLevel(id: $id) { isActive location { name } item { sku } } inventoryItems(first: 3, query: "sku:MUG-G") { nodes { sku duplicateSkuCount } } inventoryProperties { quantityNames { name belongsTo } } }', { id: w.level });
    w.assert.equal(data.inventoryLevel.item.sku, 'MUG-G');
    w.assert.deepEqual(data.inventoryItems.nodes, [{ sku: 'MUG-G', duplicateSkuCount: 0 }]);
    w.assert.ok(data.inventoryProperties.quantityNames.some(({ name }) => name === 'on_hand'));
  }],
  ['an item changed', async (w) => {
    const { inventoryItemUpdate } = await w.data('mutation($id: ID!) { inventoryItemUpdate(id: $id, input: { cost: "3.20", countryCodeOfOrigin: PT, measurement: { weight: { value: 0.4, unit: KILOGRAMS } } }) { inventoryItem { unitCost { amount } countryCodeOfOrigin measurement { weight { value unit } } } userErrors { field message } } }', { id: w.item });
    w.assert.deepEqual(inventoryItemUpdate.inventoryItem, { unitCost: { amount: '3.2' }, countryCodeOfOrigin: 'PT', measurement: { weight: { value: 0.4, unit: 'KILOGRAMS' } } });
  }],
  ['an order, its line and its refund', async (w) => {
    const sale = await w.control('/sell', { shop: 'shopify', sku: 'MUG-G', quantity: 3 });
    await w.control('/refund', { shop: 'shopify', order: sale.order, quantity: 1, restock: true });
    const id = `gid://shopify/Order/${sale.order}`;
    const data = await w.data('query($id: ID!) { order(id: $id) { name displayFinancialStatus totalPriceSet { shopMoney { amount currencyCode } } lineItems(first: 5) { nodes { sku quantity currentQuantity variant { id } } } refunds { refundLineItems(first: 5) { nodes { quantity restockType } } } transactions { kind status } shippingLines(first: 2) { nodes { title } } customer { id } } }', { id });
    w.assert.equal(data.order.displayFinancialStatus, 'PARTIALLY_REFUNDED');
    w.assert.deepEqual(data.order.lineItems.nodes[0], { sku: 'MUG-G', quantity: 3, currentQuantity: 2, variant: { id: w.product.variants.nodes[0].id } });
    w.assert.deepEqual(data.order.refunds[0].refundLineItems.nodes, [{ quantity: 1, restockType: 'CANCEL' }]);
    w.assert.deepEqual(data.order.transactions.map(({ kind }) => kind), ['SALE', 'REFUND']);
    w.assert.deepEqual(await quantities(w), { available: 18, on_hand: 22, committed: 2, damaged: 2 });
  }],
  ['orders since a time', async (w) => {
    const { orders, ordersCount } = await w.data('query($q: String!) { orders(first: 5, query: $q, sortKey: UPDATED_AT) { nodes { id updatedAt } } ordersCount(query: $q) { count } }', { q: "updated_at:>='2020-01-01T00:00:00Z' financial_status:partially_refunded" });
    w.assert.equal(orders.nodes.length, 1);
    w.assert.equal(ordersCount.count, 1);
  }],
];
