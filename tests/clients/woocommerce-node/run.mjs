#!/usr/bin/env node
// The npm client `@woocommerce/woocommerce-rest-api` against the lab: what people do with it while they edit a catalog.
import { strict as assert } from 'node:assert';
import { createHmac } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ear, front } from './servers.mjs';

/// Packages lie beside this file, in NODE_PATH, or where the suite was started.
function load(name) {
  const places = [import.meta.url, join(process.cwd(), 'package.json')];
  for (const place of places) {
    try {
      return createRequire(place)(name);
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND' || place === places.at(-1)) throw error;
    }
  }
}

const { default: WooCommerceRestApi } = load('@woocommerce/woocommerce-rest-api');
const selfsigned = load('selfsigned');
const lab = JSON.parse(process.env.LAB).woocommerce;
const keys = { consumerKey: lab.consumer_key, consumerSecret: lab.consumer_secret };
const api = new WooCommerceRestApi({ url: lab.url, ...keys, version: 'wc/v3' });
const calls = new Set();
let done = 0;
let failed = 0;

/// A call's name: ids left out, the parameters that say what it is for kept.
function note(method, path, params) {
  const kept = Object.keys(params).sort().join(',');
  calls.add(`${method.toUpperCase()} /${path.replace(/\/\d+/g, '/{id}')}${kept ? ` ?${kept}` : ''}`);
}

/// Make a call; the whole answer. `post` and `put` take a body.
async function call(method, path, body, { client = api, ...params } = {}) {
  note(method, path, params);
  const withBody = method === 'post' || method === 'put';
  return withBody ? client[method](path, body, params) : client[method](path, params);
}

const get = async (path, params) => (await call('get', path, undefined, params)).data;
const post = async (path, body, params) => (await call('post', path, body, params)).data;
const put = async (path, body, params) => (await call('put', path, body, params)).data;
const remove = async (path, params) => (await call('delete', path, undefined, params)).data;

/// The call is refused with this status and code; the error body.
async function refused(status, code, work) {
  try {
    await work();
  } catch (error) {
    assert.ok(error.response, String(error));
    assert.equal(error.response.status, status, JSON.stringify(error.response.data));
    const body = error.response.data;
    assert.equal(body.code, code);
    assert.equal(typeof body.message, 'string');
    assert.equal(body.data.status, status);
    return body;
  }
  throw new Error(`not refused; expected ${status} ${code}`);
}

async function test(words, work) {
  try {
    await work();
    done += 1;
    console.log(`ok ${done + failed} ${words}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${done + failed} ${words}\n${error.stack}`);
  }
}

const ids = (items) => items.map((item) => item.id);
let mug, shirt, small, order, many, colour;

await test('create a product', async () => {
  const answer = await call('post', 'products', {
    name: 'Mug', type: 'simple', regular_price: '12.50', sku: 'MUG', manage_stock: true, stock_quantity: 10,
    description: 'a\n\nb', weight: '0.3', dimensions: { length: '9', width: '9', height: '10' },
    meta_data: [{ key: 'origin', value: 'Graz' }],
  });
  mug = answer.data.id;
  assert.equal(answer.status, 201);
  assert.ok(answer.headers.location.endsWith(`/wp-json/wc/v3/products/${mug}`));
  assert.deepEqual([answer.data.price, answer.data.stock_quantity, answer.data.weight], ['12.50', 10, '0.3']);
  assert.equal(answer.data.meta_data[0].key, 'origin');
});

await test('retrieve it', async () => {
  const answer = await call('get', `products/${mug}`);
  assert.equal(answer.headers.allow, 'GET, POST, PUT, PATCH, DELETE');
  assert.equal(answer.data.description, '<p>a</p>\n<p>b</p>\n');
  assert.deepEqual(answer.data.dimensions, { length: '9', width: '9', height: '10' });
});

