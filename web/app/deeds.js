/** What a user decides about people and about the own door: each says what happened, or that it did not. */

import { BussaError, RefusedError, follow, followers, following, unfollow } from "../bussa.js";

export class Deeds {
    /**
     * @param {import("./engine.js").Engine} engine
     * @param {(key: string, values?: Record<string, string | number>) => void} say
     */
    constructor(engine, say) {
        /** @private */ this.engine = engine;
        /** @private */ this.say = say;
    }

    /** @param {string} peer */
    accept(peer) {
        return this.side(peer, () => this.engine.me.accept(peer), { folder: "inbox" }, "said.accepted");
    }

    /** @param {string} peer */
    decline(peer) {
        return this.side(peer, () => this.engine.me.decline(peer), { folder: "declined" }, "said.declined");
    }

    /** @param {string} peer @param {boolean} blocked */
    block(peer, blocked) {
        const { me } = this.engine;
        const ask = () => (blocked ? me.block(peer) : me.unblock(peer));
        return this.side(peer, ask, { blocked }, blocked ? "said.blocked" : "said.unblocked");
    }

    /** @param {string} peer @param {boolean} muted */
    mute(peer, muted) {
        const { me } = this.engine;
        const ask = () => (muted ? me.mute(peer) : me.unmute(peer));
        return this.side(peer, ask, { muted }, muted ? "said.muted" : "said.unmuted");
    }

    /**
     * @param {string} peer
     * @param {import("../sdk/frames.js").Reason} reason
     * @param {{n?: number, block?: boolean}} more
     */
    report(peer, reason, more) {
        const change = more.block ? { folder: "declined", blocked: true } : { folder: "declined" };
        return this.side(peer, () => this.engine.me.report(peer, reason, more), change, "said.reported");
    }

    /** @param {Partial<import("../sdk/frames.js").Settings>} change */
    settings(change) {
        return this.tried(async () => {
            const settings = await this.engine.me.settings(change);
            this.engine.store.dispatch({ type: "settings", settings });
        }, "said.saved");
    }

    /** @param {string} user @param {boolean} follows */
    follow(user, follows) {
        const { token } = this.engine.account;
        return this.tried(
            async () => {
                await (follows ? follow : unfollow)(location.origin, token, user);
                this.engine.store.dispatch({ type: "followed", user, follows });
                this.engine.person(user);
            },
            follows ? "said.followed" : "said.unfollowed",
            user,
        );
    }

    /** A page of people: the first, or the next. @param {"following" | "followers"} which @param {boolean} [more] */
    people(which, more = false) {
        const { store, account } = this.engine;
        const { next, loaded } = store.get().follows[which];
        if (more && loaded && next === null) return;
        this.engine.quietly(`people ${which}`, async () => {
            const ask = which === "following" ? following : followers;
            const page = await ask(location.origin, account.token, { cursor: more ? next : null, limit: 200 });
            store.dispatch({ type: "follows", which, more, ...page });
        });
    }

    /**
     * Change how one stands to a peer. Own requests give no event, so the outcome is told here.
     *
     * @private
     * @param {string} peer
     * @param {() => Promise<void>} ask
     * @param {Record<string, unknown>} change
     * @param {string} done
     */
    side(peer, ask, change, done) {
        return this.tried(
            async () => {
                await ask();
                const row = this.engine.store.get().rows.get(peer);
                const side = { folder: row?.folder ?? null, muted: row?.muted ?? false, blocked: row?.blocked ?? false };
                const folder = row?.last ? (change.folder ?? side.folder) : side.folder;
                this.engine.store.dispatch({ type: "conversation", peer, ...side, ...change, folder });
                this.engine.person(peer);
                if (change.blocked === false) this.engine.row(peer); // What was hidden is shown again.
            },
            done,
            peer,
        );
    }

    /**
     * @private
     * @param {() => Promise<void>} ask
     * @param {string} done
     * @param {string} [user]
     * @returns {Promise<boolean>}
     */
    async tried(ask, done, user = "") {
        const name = this.engine.store.get().people.get(user)?.name || user;
        try {
            await ask();
            this.say(done, { name });
            return true;
        } catch (error) {
            if (!(error instanceof BussaError)) throw error;
            this.say(error instanceof RefusedError ? `error.${error.code}` : "error.lost", { name });
            return false;
        }
    }
}
