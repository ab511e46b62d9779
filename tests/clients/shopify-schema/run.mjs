#!/usr/bin/env node
// Holds every GraphQL document of the Shopify endpoint against each schema that Shopify's own package carries from the
// version spoken on, by graphql-js. Needs no lab.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/// Packages lie beside this file, in NODE_PATH, or where the suite was started.
function load(name, how = (require) => require(name)) {
  const places = [import.meta.url, join(process.cwd(), 'package.json')];
  for (const place of places) {
    try {
      return how(createRequire(place));
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND' || place === places.at(-1)) throw error;
    }
  }
}

const { buildClientSchema, parse, validate } = load('graphql');
const OLDEST = '2026-07';
const SPOKEN = '2026-10';

/// Of the folders above this file and where the suite was started, the one that holds the documents.
function documentFolder() {
  const below = 'src/stores/shopify/queries';
  for (const start of [dirname(fileURLToPath(import.meta.url)), process.cwd()]) {
    for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
      try {
        readdirSync(join(folder, below));
        return join(folder, below);
      } catch { /* further up */ }
    }
  }
  throw new Error(`${below} is nowhere above`);
}

/// The package opens nothing to `require`; its files lie beside those of graphql-js.
const modules = load('graphql', (require) => dirname(dirname(require.resolve('graphql'))));
const data = join(modules, '@shopify', 'dev-mcp', 'dist', 'data');
const versions = readdirSync(data)
  .map((name) => /^admin_(.+)\.json\.gz$/.exec(name)?.[1])
  .filter((version) => version !== undefined && (version >= OLDEST || version === 'unstable'))
  .sort();
if (!versions.includes(SPOKEN) || versions.length < 2) throw new Error(`only ${versions} are there`);

const folder = documentFolder();
const names = readdirSync(folder).filter((name) => name.endsWith('.graphql')).sort();
let passed = 0;
let failed = 0;
const say = (fine, words) => {
  if (fine) passed += 1;
  else failed += 1;
  console.log(`${fine ? 'ok' : 'not ok'} ${passed + failed} ${words}`);
};
for (const version of versions) {
  const { data: introspection } = JSON.parse(gunzipSync(readFileSync(join(data, `admin_${version}.json.gz`))));
  const schema = buildClientSchema(introspection);
  const errors = (text) => validate(schema, parse(text)).map(({ message }) => message);
  for (const name of names) {
    const text = readFileSync(join(folder, name), 'utf8');
    const wrong = errors(text);
    say(wrong.length === 0, `${version} ${name}${wrong.length ? `: ${wrong.join('; ')}` : ''}`);
    const at = text.indexOf('}');
    const planted = errors(`${text.slice(0, at)}shelfdPlanted ${text.slice(at)}`);
    say(planted.some((message) => message.includes('shelfdPlanted')), `${version} ${name} with a planted field is refused`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
if (process.env.EVIDENCE_DIR) {
  mkdirSync(process.env.EVIDENCE_DIR, { recursive: true });
  const evidence = {
    system: 'Shopify Admin GraphQL',
    kind: 'schema',
    evidence: '@shopify/dev-mcp 1.16.0, by graphql-js',
    version: versions.join(', '),
    cases: passed + failed,
    passed,
    calls: names.map((name) => name.replace('.graphql', '')),
    differs: [],
  };
  writeFileSync(join(process.env.EVIDENCE_DIR, 'shopify-schema-next.json'), `${JSON.stringify(evidence, null, 2)}\n`);
}
process.exitCode = failed === 0 ? 0 : 1;