await test('update a part of it', async () => {
  const product = await put(`products/${mug}`, { regular_price: '13', dimensions: { height: '11' } });
  assert.deepEqual([product.price, product.name], ['13', 'Mug']);
  assert.deepEqual(product.dimensions, { length: '9', width: '9', height: '11' });
});

await test('change and add meta data', async () => {
  const [meta] = (await get(`products/${mug}`)).meta_data;
  const product = await put(`products/${mug}`, {
    meta_data: [{ id: meta.id, key: 'origin', value: 'Wien' }, { key: 'colour', value: 'red' }],
  });
  assert.deepEqual(product.meta_data.map((one) => one.value), ['Wien', 'red']);
});

await test('stock out and back orders', async () => {
  assert.equal((await put(`products/${mug}`, { stock_quantity: 0 })).stock_status, 'outofstock');
  const product = await put(`products/${mug}`, { backorders: 'notify' });
  assert.deepEqual([product.stock_status, product.backordered], ['onbackorder', true]);
  assert.equal((await put(`products/${mug}`, { backorders: 'no', stock_quantity: 10 })).stock_status, 'instock');
});

await test('without managed stock there is no quantity', async () => {
  const product = await put(`products/${mug}`, { manage_stock: false });
  assert.deepEqual([product.manage_stock, product.stock_quantity], [false, null]);
  await put(`products/${mug}`, { manage_stock: true, stock_quantity: 10 });
});

await test('wrong types are refused together', async () => {
  const body = await refused(400, 'rest_invalid_param', () =>
    put(`products/${mug}`, { regular_price: 1, stock_quantity: 'many' }));
  assert.deepEqual(Object.keys(body.data.params).sort(), ['regular_price', 'stock_quantity']);
});

await test('a duplicate SKU', async () => {
  const body = await refused(400, 'product_invalid_sku', () => post('products', { name: 'x', sku: 'mug' }));
  assert.equal(body.data.resource_id, mug);
});

await test('an unknown status is refused', async () => {
  await refused(400, 'rest_invalid_param', () => post('products', { name: 'x', status: 'eaten' }));
});

await test('create by batch', async () => {
  const create = Array.from({ length: 22 }, (_, at) => ({ name: `Pen ${String(at).padStart(2, '0')}`, regular_price: '2' }));
  many = ids((await post('products/batch', { create })).create);
  assert.equal(many.length, 22);
});

await test('page through a list', async () => {
  const seen = new Set();
  for (let page = 1; ; page += 1) {
    const answer = await call('get', 'products', undefined, { per_page: 10, page, orderby: 'id', order: 'asc' });
    ids(answer.data).forEach((id) => seen.add(id));
    assert.equal(answer.headers['x-wp-total'], '23');
    if (page === Number(answer.headers['x-wp-totalpages'])) {
      assert.ok(!answer.headers.link.includes('rel="next"'));
      break;
    }
    assert.match(answer.headers.link, /rel="next"/);
  }
  assert.equal(seen.size, 23);
});

await test('include as an array', async () => {
  assert.deepEqual(ids(await get('products', { include: [many[1], many[0]], orderby: 'include', order: 'asc' })), [many[1], many[0]]);
});

await test('exclude, offset and slug', async () => {
  assert.ok(!ids(await get('products', { exclude: [mug], per_page: 100 })).includes(mug));
  assert.equal((await get('products', { offset: 20 })).length, 3);
  assert.deepEqual(ids(await get('products', { slug: 'mug' })), [mug]);
});

await test('search, and sort by title', async () => {
  const names = (await get('products', { search: 'pen', orderby: 'title', order: 'desc', per_page: 2 })).map((one) => one.name);
  assert.deepEqual(names, ['Pen 21', 'Pen 20']);
});

await test('by SKU with letters that are coded', async () => {
  const odd = await post('products', { name: 'Odd', sku: "A+B & C/ü,'1" });
  assert.deepEqual(ids(await get('products', { sku: "A+B & C/ü,'1" })), [odd.id]);
  await remove(`products/${odd.id}`, { force: true });
});

