#!/usr/bin/env node
// Drives the lab's Shopify shop with Shopify's own libraries, and has its webhooks checked by their validator.
import { strict as assert } from 'node:assert';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { catalogCases } from './catalog.mjs';
import { faultCases } from './faults.mjs';
import { inventoryCases } from './inventory.mjs';
import { webhookCases } from './webhooks.mjs';

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

load('@shopify/shopify-api/adapters/node');
const { shopifyApi, LogSeverity } = load('@shopify/shopify-api');
const { setAbstractFetchFunc } = load('@shopify/shopify-api/runtime');
const { createAdminApiClient } = load('@shopify/admin-api-client');

const lab = JSON.parse(process.env.LAB);
const shop = lab.shopify;

/// Calls to the shop's own domain go to the lab.
const toLab = (url, init) => fetch(String(url).replace(`https://${shop.domain}`, shop.url), init);
setAbstractFetchFunc(toLab);

const shopify = shopifyApi({
  apiKey: shop.client_id,
  apiSecretKey: shop.client_secret,
  apiVersion: '2026-07',
  hostName: 'shelfd.example',
  scopes: ['write_products', 'write_inventory', 'read_orders', 'read_locations'],
  isEmbeddedApp: false,
  isTesting: true,
  logger: { level: LogSeverity.Error, log: () => {} },
});

const calls = new Set();

/// Root fields of a document, for the report.
function note(document) {
  const body = document.slice(document.indexOf('{') + 1);
  let depth = 0;
  for (const [token] of body.matchAll(/[{}()]|\w+:?/g)) {
    if ('{('.includes(token)) depth += 1;
    else if ('})'.includes(token)) depth -= 1;
    else if (depth === 0 && !token.endsWith(':') && !['idempotent', 'query', 'mutation'].includes(token)) calls.add(token);
  }
}

async function control(path, body, method = 'POST') {
  const init = { method, headers: { 'content-type': 'application/json' } };
  if (body !== undefined) init.body = JSON.stringify(body);
  const response = await fetch(`${lab.control}${path}`, init);
  assert.ok(response.ok, `${path}: ${response.status}`);
  return response.json();
}

let session;
const world = {
  assert,
  calls,
  control,
  lab,
  shop,
  shopify,
  /// A session by the client-credentials grant.
  async login() {
    calls.add('oauth/access_token');
    ({ session } = await shopify.auth.clientCredentials({ shop: shop.domain }));
    return session;
  },
  /// A call through `@shopify/shopify-api`; throws its errors.
  async request(document, variables, options = {}) {
    note(document);
    const client = new shopify.clients.Graphql({ session });
    return client.request(document, { variables, ...options });
  },
  /// A call through `@shopify/admin-api-client` with the newest version; gives errors back.
  async admin(document, variables, accessToken = shop.token) {
    note(document);
    const client = createAdminApiClient({
      storeDomain: shop.domain,
      apiVersion: '2026-10',
      accessToken,
      customFetchApi: toLab,
    });
    return client.request(document, { variables });
  },
  /// The data of such a call that must not fail.
  async data(document, variables) {
    const { data, errors } = await world.admin(document, variables);
    assert.equal(errors, undefined, JSON.stringify(errors));
    return data;
  },
};

const cases = [...catalogCases, ...inventoryCases, ...webhookCases, ...faultCases];
let passed = 0;
let failed = 0;
for (const [name, run] of cases) {
  try {
    await run(world);
    passed += 1;
    console.log(`ok ${passed + failed} ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${passed + failed} ${name}\n  ${String(error.stack ?? error).split('\n').slice(0, 6).join('\n  ')}`);
  }
}
await world.receiver?.close();
console.log(`${passed} passed, ${failed} failed`);
if (process.env.EVIDENCE_DIR) {
  const { dependencies } = load('./package.json');
  const version = dependencies['@shopify/shopify-api'];
  mkdirSync(process.env.EVIDENCE_DIR, { recursive: true });
  const evidence = {
    system: 'Shopify Admin GraphQL and webhooks',
    kind: 'client',
    evidence: '@shopify/shopify-api and @shopify/admin-api-client',
    version: `${version} and ${dependencies['@shopify/admin-api-client']}`,
    cases: cases.length,
    passed,
    calls: [...calls].sort(),
    differs: [
      { what: 'webhook addresses: plain HTTP to this machine is accepted', why: 'the lab has to reach a listener beside it' },
      { what: 'a subscription with the format XML gets JSON', why: 'shelfd reads JSON only' },
      { what: 'the removal of an app sends no app/uninstalled', why: 'its subscriptions go at once' },
    ],
  };
  writeFileSync(join(process.env.EVIDENCE_DIR, 'shopify-api.json'), `${JSON.stringify(evidence, null, 2)}\n`);
}
process.exitCode = failed === 0 ? 0 : 1;
