// Subscriptions and deliveries. Each delivery is checked by the library's own validator.
import { createServer } from 'node:http';

const FIELDS = 'webhookSubscription { id topic uri name format filter includeFields apiVersion { handle } endpoint { __typename ... on WebhookHttpEndpoint { callbackUrl } } } userErrors { field message }';
const CREATE = `mutation Create($topic: WebhookSubscriptionTopic!, $webhookSubscription: WebhookSubscriptionInput!) { webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhookSubscription) { ${FIELDS} } }`;

/// A listener that keeps what comes, and what the validator says of it.
class Receiver {
  got = [];
  statuses = [];

  async open(shopify) {
    this.server = createServer((request, response) => {
      const parts = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', async () => {
        const rawBody = Buffer.concat(parts).toString('utf8');
        const verdict = await shopify.webhooks.validate({ rawBody, rawRequest: request, rawResponse: response });
        const forged = await shopify.webhooks.validate({ rawBody: `${rawBody} `, rawRequest: request, rawResponse: response });
        this.got.push({ rawBody, verdict, forged, headers: request.headers });
        response.statusCode = this.statuses.shift() ?? this.status ?? 200;
        response.end();
      });
    });
    await new Promise((resolve) => { this.server.listen(0, '127.0.0.1', resolve); });
    this.uri = `http://127.0.0.1:${this.server.address().port}/hooks`;
    return this;
  }

  close() {
    return new Promise((resolve) => { this.server.close(resolve); this.server.closeAllConnections(); });
  }

  /// Wait for so many, and take them.
  async take(count) {
    for (let tries = 0; tries < 400 && this.got.length < count; tries += 1) {
      await new Promise((resolve) => { setTimeout(resolve, 25); });
    }
    if (this.got.length < count) throw new Error(`${this.got.length} deliveries came, not ${count}`);
    return this.got.splice(0);
  }
}

async function subscribe(w, topic, more = {}) {
  const { webhookSubscriptionCreate } = await w.data(CREATE, { topic, webhookSubscription: { uri: w.receiver.uri, ...more } });
  w.assert.deepEqual(webhookSubscriptionCreate.userErrors, []);
  return webhookSubscriptionCreate.webhookSubscription;
}