await test('by a part of the SKU', async () => {
  assert.deepEqual(ids(await get('products', { search_sku: 'UG' })), [mug]);
});

await test('cut to fields', async () => {
  const [product] = await get('products', { _fields: 'id,dimensions.height', include: [mug] });
  assert.deepEqual(product, { id: mug, dimensions: { height: '11' } });
});

await test('modified since', async () => {
  const [newest] = await get('products', { orderby: 'modified', order: 'desc', per_page: 1 });
  const since = newest.date_modified_gmt;
  await sleep(1100);
  await put(`products/${many[3]}`, {});
  assert.deepEqual(ids(await get('products', { modified_after: since, dates_are_gmt: true })), [many[3]]);
});

await test('bad list parameters are refused', async () => {
  await refused(400, 'rest_invalid_param', () => get('products', { per_page: 0 }));
  await refused(400, 'rest_invalid_param', () => get('products', { orderby: 'weight' }));
});

await test('update and delete by batch, errors per item', async () => {
  const answer = await post('products/batch', {
    update: [{ id: many[0], regular_price: 5 }, { id: 424242, name: 'x' }],
    delete: [many[1], 424243],
  });
  assert.equal(answer.update[0].price, '5', 'types are not checked in a batch');
  assert.deepEqual(answer.update[1].error.data, { status: 400 });
  assert.equal(answer.delete[0].id, many[1]);
  assert.equal(answer.delete[1].error.code, 'woocommerce_rest_product_invalid_id');
  assert.equal(answer.create, undefined);
});

await test('a batch of 101', async () => {
  const create = Array.from({ length: 101 }, () => ({ name: 'x' }));
  await refused(413, 'woocommerce_rest_request_entity_too_large', () => post('products/batch', { create }));
});

await test('trash, list the trash, restore, delete for good', async () => {
  await remove(`products/${many[2]}`);
  assert.deepEqual(ids(await get('products', { status: 'trash' })), [many[2]]);
  assert.equal((await put(`products/${many[2]}`, { status: 'publish' })).status, 'publish');
  await remove(`products/${many[2]}`, { force: true });
  await refused(404, 'woocommerce_rest_product_invalid_id', () => get(`products/${many[2]}`));
});

await test('categories', async () => {
  const { create: [home, kitchen] } = await post('products/categories/batch', { create: [{ name: 'Home' }, { name: 'Kitchen' }] });
  assert.equal((await put(`products/categories/${kitchen.id}`, { parent: home.id })).parent, home.id);
  const product = await put(`products/${mug}`, { categories: [{ id: kitchen.id }] });
  assert.equal(product.categories[0].slug, 'kitchen');
  assert.deepEqual(ids(await get('products', { category: String(home.id) })), [mug]);
  assert.equal((await get(`products/categories/${kitchen.id}`)).count, 1);
  assert.ok((await get('products/categories', { orderby: 'count', order: 'desc' })).length >= 3);
  await remove(`products/categories/${kitchen.id}`, { force: true });
  assert.equal((await get(`products/${mug}`)).categories[0].slug, 'uncategorized');
});

await test('tags', async () => {
  const tag = await post('products/tags', { name: 'New' });
  await put(`products/${mug}`, { tags: [{ id: tag.id }] });
  assert.deepEqual(ids(await get('products', { tag: String(tag.id) })), [mug]);
  await refused(400, 'term_exists', () => post('products/tags', { name: 'new' }));
});

await test('shared attributes', async () => {
  colour = (await post('products/attributes', { name: 'Colour' })).id;
  await post(`products/attributes/${colour}/terms/batch`, { create: [{ name: 'Red' }, { name: 'Blue' }] });
  assert.equal((await get(`products/attributes/${colour}/terms`)).length, 2);
  assert.equal((await get(`products/attributes/${colour}`)).slug, 'pa_colour');
  await refused(404, 'woocommerce_rest_taxonomy_invalid', () => get('products/attributes/999999'));
});

