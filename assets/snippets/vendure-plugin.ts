/* src/plugins/shelfd.plugin.ts: for Vendure 3, stock that is changed exactly once, and word of what has changed.
 *
 * 1. Save this file under that name in your Vendure project (`shelfd webhooks snippet vendure --into PROJECT` does).
 * 2. In vendure-config.ts:
 *
 *        import { ShelfdPlugin } from './plugins/shelfd.plugin';
 *        plugins: [
 *            ShelfdPlugin.init({
 *                url: 'https://hooks.your-shop.example/webhooks/NAME',  // shelfd's listener; NAME as in its [[shops]]
 *                secret: process.env.SHELFD_WEBHOOK_SECRET,             // the webhook_secret of that table
 *            }),
 *            …
 *        ]
 *
 * 3. The plugin has one small table, so make a migration: npx vendure migrate (not needed with `synchronize: true`).
 *
 * It adds the query `shelfd` and the mutation `shelfdAdjustStock` to the Admin API, and nothing to the Shop API.
 */
import { createHmac, randomUUID } from 'node:crypto';

import { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import {
    Allow,
    ConfigService,
    Ctx,
    DeepPartial,
    EventBus,
    GlobalSettingsService,
    ID,
    Logger,
    Permission,
    PluginCommonModule,
    ProductEvent,
    ProductVariant,
    ProductVariantEvent,
    RequestContext,
    StockAdjustment,
    StockLevel,
    StockLevelService,
    StockLocation,
    StockMovementEvent,
    TransactionalConnection,
    Type,
    VendureEntity,
    VendurePlugin,
} from '@vendure/core';
import gql from 'graphql-tag';
import { Column, Entity, Index, IsNull, LessThan } from 'typeorm';

/** Raised when shelfd would notice a difference. */
const VERSION = 1;
/** shelfd repeats a call whose answer was lost for ten minutes; a week leaves room for clocks and for looking back. */
const KEYS_KEPT_MS = 7 * 24 * 3600 * 1000;
const FORGET_EVERY_MS = 3600 * 1000;
/** A sale or a fulfilment may fall between reading a level and changing it. */
const TRIES = 3;
/** Changes in quick succession make one message. */
const GATHER_MS = 100;
const IDS_PER_MESSAGE = 500;
/** As Standard Webhooks recommends. */
const KEY_MIN_BYTES = 24;
const ANSWER_WITHIN_MS = 10_000;
/** After the last try the message is dropped: it only cost time, because shelfd looks at everything now and then. */
const TRY_AGAIN_AFTER_MS = [1_000, 5_000, 30_000, 120_000, 600_000];

type Outcome = 'DONE' | 'STALE' | 'GONE' | 'UNTRACKED' | 'OTHER_CHANGE' | 'UNKNOWN';

interface Change {
    variantId: ID;
    expected: number;
    delta: number;
}

interface Result {
    variantId: ID;
    outcome: Outcome;
    available: number | null;
}

export interface ShelfdOptions {
    /** Where shelfd listens; without it nothing is sent. */
    url?: string;
    /** Base64, with or without whsec_ before it, as Standard Webhooks has it. */
    secret?: string;
}

/** What became of one change under one key. A key that was seen is answered with this and changes nothing more. */
@Entity()
@Index(['key', 'variant'], { unique: true })
export class ShelfdStockKey extends VendureEntity {
    constructor(input?: DeepPartial<ShelfdStockKey>) {
        super(input);
    }

    @Column({ type: 'varchar', length: 100 })
    key: string;

    @Column({ type: 'varchar', length: 64 })
    variant: string;

    /** Tells the call that wrote this row from another that came later. */
    @Column({ type: 'varchar', length: 36 })
    claim: string;

    @Column({ type: 'int' })
    expected: number;

    @Column({ type: 'int' })
    delta: number;

    @Column({ type: 'varchar', length: 16 })
    outcome: string;

    @Column({ type: 'int', nullable: true })
    available: number | null;
}

const schema = gql`
    "What shelfd asks before it trusts a shop."
    type ShelfdInfo {
        version: Int!
        "False when the table of keys is not there."
        ready: Boolean!
        "Where word of changes is sent; null when nothing is configured."
        deliversTo: String
    }

    enum ShelfdStockOutcome {
        DONE
        "Something else was available than expected; nothing was changed."
        STALE
        "There is no such variant in this channel."
        GONE
        "The stock of this variant is not tracked."
        UNTRACKED
        "This key was used for another change."
        OTHER_CHANGE
        "Not finished; ask again with the same key."
        UNKNOWN
    }

    input ShelfdStockChange {
        variantId: ID!
        "Units on hand and not allocated that must be there."
        expected: Int!
        "Units to add; negative to take away."
        delta: Int!
    }

    type ShelfdStockResult {
        variantId: ID!
        outcome: ShelfdStockOutcome!
        "Units on hand and not allocated right after the change."
        available: Int
    }

    extend type Query {
        shelfd: ShelfdInfo!
    }

    extend type Mutation {
        "Each change by itself, exactly once per key: in order, all or nothing is not promised."
        shelfdAdjustStock(
            key: String!
            stockLocationId: ID!
            changes: [ShelfdStockChange!]!
        ): [ShelfdStockResult!]!
    }
`;

@Resolver()
export class ShelfdResolver {
    private forgotAt = 0;

    constructor(
        private connection: TransactionalConnection,
        private stockLevels: StockLevelService,
        private settings: GlobalSettingsService,
        private eventBus: EventBus,
    ) {}

    @Query()
    @Allow(Permission.ReadCatalog, Permission.ReadProduct)
    async shelfd(@Ctx() ctx: RequestContext) {
        const keys = this.connection.getRepository(ctx, ShelfdStockKey);
        const ready = await keys.count().then(
            () => true,
            () => false,
        );
        return { version: VERSION, ready, deliversTo: ShelfdPlugin.options.url ?? null };
    }

    @Mutation()
    @Allow(Permission.UpdateCatalog, Permission.UpdateProduct)
    async shelfdAdjustStock(
        @Ctx() ctx: RequestContext,
        @Args() args: { key: string; stockLocationId: ID; changes: Change[] },
    ): Promise<Result[]> {
        await this.connection.getEntityOrThrow(ctx, StockLocation, args.stockLocationId, { channelId: ctx.channelId });
        await this.forgetOldKeys(ctx);
        const results: Result[] = [];
        for (const change of args.changes) {
            // A transaction for each, so that no two rows of stock are ever locked at once: orders lock them as well.
            try {
                results.push(
                    await this.connection.withTransaction(ctx, txCtx =>
                        this.once(txCtx, args.key, args.stockLocationId, change),
                    ),
                );
            } catch (error: any) {
                Logger.error(`variant ${change.variantId}: ${error?.message}`, 'shelfd', error?.stack);
                results.push({ variantId: change.variantId, outcome: 'UNKNOWN', available: null });
            }
        }
        return results;
    }

    /** Claim the key, and change the stock only if it was free. Both are committed together or not at all. */
    private async once(ctx: RequestContext, key: string, location: ID, change: Change): Promise<Result> {
        const keys = this.connection.getRepository(ctx, ShelfdStockKey);
        const { variantId, expected, delta } = change;
        const [variant, claim] = [String(variantId), randomUUID()];
        await keys
            .createQueryBuilder()
            .insert()
            .values({ key, variant, claim, expected, delta, outcome: 'UNKNOWN', available: null })
            .orIgnore()
            .updateEntity(false)
            .execute();
        const row = await keys.findOneByOrFail({ key, variant });
        if (row.claim !== claim) {
            const same = row.expected === expected && row.delta === delta;
            return { variantId, outcome: same ? (row.outcome as Outcome) : 'OTHER_CHANGE', available: row.available };
        }
        const { outcome, available } = await this.adjust(ctx, location, change);
        await keys.update(row.id, { outcome, available });
        return { variantId, outcome, available };
    }

    private async adjust(
        ctx: RequestContext,
        location: ID,
        { variantId, expected, delta }: Change,
    ): Promise<{ outcome: Outcome; available: number | null }> {
        const variant = await this.connection.getRepository(ctx, ProductVariant).findOne({
            where: { id: variantId, deletedAt: IsNull(), channels: { id: ctx.channelId } },
            loadEagerRelations: false,
        });
        if (!variant) {
            return { outcome: 'GONE', available: null };
        }
        const globally = (await this.settings.getSettings(ctx)).trackInventory;
        const own: string = variant.trackInventory;
        if (own === 'FALSE' || (own === 'INHERIT' && !globally)) {
            return { outcome: 'UNTRACKED', available: null };
        }
        const levels = this.connection.getRepository(ctx, StockLevel);
        let available = 0;
        for (let attempt = 0; attempt < TRIES; attempt++) {
            const { id, stockOnHand, stockAllocated } = await this.stockLevels.getStockLevel(ctx, variantId, location);
            available = stockOnHand - stockAllocated;
            if (available !== expected) {
                break;
            }
            if (delta === 0) {
                return { outcome: 'DONE', available };
            }
            // The database itself compares once more, so nothing that happens meanwhile is overwritten.
            const { affected } = await levels.increment({ id, stockOnHand, stockAllocated }, 'stockOnHand', delta);
            if (affected) {
                await this.record(ctx, variantId, location, delta);
                return { outcome: 'DONE', available: available + delta };
            }
        }
        return { outcome: 'STALE', available };
    }

    /** What Vendure itself does after a change by staff, so that the history and the search index are right. */
    private async record(ctx: RequestContext, variantId: ID, location: ID, quantity: number) {
        const adjustment = await this.connection.getRepository(ctx, StockAdjustment).save(
            new StockAdjustment({
                quantity,
                stockLocation: { id: location },
                productVariant: { id: variantId },
            }),
        );
        const event = new StockMovementEvent(ctx, [adjustment]);
        ShelfdPlugin.own.add(event);
        await this.eventBus.publish(event);
    }

    private async forgetOldKeys(ctx: RequestContext) {
        const now = Date.now();
        if (now - this.forgotAt > FORGET_EVERY_MS) {
            this.forgotAt = now;
            const old = new Date(now - KEYS_KEPT_MS);
            await this.connection.getRepository(ctx, ShelfdStockKey).delete({ createdAt: LessThan(old) });
        }
    }
}

@VendurePlugin({
    imports: [PluginCommonModule],
    entities: [ShelfdStockKey],
    adminApiExtensions: { schema, resolvers: [ShelfdResolver] },
    compatibility: '^3.0.0',
})
export class ShelfdPlugin implements OnApplicationBootstrap, OnApplicationShutdown {
    static options: ShelfdOptions = {};
    /** Events of shelfd's own writes, of which it need not be told. */
    static own = new WeakSet<StockMovementEvent>();

    private variants = new Set<string>();
    private products = new Set<string>();
    private timer?: NodeJS.Timeout;
    private sending = false;
    private stopped = false;

    static init(options: ShelfdOptions): Type<ShelfdPlugin> {
        if (options.url && keyOf(options.secret).length < KEY_MIN_BYTES) {
            throw new Error('ShelfdPlugin: secret must be base64 of 24 bytes or more, the webhook_secret of shelfd');
        }
        this.options = options;
        return ShelfdPlugin;
    }

    constructor(
        private eventBus: EventBus,
        private config: ConfigService,
    ) {}

    onApplicationBootstrap() {
        if (!ShelfdPlugin.options.url) {
            return;
        }
        this.eventBus.ofType(StockMovementEvent).subscribe(event => {
            if (!ShelfdPlugin.own.has(event)) {
                this.mention(this.variants, event.stockMovements.map(movement => movement.productVariant?.id));
            }
        });
        this.eventBus.ofType(ProductVariantEvent).subscribe(event => {
            this.mention(this.variants, event.entity.map(variant => variant.id));
        });
        this.eventBus.ofType(ProductEvent).subscribe(event => {
            this.mention(this.products, [event.entity.id]);
        });
    }

    onApplicationShutdown() {
        this.stopped = true;
        clearTimeout(this.timer);
    }

    private mention(into: Set<string>, ids: Array<ID | undefined>) {
        const strategy = this.config.entityOptions.entityIdStrategy ?? this.config.entityIdStrategy;
        for (const id of ids) {
            if (id != null) {
                into.add(String(strategy.encodeId(id as never)));
            }
        }
        this.wake();
    }

    private wake() {
        const waiting = this.variants.size + this.products.size > 0;
        if (waiting && !this.timer && !this.sending && !this.stopped) {
            this.timer = setTimeout(() => void this.flush(), GATHER_MS);
        }
    }

    /** Send what has gathered. Ids only: nothing of an order or a customer leaves the shop. */
    private async flush() {
        this.timer = undefined;
        this.sending = true;
        const data = { variants: take(this.variants), products: take(this.products) };
        const message = { type: 'shelfd.changed', timestamp: new Date().toISOString(), data };
        await this.send(`msg_${randomUUID()}`, JSON.stringify(message));
        this.sending = false;
        this.wake();
    }

    /** A repeated message keeps its id and is signed anew, because the signature covers the time. */
    private async send(id: string, body: string) {
        for (let attempt = 0; !this.stopped; attempt++) {
            const problem = await post(id, body);
            if (!problem) {
                return;
            }
            const pause = TRY_AGAIN_AFTER_MS[attempt];
            Logger.warn(`word of changes not delivered (${problem})${pause ? '' : '; given up'}`, 'shelfd');
            if (!pause) {
                return;
            }
            await new Promise(resolve => setTimeout(resolve, pause).unref());
        }
    }
}

function take(from: Set<string>): string[] {
    const some = [...from].slice(0, IDS_PER_MESSAGE);
    some.forEach(id => from.delete(id));
    return some;
}

function keyOf(secret = ''): Buffer {
    return Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
}

/** Signed by Standard Webhooks; answers with what went wrong, if something did. */
async function post(id: string, body: string): Promise<string | undefined> {
    const { url, secret } = ShelfdPlugin.options;
    const seconds = Math.floor(Date.now() / 1000).toString();
    const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${seconds}.${body}`).digest('base64');
    const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': seconds,
        'webhook-signature': `v1,${signature}`,
    };
    try {
        const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
        const answer = await fetch(url as string, { method: 'POST', headers, body, signal });
        return answer.ok ? undefined : `HTTP ${answer.status}`;
    } catch (error: any) {
        return error?.cause?.code ?? error?.message ?? 'no connection';
    }
}