export const webhookCases = [
  ['subscribe', async (w) => {
    w.receiver = await new Receiver().open(w.shopify);
    const made = await subscribe(w, 'ORDERS_CREATE', { name: 'orders' });
    w.assert.deepEqual([made.topic, made.uri, made.format, made.endpoint.__typename], ['ORDERS_CREATE', w.receiver.uri, 'JSON', 'WebhookHttpEndpoint']);
    w.subscription = made.id;
    for (const topic of ['INVENTORY_LEVELS_UPDATE', 'PRODUCTS_UPDATE', 'ORDERS_CANCELLED', 'REFUNDS_CREATE']) await subscribe(w, topic);
  }],
  ['list, count and look at subscriptions', async (w) => {
    const data = await w.data('query($id: ID!) { webhookSubscriptions(first: 10, sortKey: CREATED_AT) { nodes { topic } pageInfo { hasNextPage } } webhookSubscriptionsCount { count } webhookSubscription(id: $id) { topic name } }', { id: w.subscription });
    w.assert.equal(data.webhookSubscriptions.nodes.length, 5);
    w.assert.equal(data.webhookSubscriptionsCount.count, 5);
    w.assert.deepEqual(data.webhookSubscription, { topic: 'ORDERS_CREATE', name: 'orders' });
  }],
  ['a second subscription for the same address is refused', async (w) => {
    const { webhookSubscriptionCreate } = await w.data(CREATE, { topic: 'ORDERS_CREATE', webhookSubscription: { uri: w.receiver.uri } });
    w.assert.deepEqual(webhookSubscriptionCreate.userErrors, [{ field: ['webhookSubscription', 'callbackUrl'], message: 'Address for this topic has already been taken' }]);
  }],
  ['plain HTTP and unknown topics are refused', async (w) => {
    const { webhookSubscriptionCreate } = await w.data(CREATE, { topic: 'SHOP_UPDATE', webhookSubscription: { uri: 'http://shelfd.example/hooks' } });
    w.assert.equal(webhookSubscriptionCreate.userErrors[0].message, 'Address protocol http:// is not supported');
    const { errors } = await w.admin(CREATE, { topic: 'NOTHING', webhookSubscription: { uri: 'https://shelfd.example/hooks' } });
    w.assert.equal(errors.graphQLErrors[0].extensions.code, 'INVALID_VARIABLE');
  }],
  ['a sale is told, and the validator takes it', async (w) => {
    await w.control('/sell', { shop: 'shopify', sku: 'MUG-R', quantity: 1 });
    const got = await w.receiver.take(2);
    for (const { verdict, forged } of got) {
      w.assert.equal(verdict.valid, true, JSON.stringify(verdict));
      w.assert.deepEqual([verdict.domain, verdict.apiVersion, verdict.webhookType], [w.shop.domain, '2026-10', 'webhooks']);
      w.assert.match(verdict.triggeredAt, /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d+Z$/);
      w.assert.ok(verdict.webhookId && verdict.eventId && verdict.webhookId !== verdict.eventId);
      w.assert.deepEqual([forged.valid, forged.reason], [false, 'invalid_hmac']);
    }
    w.assert.deepEqual(got.map(({ verdict }) => verdict.topic).sort(), ['INVENTORY_LEVELS_UPDATE', 'ORDERS_CREATE']);
    const order = got.find(({ verdict }) => verdict.topic === 'ORDERS_CREATE');
    w.assert.equal(order.verdict.name, 'orders');
    w.sale = JSON.parse(order.rawBody);
    w.assert.deepEqual([w.sale.line_items[0].sku, w.sale.line_items[0].quantity], ['MUG-R', 1]);
  }],
  ['changes of staff are told', async (w) => {
    await w.control('/set-stock', { shop: 'shopify', sku: 'MUG-R', stock: 9 });
    w.assert.equal(JSON.parse((await w.receiver.take(1))[0].rawBody).available, 9);
    await w.control('/set-price', { shop: 'shopify', sku: 'MUG-R', price: '16.00' });
    w.assert.equal((await w.receiver.take(1))[0].verdict.topic, 'PRODUCTS_UPDATE');
    const order = /\d{15,}/.exec(w.sale.admin_graphql_api_id)[0];
    await w.control('/cancel', { shop: 'shopify', order });
    const topics = (await w.receiver.take(2)).map(({ verdict }) => verdict.topic).sort();
    w.assert.deepEqual(topics, ['INVENTORY_LEVELS_UPDATE', 'ORDERS_CANCELLED']);
  }],
  ['only the fields asked for', async (w) => {
    const { webhookSubscriptions } = await w.data('{ webhookSubscriptions(first: 9, topics: [PRODUCTS_UPDATE]) { nodes { id } } }');
    const { webhookSubscriptionUpdate } = await w.data(`mutation Update($id: ID!, $webhookSubscription: WebhookSubscriptionInput!) { webhookSubscriptionUpdate(id: $id, webhookSubscription: $webhookSubscription) { ${FIELDS} } }`, { id: webhookSubscriptions.nodes[0].id, webhookSubscription: { includeFields: ['id', 'title'] } });
    w.assert.deepEqual(webhookSubscriptionUpdate.userErrors, []);
    await w.control('/set-price', { shop: 'shopify', sku: 'MUG-R', price: '17.00' });
    w.assert.deepEqual(Object.keys(JSON.parse((await w.receiver.take(1))[0].rawBody)).sort(), ['id', 'title']);
  }],
  ['a failed delivery comes again: same message, same body', async (w) => {
    await w.control('/shopify', { retry_unit_millis: 1 });
    w.receiver.statuses = [500];
    await w.control('/set-stock', { shop: 'shopify', sku: 'MUG-R', stock: 8 });
    const [first, second] = await w.receiver.take(2);
    w.assert.equal(first.verdict.webhookId, second.verdict.webhookId);
    w.assert.equal(first.rawBody, second.rawBody);
    w.assert.ok(second.verdict.valid);
  }],
  ['doubles share their event', async (w) => {
    await w.control('/misdelivery', { shop: 'shopify', doubled: 1 });
    await w.control('/set-stock', { shop: 'shopify', sku: 'MUG-R', stock: 7 });
    const [first, second] = await w.receiver.take(2);
    w.assert.equal(first.verdict.eventId, second.verdict.eventId);
    await w.control('/misdelivery?shop=shopify', undefined, 'DELETE');
  }],
  ['a delivery with the old secret is refused', async (w) => {
    await w.control('/shopify', { webhook_secret: 'shpss_before' });
    await w.control('/set-stock', { shop: 'shopify', sku: 'MUG-R', stock: 6 });
    const [{ verdict }] = await w.receiver.take(1);
    w.assert.deepEqual([verdict.valid, verdict.reason], [false, 'invalid_hmac']);
    await w.control('/shopify', { webhook_secret: null });
    await w.control('/set-stock', { shop: 'shopify', sku: 'MUG-R', stock: 5 });
    w.assert.equal((await w.receiver.take(1))[0].verdict.valid, true);
  }],
  ['eight failures remove the subscription', async (w) => {
    await w.control('/shopify', { retry_unit_millis: 0 });
    w.receiver.status = 503;
    await w.control('/set-stock', { shop: 'shopify', sku: 'MUG-R', stock: 4 });
    const tries = await w.receiver.take(8);
    w.assert.equal(new Set(tries.map(({ verdict }) => verdict.webhookId)).size, 1);
    w.receiver.status = undefined;
    let topics;
    for (let tries = 0; tries < 100; tries += 1) {
      const { webhookSubscriptions } = await w.data('{ webhookSubscriptions(first: 9) { nodes { topic } } }');
      topics = webhookSubscriptions.nodes.map(({ topic }) => topic);
      if (!topics.includes('INVENTORY_LEVELS_UPDATE')) break;
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
    w.assert.equal(topics.length, 4);
    w.assert.ok(!topics.includes('INVENTORY_LEVELS_UPDATE'));
  }],
  ['unsubscribe', async (w) => {
    const gone = 'mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } } }';
    w.assert.equal((await w.data(gone, { id: w.subscription })).webhookSubscriptionDelete.deletedWebhookSubscriptionId, w.subscription);
    w.assert.deepEqual((await w.data(gone, { id: w.subscription })).webhookSubscriptionDelete.userErrors, [{ field: ['id'], message: 'Webhook subscription does not exist' }]);
  }],
];