await test('a variable product with attributes of both kinds', async () => {
  const product = await post('products', {
    name: 'Shirt', type: 'variable',
    attributes: [
      { id: colour, variation: true, visible: true, options: ['Red', 'Blue'] },
      { name: 'Size', variation: true, options: ['S', 'L'] },
    ],
    default_attributes: [{ id: colour, option: 'Red' }],
  });
  shirt = product.id;
  assert.deepEqual(product.attributes.map((one) => one.id), [colour, 0]);
});

await test('variations', async () => {
  const base = `products/${shirt}/variations`;
  small = await post(base, {
    sku: 'SH-S', regular_price: '20', manage_stock: true, stock_quantity: 4,
    attributes: [{ id: colour, option: 'Red' }, { name: 'Size', option: 'S' }],
  });
  assert.deepEqual(small.attributes.map((one) => one.option), ['Red', 'S']);
  assert.match(small.permalink, /attribute_size=S/);
  assert.equal((await put(`${base}/${small.id}`, { regular_price: '21' })).price, '21');
  assert.deepEqual(ids(await get(base)), [small.id]);
  assert.equal((await get(`${base}/${small.id}`)).image, null);
  await refused(404, 'woocommerce_rest_product_variation_invalid_id', () => get(`${base}/${mug}`));
});

await test('variations by batch', async () => {
  const base = `products/${shirt}/variations`;
  const answer = await post(`${base}/batch`, {
    create: [{ sku: 'SH-L', regular_price: '25' }], update: [{ id: small.id, stock_quantity: 6 }],
  });
  assert.equal(answer.update[0].stock_quantity, 6);
  await post(`${base}/batch`, { delete: [answer.create[0].id] });
  assert.deepEqual((await get(`products/${shirt}`)).variations, [small.id]);
});

await test('an order by SKU', async () => {
  order = await post('orders', { set_paid: true, line_items: [{ sku: 'SH-S', quantity: 2 }, { product_id: mug, quantity: 1 }] });
  assert.deepEqual([order.status, order.total, order.line_items[0].variation_id], ['processing', '55.00', small.id]);
  assert.equal((await get(`products/${shirt}/variations/${small.id}`)).stock_quantity, 4);
});

await test('retrieve and update an order', async () => {
  assert.equal((await get(`orders/${order.id}`)).order_key, order.order_key);
  const updated = await put(`orders/${order.id}`, { customer_note: 'Ring twice', line_items: [{ id: order.line_items[1].id, quantity: 3 }] });
  assert.equal(updated.customer_note, 'Ring twice');
  assert.equal((await get(`products/${mug}`)).stock_quantity, 7);
});

await test('list orders', async () => {
  assert.deepEqual(ids(await get('orders', { status: ['processing', 'on-hold'] })), [order.id]);
  assert.deepEqual(ids(await get('orders', { include: [order.id] })), [order.id]);
  await refused(400, 'rest_invalid_param', () => get('orders', { status: 'eaten' }));
});

await test('notes', async () => {
  const made = await post(`orders/${order.id}/notes`, { note: 'Hello', customer_note: true });
  assert.equal((await get(`orders/${order.id}/notes`, { type: 'customer' })).length, 1);
  await remove(`orders/${order.id}/notes/${made.id}`, { force: true });
  await refused(404, 'woocommerce_rest_invalid_id', () => get(`orders/${order.id}/notes/${made.id}`));
});

await test('refunds', async () => {
  const line = order.line_items[0].id;
  const refund = await post(`orders/${order.id}/refunds`, {
    api_refund: false, line_items: [{ id: line, quantity: 1, refund_total: 21 }],
  });
  assert.equal(refund.amount, '21.00');
  assert.equal((await get(`orders/${order.id}/refunds`)).length, 1);
  assert.equal((await get(`products/${shirt}/variations/${small.id}`)).stock_quantity, 5);
});

