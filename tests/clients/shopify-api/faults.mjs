// Refusals of the API itself, as the libraries report them.

async function failure(w, run) {
  try {
    await run();
  } catch (error) {
    return error;
  }
  return w.assert.fail('it did not fail');
}

export const faultCases = [
  ['an unknown field', async (w) => {
    const error = await failure(w, () => w.request('{ shop { nickname } }'));
    w.assert.equal(error.constructor.name, 'GraphqlQueryError');
    const [{ message, extensions }] = error.body.errors.graphQLErrors;
    w.assert.deepEqual([message, extensions.code], ["Field 'nickname' doesn't exist on type 'Shop'", 'undefinedField']);
  }],
  ['an unknown argument, a wrong literal, a missing variable', async (w) => {
    const code = async (document, variables) => (await w.admin(document, variables)).errors.graphQLErrors[0].extensions.code;
    w.assert.equal(await code('{ products(frist: 1) { nodes { id } } }'), 'argumentNotAccepted');
    w.assert.equal(await code('{ products(first: "one") { nodes { id } } }'), 'argumentLiteralsIncompatible');
    w.assert.equal(await code('query($id: ID!) { product(id: $id) { id } }'), 'INVALID_VARIABLE');
  }],
  ['too many ids', async (w) => {
    const ids = Array.from({ length: 251 }, (_, index) => `gid://shopify/Product/${index + 1}`);
    const { errors } = await w.admin('query($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids });
    w.assert.equal(errors.graphQLErrors[0].extensions.code, 'MAX_INPUT_SIZE_EXCEEDED');
  }],
  ['a query that costs too much', async (w) => {
    const { errors } = await w.admin('{ products(first: 250) { nodes { variants(first: 250) { nodes { inventoryItem { inventoryLevels(first: 100) { nodes { id } } } } } } } }');
    w.assert.equal(errors.graphQLErrors[0].extensions.code, 'MAX_COST_EXCEEDED');
  }],
  ['costs are told', async (w) => {
    const { extensions } = await w.request('{ shop { name } }');
    w.assert.deepEqual([extensions.cost.requestedQueryCost, extensions.cost.actualQueryCost], [1, 1]);
    w.assert.equal(extensions.cost.throttleStatus.maximumAvailable, 20 * extensions.cost.throttleStatus.restoreRate);
  }],
  ['throttled, and well again', async (w) => {
    await w.control('/shopify', { points: 0, points_per_second: 0 });
    const error = await failure(w, () => w.request('{ products(first: 5) { nodes { id } } }'));
    w.assert.equal(error.body.errors.graphQLErrors[0].extensions.code, 'THROTTLED');
    w.assert.ok(error.body.extensions.cost.requestedQueryCost > error.body.extensions.cost.throttleStatus.currentlyAvailable);
    await w.control('/shopify', { points: 2000, points_per_second: 100 });
    await w.request('{ products(first: 5) { nodes { id } } }');
  }],
  ['a scope that was not granted', async (w) => {
    await w.control('/shopify', { scopes: ['read_products'] });
    const { errors } = await w.admin('mutation { productCreate(product: { title: "No" }) { product { id } } }');
    const [{ message, extensions }] = errors.graphQLErrors;
    w.assert.equal(extensions.code, 'ACCESS_DENIED');
    w.assert.match(message, /^Access denied for productCreate field\. Required access: `write_products` access scope\./);
    const read = await w.admin('{ orders(first: 1) { nodes { id } } }');
    w.assert.equal(read.errors.graphQLErrors[0].extensions.code, 'ACCESS_DENIED');
    const scopes = ['read_locations', 'read_orders', 'write_inventory', 'write_products', 'read_inventory', 'read_products'];
    await w.control('/shopify', { scopes });
  }],
  ['a token that expired', async (w) => {
    await w.control('/shopify', { expire_tokens: true });
    const error = await failure(w, () => w.request('{ shop { name } }'));
    w.assert.equal(error.constructor.name, 'HttpResponseError');
    w.assert.equal(error.response.code, 401);
    await w.login();
    await w.request('{ shop { name } }');
  }],
  ['an app that was removed', async (w) => {
    await w.control('/shopify', { revoked: true });
    const error = await failure(w, () => w.request('{ shop { name } }'));
    w.assert.equal(error.response.code, 401);
    const { errors } = await w.admin('{ shop { name } }');
    w.assert.equal(errors.networkStatusCode, 401);
    await failure(w, () => w.login());
    await w.control('/shopify', { revoked: false });
    await w.login();
    const { webhookSubscriptionsCount } = await w.data('{ webhookSubscriptionsCount { count } }');
    w.assert.equal(webhookSubscriptionsCount.count, 0);
  }],
  ['a server error, then a 429 with a wait', async (w) => {
    await w.control('/faults', { face: 'shopify', kind: 'status_before', status: 503, call: 'shop', times: 1 });
    const error = await failure(w, () => w.request('{ shop { name } }'));
    w.assert.equal(error.constructor.name, 'HttpInternalError');
    await w.control('/faults', { face: 'shopify', kind: 'status_before', status: 429, retry_after: 2, call: 'shop', times: 1 });
    const limited = await failure(w, () => w.request('{ shop { name } }'));
    w.assert.equal(limited.constructor.name, 'HttpThrottlingError');
    w.assert.equal(limited.response.retryAfter, 2);
    await w.request('{ shop { name } }');
  }],
];
