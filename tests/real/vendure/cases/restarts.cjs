// Shoppers everywhere, people at the sheet, and both programs killed in the middle: at the end not a unit is missing.
'use strict';

const { equal, sleep } = require('../harness.cjs');

const SKUS = ['TOT-NAT', 'TOT-RUS', 'CDL-BEE-10', 'NTB-DOT'];

/**
 * Sell in all three shops for a while. Orders whose fate is unknown, because the engine was killed under them, are told
 * apart by Vendure's own movements.
 */
async function storm(world, seconds, meanwhile) {
    const sold = Object.fromEntries(SKUS.map(sku => [sku, 0]));
    const end = Date.now() + seconds * 1000;
    let refused = 0;
    const shopper = async shop => {
        for (let round = 0; Date.now() < end; round++) {
            const sku = SKUS[round % SKUS.length];
            try {
                if (shop === 'vendure') {
                    await world.engine.buy({ [sku]: 1 });
                } else {
                    await world.control('POST', '/sell', { shop, sku, quantity: 1 });
                    sold[sku] += 1;
                }
            } catch {
                refused += 1;
                await sleep(100);
            }
            await sleep(150);
        }
    };
    await Promise.all([shopper('vendure'), shopper('shopify-lab'), shopper('woo-lab'), meanwhile?.()]);
    return { sold, refused };
}

/** Units that orders hold or took in Vendure, by its own history. */
async function taken(world) {
    const units = {};
    for (const sku of SKUS) {
        const { stockMovements } = await world.engine.variant(sku);
        const of = type => stockMovements.items.filter(item => item.type === type).reduce((sum, item) => sum + item.quantity, 0);
        units[sku] = of('ALLOCATION') - of('RELEASE') - of('CANCELLATION');
    }
    return units;
}

module.exports = async (cases, world) => {
    // A number of its own each time: one that was left a moment ago would wait for 45 s.
    let from = 200;
    const round = async (name, seconds, meanwhile) => {
        from += 100;
        await cases.case(name, async () => {
            for (const sku of SKUS) {
                await world.edit(sku, 'Stock', String(from));
            }
            for (const sku of SKUS) {
                await world.everywhere(sku, from, 30_000);
            }
            const before = await taken(world);
            const { sold } = await storm(world, seconds, meanwhile);
            const after = await taken(world);
            let units = 0;
            for (const sku of SKUS) {
                const here = after[sku] - before[sku];
                units += here + sold[sku];
                await world.everywhere(sku, from - sold[sku] - here, 60_000);
            }
            equal('something was sold', units > 20, true);
        });
    };
    await round('shoppers in three shops at once', 8);
    await round('shelfd is killed in the middle, twice', 10, async () => {
        for (const pause of [2500, 2500]) {
            await sleep(pause);
            await world.stopDaemon('SIGKILL');
            await sleep(400);
            await world.startDaemon();
        }
    });
    await round('Vendure is killed in the middle', 12, async () => {
        await sleep(3000);
        await world.stopEngine('SIGKILL');
        await sleep(1000);
        await world.startEngine();
    });
    await round('both are killed, and answers to stock writes are lost', 12, async () => {
        world.proxy.fault('AdjustStock', 'drop_after', 3);
        await sleep(2500);
        await Promise.all([world.stopEngine('SIGKILL'), world.stopDaemon('SIGKILL')]);
        await world.startEngine();
        await world.startDaemon();
    });
    await cases.case('orders that came while shelfd was away are seen at its start', async () => {
        const { stock } = await world.row('TWL-STR-3');
        await world.stopDaemon();
        await world.engine.buy({ 'TWL-STR-3': 2 });
        await world.edit('TWL-STR-3', 'Stock', String(stock + 10));
        await world.startDaemon();
        await world.everywhere('TWL-STR-3', stock + 8, 30_000);
    });
};
