// Installing the plugin, what `shelfd check` says, and the first push of the catalog.
'use strict';

const { contains, equal } = require('../harness.cjs');
const { NAME } = require('../world.cjs');

module.exports = async (cases, world) => {
    await cases.case('the printed plugin compiles against the engine, strictly', async () => world.buildPlugin());
    await world.startEngine({ NO_PLUGIN: '1' });
    await world.startLab();

    await cases.case('check says that the plugin is missing', async () => {
        const { status, text } = await world.run('check');
        equal('exit code', status === 0, false);
        contains(text, '`shelfd webhooks snippet vendure` prints it');
        contains(text, 'logged in as superadmin');
    });

    await cases.case('check says that a password is wrong, and does not show it', async () => {
        world.writeConfig({ password: 'not-the-password' });
        const { text } = await world.run('check');
        contains(text, 'The provided credentials are invalid');
        equal('the password shows', text.includes('not-the-password'), false);
        world.writeConfig();
    });

    await cases.case('without the plugin products are made, and stock is not', async () => {
        await world.run('sync');
        const variants = await world.engine.variants();
        equal('variants', variants.size, 24);
        equal('stock', [...variants.values()].every(variant => variant.stockLevels[0].stockOnHand === 0), true);
    });

    await world.stopEngine();
    await world.startEngine();

    await cases.case('check is content with the plugin, and says where it delivers', async () => {
        const { status, text } = await world.run('check');
        contains(text, `delivers to ${world.listener}/webhooks/${NAME}`);
        contains(text, 'Default Stock Location (1); prices in USD');
        equal('exit code', status, 0);
    });

    await cases.case('webhooks register and list agree with the plugin', async () => {
        equal('register', (await world.run('webhooks', 'register', '--shop', NAME)).status, 0);
        contains((await world.run('webhooks', 'list', '--shop', NAME)).text, `/webhooks/${NAME}`);
        contains((await world.run('webhooks', 'remove', '--shop', NAME)).text, 'ShelfdPlugin.init');
    });

    await cases.case('with the plugin installed the same sync brings the stock', async () => {
        const { status, text } = await world.run('sync');
        equal(`exit code (${text})`, status, 0);
        const [variants, rows] = [await world.engine.variants(), await world.rows()];
        for (const [key, row] of rows) {
            const { stockOnHand, stockAllocated } = variants.get(key).stockLevels[0];
            equal(`stock of ${key}`, stockOnHand - stockAllocated, row.stock);
            equal(`status of ${key}`, row.status, 'Synced');
        }
    });

    await cases.case('prices are integers in minor units, in the channel\'s currency', async () => {
        const [variants, rows] = [await world.engine.variants(), await world.rows()];
        const wrong = [...rows].filter(([key, row]) => {
            const [price] = variants.get(key).prices;
            return price.currencyCode !== 'USD' || price.price !== Math.round(row.price * 100);
        });
        equal('wrong prices', wrong, []);
    });

    await cases.case('rows of one handle are one product with its options; simple products have none', async () => {
        const { products } = await world.engine.admin('AllProducts');
        equal('products', products.items.length, 13);
        const apron = products.items.find(product => product.slug === 'linen-apron');
        const groups = apron.optionGroups.map(group => [group.name, group.options.map(option => option.name).sort()]);
        equal('options', groups.sort(), [['Colour', ['Flax', 'Indigo']], ['Size', ['Long', 'Regular']]]);
        equal('variants', apron.variants.length, 4);
        const kettle = products.items.find(product => product.name === 'Enamel Kettle');
        equal('a simple product', [kettle.variants.length, kettle.optionGroups.length], [1, 0]);
        const variant = await world.engine.variant('APR-FLX-L');
        equal('name of a variant', variant.name, 'Linen Apron Flax Long');
    });

    await cases.case('stock arrived as adjustments that Vendure\'s history shows', async () => {
        const { stockMovements } = await world.engine.variant('TWL-STR-3');
        equal('movements', stockMovements.items, [{ type: 'ADJUSTMENT', quantity: 40 }]);
    });

    await cases.case('a second sync writes nothing', async () => {
        const writes = ['AdjustStock', 'UpdateVariants', 'UpdateProducts', 'CreateProduct', 'CreateVariants'];
        const count = () => writes.map(name => world.proxy.calls.get(name) ?? 0);
        const before = count();
        equal('exit code', (await world.run('sync')).status, 0);
        equal('writes', count(), before);
    });

    await cases.case('a server that takes cookies alone will do', async () => {
        await world.stopEngine();
        await world.startEngine({ TOKENS: 'cookie' });
        const { status, text } = await world.run('check');
        equal(`exit code (${text})`, status, 0);
    });
    await world.stopEngine();
    await world.startEngine();
};