await test('cancelling gives the rest back', async () => {
  await put(`orders/${order.id}`, { status: 'cancelled' });
  assert.equal((await get(`products/${mug}`)).stock_quantity, 10);
  assert.equal((await get(`products/${shirt}/variations/${small.id}`)).stock_quantity, 6);
});

await test('delete an order', async () => {
  await remove(`orders/${order.id}`, { force: true });
  await refused(404, 'woocommerce_rest_shop_order_invalid_id', () => get(`orders/${order.id}`));
});

const listener = await ear();

await test('webhooks and a signed delivery', async () => {
  const { create: [made] } = await post('webhooks/batch', {
    create: [{ name: 'x', topic: 'product.updated', delivery_url: listener.url, secret: 'hush' }],
  });
  assert.equal(made.status, 'active');
  assert.equal(listener.heard[0].body.toString(), `webhook_id=${made.id}`);
  await put(`products/${mug}`, { stock_quantity: 77 });
  const delivery = await listener.wait('product.updated', (body) => body.stock_quantity === 77);
  const digest = createHmac('sha256', 'hush').update(delivery.body).digest('base64');
  assert.equal(delivery.headers['x-wc-webhook-signature'], digest);
  assert.equal(delivery.version, '1.0');
  assert.equal((await put(`webhooks/${made.id}`, { status: 'paused' })).status, 'paused');
  assert.deepEqual(ids(await get('webhooks', { status: 'paused' })), [made.id]);
  await remove(`webhooks/${made.id}`, { force: true });
});

await test('settings and data', async () => {
  assert.equal((await get('settings/products/woocommerce_manage_stock')).value, 'yes');
  assert.equal((await get('settings/general/woocommerce_currency')).value, 'USD');
  const answer = await post('settings/products/batch', { update: [{ id: 'woocommerce_weight_unit', value: 'g' }] });
  assert.equal(answer.update[0].value, 'g');
  assert.equal((await get('data/currencies/current')).code, 'USD');
  assert.equal((await get('system_status')).environment.wp_version, '6.8.12');
});

await test('no such route', async () => {
  await refused(404, 'rest_no_route', () => get('gadgets'));
});

await test('a wrong secret', async () => {
  const wrong = new WooCommerceRestApi({ url: lab.url, ...keys, consumerSecret: 'cs_wrong' });
  await refused(401, 'woocommerce_rest_authentication_error', () => get('products', { client: wrong }));
});

const pems = await selfsigned.generate([{ name: 'commonName', value: '127.0.0.1' }]);
const tls = await front(lab.url, pems);
const axiosConfig = { httpsAgent: new https.Agent({ rejectUnauthorized: false }) };

await test('over https with Basic keys', async () => {
  const secure = new WooCommerceRestApi({ url: tls.url, ...keys, axiosConfig });
  assert.equal((await get('products', { client: secure, per_page: 3 })).length, 3);
  assert.equal((await post('products', { name: 'TLS' }, { client: secure })).name, 'TLS');
});

await test('over https with keys in the query', async () => {
  const secure = new WooCommerceRestApi({ url: tls.url, ...keys, axiosConfig, queryStringAuth: true });
  assert.equal((await get('products', { client: secure })).length, 10);
});

listener.close();
tls.close();
if (process.env.EVIDENCE_DIR) {
  mkdirSync(process.env.EVIDENCE_DIR, { recursive: true });
  const evidence = {
    system: 'WooCommerce REST v3', kind: 'client', evidence: '@woocommerce/woocommerce-rest-api (npm)', version: '1.0.2',
    cases: done + failed, passed: done, calls: [...calls].sort(),
    differs: [{ what: 'the same as with the client from PyPI', why: 'both meet the same lab' }],
  };
  writeFileSync(join(process.env.EVIDENCE_DIR, 'woocommerce-node.json'), JSON.stringify(evidence, null, 2));
}
console.log(`${done} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
