/** Actions on other users and on the settings. Each reports its outcome in a toast. */

import { BussaError, ApiError, follow, followers, following, unfollow } from "../bussa.js";

export class UserActions {
    /**
     * @param {import("./engine.js").Engine} engine
     * @param {(key: string, values?: Record<string, string | number>) => void} showToast
     */
    constructor(engine, showToast) {
        /** @private */ this.engine = engine;
        /** @private */ this.showToast = showToast;
    }

    /** @param {string} peer */
    accept(peer) {
        return this.changeRelationship(peer, () => this.engine.client.accept(peer), { folder: "inbox" }, "toast.accepted");
    }

    /** @param {string} peer */
    decline(peer) {
        return this.changeRelationship(peer, () => this.engine.client.decline(peer), { folder: "declined" }, "toast.declined");
    }

    /** @param {string} peer @param {boolean} blocked */
    block(peer, blocked) {
        const { client } = this.engine;
        const request = () => (blocked ? client.block(peer) : client.unblock(peer));
        return this.changeRelationship(peer, request, { blocked }, blocked ? "toast.blocked" : "toast.unblocked");
    }

    /** @param {string} peer @param {boolean} muted */
    mute(peer, muted) {
        const { client } = this.engine;
        const request = () => (muted ? client.mute(peer) : client.unmute(peer));
        return this.changeRelationship(peer, request, { muted }, muted ? "toast.muted" : "toast.unmuted");
    }

    /**
     * @param {string} peer
     * @param {import("../sdk/frames.js").ReportReason} reason
     * @param {{n?: number, block?: boolean}} more
     */
    report(peer, reason, more) {
        const change = more.block ? { folder: "declined", blocked: true } : { folder: "declined" };
        return this.changeRelationship(peer, () => this.engine.client.report(peer, reason, more), change, "toast.reported");
    }

    /** @param {Partial<import("../sdk/frames.js").Settings>} change */
    settings(change) {
        return this.run(async () => {
            const settings = await this.engine.client.settings(change);
            this.engine.store.dispatch({ type: "settings", settings });
        }, "toast.saved");
    }

    /** @param {string} user @param {boolean} follows */
    follow(user, follows) {
        const { token } = this.engine.account;
        return this.run(
            async () => {
                await (follows ? follow : unfollow)(location.origin, token, user);
                this.engine.store.dispatch({ type: "followed", user, follows });
                this.engine.loadPerson(user);
            },
            follows ? "toast.followed" : "toast.unfollowed",
            user,
        );
    }

    /** Fetch the first or the next page of people. @param {"following" | "followers"} which @param {boolean} [more] */
    loadPeople(which, more = false) {
        const { store, account } = this.engine;
        const { next, loaded } = store.get().follows[which];
        if (more && loaded && next === null) return;
        this.engine.runOnce(`people ${which}`, async () => {
            const request = which === "following" ? following : followers;
            const page = await request(location.origin, account.token, { cursor: more ? next : null, limit: 200 });
            store.dispatch({ type: "follows", which, more, ...page });
        });
    }

    /**
     * Change the relationship to a peer. Own requests cause no event, so the store is updated here.
     *
     * @private
     * @param {string} peer
     * @param {() => Promise<void>} request
     * @param {Record<string, unknown>} change
     * @param {string} success
     */
    changeRelationship(peer, request, change, success) {
        return this.run(
            async () => {
                await request();
                const row = this.engine.store.get().rows.get(peer);
                const current = { folder: row?.folder ?? null, muted: row?.muted ?? false, blocked: row?.blocked ?? false };
                const folder = row?.last ? (change.folder ?? current.folder) : current.folder;
                this.engine.store.dispatch({ type: "conversation", peer, ...current, ...change, folder });
                this.engine.loadPerson(peer);
                if (change.blocked === false) this.engine.loadRow(peer); // The last message is visible again.
            },
            success,
            peer,
        );
    }

    /**
     * @private
     * @param {() => Promise<void>} request
     * @param {string} success
     * @param {string} [user]
     * @returns {Promise<boolean>}
     */
    async run(request, success, user = "") {
        const name = this.engine.store.get().people.get(user)?.name || user;
        try {
            await request();
            this.showToast(success, { name });
            return true;
        } catch (error) {
            if (!(error instanceof BussaError)) throw error;
            this.showToast(error instanceof ApiError ? `error.${error.code}` : "error.lost", { name });
            return false;
        }
    }
}
