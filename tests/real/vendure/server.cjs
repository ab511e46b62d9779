// Boots a Vendure server on loopback with the printed plugin: the real engine that shelfd is tested on.
// Reads PORT, DB (SQLite file) and HOOK_URL, HOOK_SECRET; without HOOK_URL the plugin delivers nothing, and with
// NO_PLUGIN=1 it is not there at all.
'use strict';

const { existsSync } = require('node:fs');

const core = require('@vendure/core');
const { populateInitialData } = require('@vendure/core/cli');

const { ShelfdPlugin } = require('./build/shelfd.plugin.js');

const LOG_LEVEL = process.env.VERBOSE ? core.LogLevel.Info : core.LogLevel.Warn;

/** Settles at once, or authorises only: both ways in which an order takes stock. */
const payments = [
    { name: 'Settled', handler: { code: 'dummy-payment-handler', arguments: [{ name: 'automaticSettle', value: 'true' }] } },
    { name: 'Authorized', handler: { code: 'dummy-payment-handler', arguments: [{ name: 'automaticSettle', value: 'false' }] } },
];

const initialData = {
    defaultLanguage: 'en',
    defaultZone: 'Europe',
    countries: [{ name: 'Germany', code: 'DE', zone: 'Europe' }],
    taxRates: [{ name: 'Standard Tax', percentage: 19 }],
    shippingMethods: [{ name: 'Standard', price: 500 }],
    paymentMethods: payments,
    collections: [],
};

function config() {
    const { PORT, DB, HOOK_URL: url, HOOK_SECRET: secret, NO_PLUGIN, TOKENS } = process.env;
    const plugin = NO_PLUGIN ? [] : [ShelfdPlugin.init(url ? { url, secret } : {})];
    return {
        apiOptions: { port: Number(PORT), hostname: '127.0.0.1', adminApiPath: 'admin-api', shopApiPath: 'shop-api' },
        authOptions: {
            ...(TOKENS ? { tokenMethod: TOKENS.split(',') } : {}),
            superadminCredentials: { identifier: 'superadmin', password: 'superadmin' },
            cookieOptions: { secret: 'not-a-secret' },
        },
        dbConnectionOptions: { type: 'better-sqlite3', database: DB, synchronize: true, logging: false },
        paymentOptions: { paymentMethodHandlers: [core.dummyPaymentHandler] },
        logger: new core.DefaultLogger({ level: LOG_LEVEL }),
        plugins: plugin,
    };
}

async function main() {
    const isNew = !existsSync(process.env.DB);
    const app = await core.bootstrap(config());
    if (isNew) {
        await populateInitialData(app, initialData);
    }
    for (const signal of ['SIGTERM', 'SIGINT']) {
        process.on(signal, () => void app.close().then(() => process.exit(0)));
    }
    process.stdout.write('ready\n');
}

main().catch(error => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
});
