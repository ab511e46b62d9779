// The plugin's promise by itself: each change exactly once per key, and only from the expected value.
'use strict';

const { equal, until } = require('../harness.cjs');

module.exports = async (cases, world) => {
    const { engine } = world;
    const { id } = await engine.variant('BLK-WOL-01');
    const now = await engine.available('BLK-WOL-01');
    const results = answer => answer.map(one => `${one.outcome} ${one.available}`);

    await cases.case('the same key twice changes once', async () => {
        const change = [{ variantId: id, expected: now, delta: 3 }];
        equal('first', results(await engine.adjust('exact-1', change)), [`DONE ${now + 3}`]);
        equal('again', results(await engine.adjust('exact-1', change)), [`DONE ${now + 3}`]);
        equal('stock', await engine.available('BLK-WOL-01'), now + 3);
    });

    await cases.case('a key is not taken for another change', async () => {
        const other = [{ variantId: id, expected: now + 3, delta: 5 }];
        equal('other', results(await engine.adjust('exact-1', other)), [`OTHER_CHANGE ${now + 3}`]);
    });

    await cases.case('another value than expected is refused, also when it is right later', async () => {
        const change = [{ variantId: id, expected: now, delta: -3 }];
        equal('stale', results(await engine.adjust('exact-2', change)), [`STALE ${now + 3}`]);
        equal('back', results(await engine.adjust('exact-3', [{ variantId: id, expected: now + 3, delta: -3 }])), [`DONE ${now}`]);
        equal('again', results(await engine.adjust('exact-2', change)), [`STALE ${now + 3}`]);
    });

    await cases.case('items of one call do not depend on each other', async () => {
        const { id: other } = await engine.variant('BRD-OAK-40');
        const there = await engine.available('BRD-OAK-40');
        const answer = await engine.adjust('exact-4', [
            { variantId: '999999', expected: 0, delta: 1 },
            { variantId: id, expected: now + 1, delta: 1 },
            { variantId: other, expected: there, delta: 0 },
        ]);
        equal('outcomes', results(answer), ['GONE null', `STALE ${now}`, `DONE ${there}`]);
    });

    await cases.case('sixteen calls at once under one key change once', async () => {
        const change = [{ variantId: id, expected: now, delta: 1 }];
        const answers = await Promise.all(Array.from({ length: 16 }, () => engine.adjust('exact-5', change)));
        equal('answers', new Set(answers.map(answer => results(answer)[0])).size, 1);
        equal('stock', await engine.available('BLK-WOL-01'), now + 1);
    });

    await cases.case('of eight keys that expect the same value one is done', async () => {
        const change = [{ variantId: id, expected: now + 1, delta: -1 }];
        const keys = Array.from({ length: 8 }, (_, at) => `exact-6-${at}`);
        const answers = await Promise.all(keys.map(key => engine.adjust(key, change)));
        const done = answers.filter(([answer]) => answer.outcome === 'DONE');
        equal('done', done.length, 1);
        equal('stock', await engine.available('BLK-WOL-01'), now);
    });

    await cases.case('keys outlive a restart of the engine', async () => {
        await world.stopEngine('SIGKILL');
        await world.startEngine();
        const change = [{ variantId: id, expected: now, delta: 3 }];
        equal('again', results(await engine.adjust('exact-1', change)), [`DONE ${now + 3}`]);
        equal('stock', await engine.available('BLK-WOL-01'), now);
    });

    await cases.case('changes that somebody else made through the plugin are folded', async () => {
        // The suite's own calls stand for nobody in the ledger; they ended where they began.
        await until('agreed', async () => (await world.row('BLK-WOL-01')).stock === now);
    });
};
