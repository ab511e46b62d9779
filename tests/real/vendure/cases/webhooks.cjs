// Signed deliveries are taken, others are not; one that finds nobody is tried again.
'use strict';

const { createHmac } = require('node:crypto');

const { equal, until } = require('../harness.cjs');
const { NAME, SECRET } = require('../world.cjs');

function sign(id, seconds, body, secret = SECRET) {
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`;
}

module.exports = async (cases, world) => {
    const now = () => Math.floor(Date.now() / 1000);
    const post = async (id, seconds, signature, body) => {
        const headers = { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': signature };
        const answer = await fetch(`${world.listener}/webhooks/${NAME}`, { method: 'POST', headers, body });
        return answer.status;
    };
    const body = JSON.stringify({ type: 'shelfd.changed', data: { variants: ['1'], products: [] } });

    await cases.case('a delivery that is signed well is taken, also twice', async () => {
        const at = now();
        equal('first', await post('msg_t1', at, sign('msg_t1', at, body), body), 200);
        equal('again', await post('msg_t1', at, sign('msg_t1', at, body), body), 200);
    });

    await cases.case('forged, altered, old and unsigned ones are turned away', async () => {
        const at = now();
        const other = 'whsec_YW5vdGhlciBzZWNyZXQgb2YgMzIgYnl0ZXM=';
        equal('forged', await post('msg_t2', at, sign('msg_t2', at, body, other), body), 401);
        equal('altered', await post('msg_t2', at, sign('msg_t2', at, body), body.replace('1', '2')), 401);
        equal('another id', await post('msg_t3', at, sign('msg_t2', at, body), body), 401);
        const old = at - 3600;
        equal('old', await post('msg_t2', old, sign('msg_t2', old, body), body), 401);
        const bare = await fetch(`${world.listener}/webhooks/${NAME}`, { method: 'POST', body });
        equal('unsigned', bare.status >= 400, true);
    });

    await cases.case('a delivery that found nobody is tried again until somebody is there', async () => {
        const { stock } = await world.row('MUG-HAR-CHK');
        await world.stopDaemon();
        await world.engine.buy({ 'MUG-HAR-CHK': 1 });
        await until('tried', async () => world.log('engine').includes('word of changes not delivered'));
        await world.startDaemon();
        await world.everywhere('MUG-HAR-CHK', stock - 1, 30_000);
    });

    await cases.case('nothing of a customer reaches shelfd\'s log', async () => {
        equal('an address shows', /Hafen 1|@example\.com/.test(world.log('shelfd')), false);
    });

    await cases.case('at the end every row agrees and says so', async () => {
        const refused = new Set(['MUG-BIG']);
        for (const [key, { stock }] of await world.rows()) {
            if (key && !refused.has(key)) {
                await world.everywhere(key, stock);
                await until(`${key} is Synced`, async () => {
                    const { status, error } = await world.row(key);
                    return status === 'Synced' || [status, error];
                });
            }
        }
    });
};
